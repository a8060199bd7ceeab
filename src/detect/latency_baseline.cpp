#include "detect/latency_baseline.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {
constexpr int kRingMinutes = 75;
constexpr double kLongWeight = 1.0 / 24;
constexpr int kFarBins = 34;  // twice the p99 limit
constexpr std::array<double, 3> kShare = {0.1, 0.01, 0.01};
constexpr std::array<double, 3> kLeastAbove = {2.5, 2.5, 0.3};
constexpr int kNoLimit = LatencyLimits::kNone;
}  // namespace

LatencyBaseline::LatencyBaseline(Grid grid)
    : newest_(static_cast<std::size_t>(grid.slices(kMinutes))),
      ring_(static_cast<std::size_t>(grid.slices(kRingMinutes))) {}

void LatencyBaseline::fade() {
  const double keep = std::exp(-300.0 / 86400.0);
  for (double& v : long_) v *= keep;
  long_total_ *= keep;
}

void LatencyBaseline::add_short(std::span<const std::uint8_t> packed) {
  each_from_top(packed, [&](int bin, std::uint64_t n) {
    short_[static_cast<std::size_t>(bin)] += static_cast<std::uint32_t>(n);
    short_total_ += n;
    return true;
  });
}

void LatencyBaseline::take_short(std::span<const std::uint8_t> packed) {
  each_from_top(packed, [&](int bin, std::uint64_t n) {
    short_[static_cast<std::size_t>(bin)] -= static_cast<std::uint32_t>(n);
    short_total_ -= n;
    return true;
  });
}

void LatencyBaseline::add_long(std::span<const std::uint8_t> packed) {
  each_from_top(packed, [&](int bin, std::uint64_t n) {
    long_[static_cast<std::size_t>(bin)] += static_cast<double>(n);
    long_total_ += static_cast<double>(n);
    return true;
  });
  ++long_count_;
}

void LatencyBaseline::admit(const LatencySlices& slices, std::int64_t s) {
  if (ring_.full()) add_long(slices.packed(ring_[0]));
  if (full()) take_short(slices.packed(ring_.newest(newest_ - 1)));
  ring_.push(s);
  add_short(slices.packed(s));
}

void LatencyBaseline::amend(const LatencySlices& slices, std::int64_t s, const model::LatencyHistogram& now) {
  for (std::size_t i = 0; i < this->slices(); ++i) {
    if (ring_.newest(i) != s) continue;
    take_short(slices.packed(s));
    for (const auto& bin : now.bins()) {
      short_[bin.index] += bin.count;
      short_total_ += bin.count;
    }
  }
}

void LatencyBaseline::clear() {
  ring_.clear();
  short_.fill(0);
  long_.fill(0);
  short_total_ = 0;
  long_total_ = 0;
  long_count_ = 0;
}

void LatencyBaseline::learn_again(const LatencySlices& slices, std::int64_t s) {
  ring_.push(s);
  const auto packed = slices.packed(s);
  add_short(packed);
  add_long(packed);
}

LatencyLimits LatencyBaseline::limits() const {
  LatencyLimits out;
  const double long_weight = long_total_ > static_cast<double>(short_total_) ? kLongWeight : 0;
  const double all = static_cast<double>(short_total_) + long_total_ * long_weight;
  const bool hour = long_total_ > 100;
  double above = 0;        // of short and weighted long
  double short_above = 0;  // of each alone
  double long_above = 0;
  int p99_bin = kNoLimit;  // also where it is too thin to be a channel of its own
  bool searching = true;
  for (int bin = model::kBins - 1; bin >= 0 && searching; --bin) {
    const auto b = static_cast<std::size_t>(bin);
    if (short_[b] == 0 && long_[b] == 0) continue;  // nothing new above: most bins are empty
    short_above += short_[b];
    long_above += long_[b];
    above = short_above + long_above * long_weight;
    searching = false;
    for (std::size_t c = 0; c < 2; ++c) {
      int& limit = c == kP99 ? p99_bin : out.bin[kP90];
      if (limit == kNoLimit && all > 0 && above >= kShare[c] * all) {
        limit = bin;
        out.base[c] = bin;
        out.short_above[c] = short_above;
        out.long_above[c] = long_above;
      }
      if (hour && out.hour_bin[c] == kNoLimit && long_above >= kShare[c] * long_total_) {
        out.hour_bin[c] = bin;
        out.hour_above[c] = long_above;
      }
      searching = searching || limit == kNoLimit || (hour && out.hour_bin[c] == kNoLimit);
    }
  }
  if (p99_bin != kNoLimit) {
    out.base[kFar] = p99_bin;
    out.bin[kFar] = std::min(kNoLimit, p99_bin + kFarBins);
    for (int bin = out.bin[kFar]; bin < model::kBins; ++bin) {
      out.short_above[kFar] += short_[static_cast<std::size_t>(bin)];
      out.long_above[kFar] += long_[static_cast<std::size_t>(bin)];
    }
  }
  out.bin[kP99] = p99_bin;
  for (std::size_t c = 0; c < 3; ++c) {
    if (kShare[c] * all < kLeastAbove[c]) out.bin[c] = kNoLimit;
    if (c < 2 && kShare[c] * long_total_ < 5) out.hour_bin[c] = kNoLimit;
  }
  return out;
}

LatencyBaseline::Before LatencyBaseline::before(const LatencySlices& slices, const LatencyLimits& limits,
                                                std::int64_t end) const {
  Before out;
  out.requests = static_cast<double>(short_total_);
  out.above = limits.short_above;
  const std::size_t size = ring_.size();
  std::size_t newer = 0;
  while (newer < size && ring_.newest(newer) > end) ++newer;
  const std::size_t stop = std::min(size, newest_ + newer);
  out.slices = static_cast<int>(stop - newer);
  const int lowest = *std::min_element(limits.bin.begin(), limits.bin.end());
  std::size_t r = 0;  // both lists fall: one walk finds the ring's entries
  const auto visit = [&](const LatencySlices::Entry& entry, std::span<const std::uint8_t> packed) {
    while (r < stop && ring_.newest(r) > entry.slice) ++r;
    if (r >= stop || ring_.newest(r) != entry.slice) return;
    const bool counted = r < newest_;
    const bool belongs = r >= newer;
    if (counted == belongs) return;
    const double sign = belongs ? 1 : -1;
    out.requests += sign * static_cast<double>(entry.total);
    each_from_top(packed, [&](int bin, std::uint64_t n) {
      if (bin < lowest) return false;
      for (std::size_t c = 0; c < 3; ++c)
        out.above[c] += bin >= limits.bin[c] ? sign * static_cast<double>(n) : 0;
      return true;
    });
  };
  slices.newest_to_oldest(slices.size(), visit);
  return out;
}

}  // namespace sentinel::detect
