// The latency histograms of a service's last slices, packed: for each bin from the slowest down, the distance
// to the bin above and the count as variable-length integers, two bytes per used bin as a rule. Counting from
// the top decodes only what is slower than the limit.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "model/slice.hpp"

namespace sentinel::detect {

class LatencySlices {
 public:
  struct Entry {
    std::int64_t slice = 0;
    std::uint64_t total = 0;   // requests
    std::uint32_t length = 0;  // bytes
    bool flagged = false;
    bool known = true;

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.slice, self.length, self.total, self.flagged, self.known);
    }
  };

  void push(std::int64_t slice, const model::LatencyHistogram& histogram, bool known);
  // The slice's bins become those of `histogram`; nothing when it is not held.
  void replace(std::int64_t slice, const model::LatencyHistogram& histogram, bool known);
  // Entries by rising slice.
  std::size_t size() const { return entries_.size(); }
  const Entry& operator[](std::size_t i) const { return entries_[i]; }
  const Entry& newest(std::size_t i = 0) const { return entries_[entries_.size() - 1 - i]; }
  void set_flagged(std::size_t i_newest, bool flagged) {
    entries_[entries_.size() - 1 - i_newest].flagged = flagged;
  }
  // Drops the entries for which keep(entry) is false.
  template <class Keep>
  void retain(Keep keep) {
    std::size_t to = 0;
    std::size_t from_byte = 0;
    std::size_t to_byte = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry entry = entries_[i];
      if (keep(entry)) {
        if (to_byte != from_byte && entry.length > 0)
          std::memmove(bytes_.data() + to_byte, bytes_.data() + from_byte, entry.length);
        to_byte += entry.length;
        entries_[to++] = entry;
      }
      from_byte += entry.length;
    }
    entries_.resize(to);
    bytes_.resize(to_byte);
    if (bytes_.capacity() > bytes_.size() + bytes_.size() / 4) tighten();
  }

  // Calls visit(bin, count) from the slowest bin down until it returns false. Cursor: walks newest to oldest.
  template <class Visit>
  void newest_to_oldest(std::size_t count, Visit visit) const {
    std::size_t end = bytes_.size();
    for (std::size_t i = 0; i < count && i < entries_.size(); ++i) {
      const Entry& entry = newest(i);
      end -= entry.length;
      visit(entry, std::span(bytes_).subspan(end, entry.length));
    }
  }
  // The packed bins of one slice; empty when it is not here.
  std::span<const std::uint8_t> packed(std::int64_t slice) const;

  std::size_t bytes() const { return entries_.capacity() * sizeof(Entry) + bytes_.capacity(); }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.entries_, self.bytes_);
    if constexpr (Archive::kReads) {
      if (!self.is_consistent()) archive.refuse("packed latency bins that do not decode");
    }
  }

 private:
  bool is_consistent() const;
  static void pack(const model::LatencyHistogram& histogram, std::vector<std::uint8_t>& out);
  // Growth by doubling would waste up to half of the largest part of a service's state.
  void tighten();
  std::vector<Entry> entries_;
  std::vector<std::uint8_t> bytes_;
};

// Decodes packed bins from the slowest down until visit(bin, count) returns false.
template <class Visit>
void each_from_top(std::span<const std::uint8_t> packed, Visit visit) {
  const auto number = [&packed] {
    std::uint64_t value = 0;
    for (int shift = 0; !packed.empty() && shift < 64; shift += 7) {
      const std::uint8_t byte = packed.front();
      packed = packed.subspan(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) break;
    }
    return value;
  };
  int bin = model::kBins;
  while (!packed.empty()) {
    bin -= static_cast<int>(number());
    const auto count = number();
    if (!visit(bin, count)) return;
  }
}

}  // namespace sentinel::detect
