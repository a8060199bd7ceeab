// What is normal for the latency of one service: the histogram of the newest 55 admitted minutes, and of what
// was admitted before them with a memory of one day. Its limits say from which bin up a request is slow. A
// fold over the slices that the scorer admits; docs/detection.md, "Latency". Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "detect/grid.hpp"
#include "detect/latency_slices.hpp"
#include "detect/ring_buffer.hpp"

namespace sentinel::detect {

enum LatencyChannel : std::uint8_t { kP90 = 0, kP99 = 1, kFar = 2 };

// The bins at and above which a request is slow, by channel, and what the histograms hold there.
struct LatencyLimits {
  static constexpr int kNone = model::kBins;  // too few requests for this channel
  std::array<int, 3> bin{kNone, kNone, kNone};
  std::array<int, 3> base{};  // the bin of the normal quantile (far: before doubling)
  std::array<double, 3> short_above{};
  std::array<double, 3> long_above{};
  std::array<int, 2> hour_bin{kNone, kNone};  // p90 and p99 of the day alone
  std::array<double, 2> hour_above{};
};

class LatencyBaseline {
 public:
  static constexpr int kMinutes = 55;  // of the short histogram

  explicit LatencyBaseline(Grid grid);

  // Five minutes have passed for the day's memory.
  void fade();
  // `s` is normal: it joins the short histogram, and what leaves the ring joins the day's. `slices` must hold
  // all that ring() names.
  void admit(const LatencySlices& slices, std::int64_t s);
  // An admitted slice (or another: nothing happens) is now `now` and was as `slices` still holds it.
  void amend(const LatencySlices& slices, std::int64_t s, const model::LatencyHistogram& now);
  // Forgets everything; then the slices of a new normal, oldest first.
  void clear();
  void learn_again(const LatencySlices& slices, std::int64_t s);

  LatencyLimits limits() const;
  // The admitted slices by rising index, 75 admitted minutes at most: a baseline older than a window needs
  // more than the short histogram holds.
  const RingBuffer<std::int64_t>& ring() const { return ring_; }
  // Those in the short histogram.
  std::size_t slices() const { return std::min(ring_.size(), newest_); }
  bool full() const { return ring_.size() >= newest_; }  // the short histogram
  std::uint64_t requests() const { return short_total_; }
  // Requests and slices of the day's memory; the requests fade.
  double day_requests() const { return long_total_; }
  std::int64_t day_slices() const { return long_count_; }

  // The short histogram as it was before a window: without slices newer than `end`, and with as many older
  // ones.
  struct Before {
    std::array<double, 3> above{};
    double requests = 0;
    int slices = 0;
  };
  Before before(const LatencySlices& slices, const LatencyLimits& limits, std::int64_t end) const;

  std::size_t bytes() const { return ring_.capacity() * sizeof(std::int64_t); }  // beyond the object itself

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.ring_, self.short_, self.short_total_, self.long_, self.long_total_, self.long_count_);
  }

 private:
  void add_short(std::span<const std::uint8_t> packed);
  void take_short(std::span<const std::uint8_t> packed);
  void add_long(std::span<const std::uint8_t> packed);

  std::size_t newest_;  // slices in the short histogram, at most
  RingBuffer<std::int64_t> ring_;
  std::array<std::uint32_t, model::kBins> short_{};
  std::uint64_t short_total_ = 0;
  std::array<double, model::kBins> long_{};
  double long_total_ = 0;
  std::int64_t long_count_ = 0;
};

}  // namespace sentinel::detect
