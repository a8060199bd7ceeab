#include "correlate/shift.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::correlate {
namespace {

// Below a tenth of a millisecond clocks and schedulers decide, not the service.
constexpr double kFloorMs = 0.1;
// Two equal machines differ by this much for no reason.
constexpr double kOrdinaryLogDeviation = 0.1;
// Least spread of one sample: a baseline of three equal samples proves nothing.
constexpr double kLeastSampleVariance = 0.3 * 0.3;
// More operations than this are names with ids in them; the rest is pooled.
constexpr std::size_t kMaxOperations = 300;

}  // namespace

void ShiftMeter::Moments::add(double ms, double count) {
  const double l = std::log(std::max(ms, kFloorMs));
  n += count;
  sum += count * ms;
  sum_log += count * l;
  sum_log2 += count * l * l;
}

void ShiftMeter::add(std::string_view operation, double ms, bool during) {
  auto it = operations_.find(operation);
  if (it == operations_.end()) {
    const std::string_view key = operations_.size() < kMaxOperations ? operation : std::string_view("*");
    it = operations_.try_emplace(std::string(key)).first;
  }
  (during ? it->second.during : it->second.before).add(ms, 1);
}

void ShiftMeter::add(const model::LatencyHistogram& histogram, bool during) {
  Operation& all = operations_[""];
  for (const auto& bin : histogram.bins())
    (during ? all.during : all.before).add(model::bin_middle_ms(bin.index), bin.count);
}

Shift ShiftMeter::measure(double min_before) const {
  Shift shift;
  double weighted = 0;
  double variance = 0;
  double sum = 0;
  double expected = 0;
  for (const auto& [name, op] : operations_) {
    const Moments& b = op.before;
    const Moments& d = op.during;
    if (d.n == 0 || b.n < min_before) continue;
    const double mean_b = b.sum_log / b.n;
    const double mean_d = d.sum_log / d.n;
    const double spread = std::max(b.sum_log2 / b.n - mean_b * mean_b, kLeastSampleVariance);
    weighted += d.n * (mean_d - mean_b);
    variance += d.n * d.n * spread * (1 / d.n + 1 / b.n);
    shift.n += d.n;
    shift.n_before += b.n;
    sum += d.sum;
    expected += d.n * b.sum / b.n;
  }
  if (shift.n == 0) return shift;
  shift.log_ratio = weighted / shift.n;
  const double se2 = variance / (shift.n * shift.n) + kOrdinaryLogDeviation * kOrdinaryLogDeviation;
  shift.z = shift.log_ratio / std::sqrt(se2);
  shift.excess_ms = sum - expected;
  shift.mean_ms = sum / shift.n;
  shift.mean_before_ms = expected / shift.n;
  return shift;
}

}  // namespace sentinel::correlate
