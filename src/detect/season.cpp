#include "detect/season.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sentinel::detect {
namespace {

constexpr int kLeastDays = 3;
constexpr int kLeastHours = 6;
constexpr double kClearHourly = 1.3;  // an hourly pattern must be clear: a ratio, or this many errors
constexpr double kClearHourlyCount = 2;
constexpr double kMostFactor = 500;

// Exponent of the float format (8 bits, bias 127) and ours (6 bits, bias 20: field 1 is 2^-20).
constexpr int kExponentShift = 127 - 21;

struct Lists {
  std::vector<double> ratio;
  std::vector<double> difference;
};

Lists lists(const WeekOfBlocks& week, std::int64_t block, std::int64_t step, int count) {
  Lists out;
  for (int j = 1; j <= count; ++j) {
    const auto v = week.at(block - step * j);
    if (!v) continue;
    out.ratio.push_back((v->seen + 3) / (v->expected + 3));
    out.difference.push_back(v->seen - v->expected);
  }
  return out;
}

}  // namespace

std::uint16_t pack16(double value) {
  if (!(value > 0)) return 0;
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  // Rounds the mantissa to 10 bits; a carry moves on into the exponent, which is what rounding up means.
  const std::int64_t rounded = (static_cast<std::int64_t>(bits) + (1 << 12)) >> 13;
  const std::int64_t packed = rounded - (static_cast<std::int64_t>(kExponentShift) << 10);
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(packed < (1 << 10) ? 0 : packed, 0, 0xFFFE));
}

double unpack16(std::uint16_t bits) {
  if (bits == 0) return 0;
  const std::uint32_t wide = (static_cast<std::uint32_t>(bits) + (kExponentShift << 10)) << 13;
  return std::bit_cast<float>(wide);
}

void WeekOfBlocks::put(std::int64_t block, std::optional<SeenExpected> value) {
  ring_.put(block, value ? Entry{pack16(value->seen), pack16(value->expected)} : Entry{});
}

std::optional<SeenExpected> WeekOfBlocks::at(std::int64_t block) const {
  const Entry entry = ring_.at(block);
  if (entry.is_none()) return std::nullopt;
  return SeenExpected{unpack16(entry.seen), unpack16(entry.expected)};
}

template <Habit kHabit>
void WeekOfRatios<kHabit>::put(std::int64_t block, std::optional<SeenExpected> value) {
  ring_.put(block, value ? Ratio{pack16((value->seen + offset_) / (value->expected + offset_))} : Ratio{});
}

template <Habit kHabit>
std::optional<double> WeekOfRatios<kHabit>::daily_median(std::int64_t block) const {
  std::vector<double> ratios;
  for (int j = 1; j <= 7; ++j) {
    if (const Ratio r = ring_.at(block - kBlocksPerDay * j); !r.is_none()) ratios.push_back(unpack16(r.bits));
  }
  if (ratios.size() < kLeastDays) return std::nullopt;
  return upper_median(ratios);
}

template class WeekOfRatios<Habit::kBusy>;
template class WeekOfRatios<Habit::kQuiet>;

double upper_median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double block_factor(const WeekOfBlocks& week, std::int64_t block, double mean, double deviation) {
  double ratio = 1;
  double extra = 0;
  if (Lists daily = lists(week, block, kBlocksPerDay, 7); daily.ratio.size() >= kLeastDays) {
    ratio = std::max(ratio, upper_median(daily.ratio));
    extra = std::max(extra, upper_median(daily.difference));
  }
  if (Lists hourly = lists(week, block, 12, 24); hourly.ratio.size() >= kLeastHours) {
    if (const double r = upper_median(hourly.ratio); r > kClearHourly) ratio = std::max(ratio, r);
    if (const double d = upper_median(hourly.difference); d >= kClearHourlyCount) extra = std::max(extra, d);
  }
  if (mean <= 0) return ratio;
  const double f = std::min(kMostFactor, std::max(ratio, 1 + extra / std::max(mean, 0.001)));
  // A shift below half a standard deviation of one block is noise; from one on it counts in full.
  return 1 + (f - 1) * std::clamp(2 * (f - 1) * mean / deviation - 1, 0.0, 1.0);
}

}  // namespace sentinel::detect
