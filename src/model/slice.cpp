#include "model/slice.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::model {

int latency_bin(double ms) {
  if (!(ms > 1.0)) return 0;
  const double bin = std::floor(std::log(ms) / kBinWidth);
  return bin >= kBins - 1 ? kBins - 1 : static_cast<int>(bin);
}

double bin_lower_ms(int bin) { return std::exp(kBinWidth * bin); }
double bin_middle_ms(int bin) { return std::exp(kBinWidth * (bin + 0.5)); }

void LatencyHistogram::add(int bin, std::uint32_t count) {
  if (count == 0) return;
  const auto index = static_cast<std::uint16_t>(std::clamp(bin, 0, kBins - 1));
  const auto at = std::lower_bound(bins_.begin(), bins_.end(), index,
                                   [](const Bin& b, std::uint16_t i) { return b.index < i; });
  if (at != bins_.end() && at->index == index) {
    at->count += count;
  } else {
    bins_.insert(at, Bin{index, count});
  }
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  if (other.bins_.empty()) return;
  std::vector<Bin> merged;
  merged.reserve(bins_.size() + other.bins_.size());
  auto a = bins_.begin();
  auto b = other.bins_.begin();
  while (a != bins_.end() || b != other.bins_.end()) {
    if (b == other.bins_.end() || (a != bins_.end() && a->index < b->index)) {
      merged.push_back(*a++);
    } else if (a == bins_.end() || b->index < a->index) {
      merged.push_back(*b++);
    } else {
      merged.push_back({a->index, a->count + b->count});
      ++a;
      ++b;
    }
  }
  bins_ = std::move(merged);
}

std::uint64_t LatencyHistogram::total() const {
  std::uint64_t sum = 0;
  for (const Bin& bin : bins_) sum += bin.count;
  return sum;
}

std::uint64_t LatencyHistogram::at_or_above(int bin) const {
  std::uint64_t sum = 0;
  for (auto it = bins_.rbegin(); it != bins_.rend() && it->index >= bin; ++it) sum += it->count;
  return sum;
}

std::optional<double> LatencyHistogram::quantile_ms(double q) const {
  const std::uint64_t n = total();
  if (n == 0) return std::nullopt;
  const double rank = static_cast<double>(n - 1) * (1.0 - std::clamp(q, 0.0, 1.0));
  const double whole = std::floor(rank);
  const double part = rank - whole;
  // Logarithm of the middle of the bin that holds the i-th largest value, i from 1.
  const auto log_of_rank = [&](std::uint64_t i) {
    std::uint64_t seen = 0;
    for (auto it = bins_.rbegin(); it != bins_.rend(); ++it) {
      seen += it->count;
      if (seen >= i) return kBinWidth * (it->index + 0.5);
    }
    return kBinWidth * (bins_.front().index + 0.5);
  };
  const auto j = static_cast<std::uint64_t>(whole);
  const double low = log_of_rank(j + 1);
  const double high = part > 0 ? log_of_rank(std::min(j + 2, n)) : low;
  return std::exp((1.0 - part) * low + part * high);
}

void Slice::merge(const Slice& other) {
  start = std::min(start, other.start);
  docs += other.docs;
  errors += other.errors;
  latency.merge(other.latency);
}

}  // namespace sentinel::model
