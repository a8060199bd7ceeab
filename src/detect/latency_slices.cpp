#include "detect/latency_slices.hpp"

#include <algorithm>

namespace sentinel::detect {

void LatencySlices::pack(const model::LatencyHistogram& histogram, std::vector<std::uint8_t>& out) {
  const auto number = [&out](std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
    out.push_back(static_cast<std::uint8_t>(value));
  };
  int above = model::kBins;
  for (auto it = histogram.bins().rbegin(); it != histogram.bins().rend(); ++it) {
    number(static_cast<std::uint64_t>(above - it->index));
    number(it->count);
    above = it->index;
  }
}

void LatencySlices::push(std::int64_t slice, const model::LatencyHistogram& histogram, bool known) {
  const std::size_t before = bytes_.size();
  pack(histogram, bytes_);
  Entry entry;
  entry.slice = slice;
  entry.length = static_cast<std::uint32_t>(bytes_.size() - before);
  entry.total = histogram.total();
  entry.known = known;
  entries_.push_back(entry);
}

void LatencySlices::replace(std::int64_t slice, const model::LatencyHistogram& histogram, bool known) {
  std::size_t start = 0;
  for (Entry& entry : entries_) {
    if (entry.slice != slice) {
      start += entry.length;
      continue;
    }
    std::vector<std::uint8_t> packed;
    pack(histogram, packed);
    std::vector<std::uint8_t> all;
    all.reserve(bytes_.size() - entry.length + packed.size());
    const auto at = bytes_.begin() + static_cast<std::ptrdiff_t>(start);
    all.insert(all.end(), bytes_.begin(), at);
    all.insert(all.end(), packed.begin(), packed.end());
    all.insert(all.end(), at + static_cast<std::ptrdiff_t>(entry.length), bytes_.end());
    bytes_ = std::move(all);
    entry.length = static_cast<std::uint32_t>(packed.size());
    entry.total = histogram.total();
    entry.known = known;
    return;
  }
}

void LatencySlices::tighten() {
  std::vector<std::uint8_t> tight;
  tight.reserve(bytes_.size() + bytes_.size() / 8);
  tight.assign(bytes_.begin(), bytes_.end());
  bytes_ = std::move(tight);
  std::vector<Entry> entries;
  entries.reserve(entries_.size() + entries_.size() / 8);
  entries.assign(entries_.begin(), entries_.end());
  entries_ = std::move(entries);
}

std::span<const std::uint8_t> LatencySlices::packed(std::int64_t slice) const {
  if (entries_.empty()) return {};
  const auto bytes = std::span(bytes_);
  if (slice - entries_.front().slice > entries_.back().slice - slice) {  // nearer to the end
    std::size_t end = bytes_.size();
    for (auto entry = entries_.rbegin(); entry != entries_.rend() && entry->slice >= slice; ++entry) {
      end -= entry->length;
      if (entry->slice == slice) return bytes.subspan(end, entry->length);
    }
    return {};
  }
  std::size_t start = 0;
  for (auto entry = entries_.begin(); entry != entries_.end() && entry->slice <= slice; ++entry) {
    if (entry->slice == slice) return bytes.subspan(start, entry->length);
    start += entry->length;
  }
  return {};
}

// Every slice's bytes are whole pairs with bins in range and its total: holds for what push() made, checked
// for what came from a file.
bool LatencySlices::is_consistent() const {
  std::size_t at = 0;
  std::int64_t last = INT64_MIN;
  for (const Entry& entry : entries_) {
    if (entry.length > bytes_.size() - at || entry.slice <= last) return false;
    last = entry.slice;
    const auto packed = std::span(bytes_).subspan(at, entry.length);
    if (!packed.empty() && (packed.back() & 0x80) != 0) return false;
    std::uint64_t total = 0;
    int above = model::kBins;
    bool in_range = true;
    each_from_top(packed, [&](int bin, std::uint64_t count) {
      in_range = in_range && bin >= 0 && bin < above && count > 0;
      above = bin;
      total += count;
      return in_range;
    });
    if (!in_range || total != entry.total) return false;
    at += entry.length;
  }
  return at == bytes_.size();
}

}  // namespace sentinel::detect
