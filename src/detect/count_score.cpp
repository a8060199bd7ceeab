#include "detect/count_score.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {
constexpr double kNormal99 = 2.33;
constexpr double kJustBelow = 0.01;
constexpr double kLoneSlice = 0.5;
}  // namespace

void TailCalibration::feed(double raw, double step) {
  const double z = std::min(raw, 6.0);
  // Robbins-Monro: at the quantile, one value in a hundred lies above, and the steps balance.
  q99_ = std::clamp(q99_ + step * (z > q99_ ? 0.99 : -0.01), 1.5, 6.0);
}

double TailCalibration::factor() const { return std::max(1.0, q99_ / kNormal99); }

double TailCalibration::calibrated(double logp, double raw) const {
  const double c = factor();
  return c > 1.0001 ? log_q(raw / c) : logp;
}

double capped(double z, Cap cap, const model::Thresholds& thresholds) {
  switch (cap) {
    case Cap::kNone:
      return z;
    case Cap::kBelowP1:
      return std::min(z, thresholds.p1 - kJustBelow);
    case Cap::kBelowP2:
      return std::min(z, thresholds.p2 - kJustBelow);
    case Cap::kBelowP3:
      return std::min(z, thresholds.p3 - kJustBelow);
    case Cap::kBelowP4:
      return std::min(z, thresholds.p4 - kJustBelow);
  }
  return z;
}

void score_upper(HorizonScore& h, double screen, double looks, const TailCalibration& calibration) {
  h.scored = true;
  const double deviation = std::sqrt(h.variance);
  if (h.observed <= h.expected + screen * deviation) {
    // No alert can come from here; only the 5-min horizon needs its raw value (calm, calibration).
    h.screened = true;
    h.raw = h.minutes == 5 ? (h.observed - h.expected) / deviation : 0;
    h.z = h.z_tail = -1;
    return;
  }
  const double logp = log_upper_tail(h.observed, h.expected, h.variance);
  h.raw = z_from_logp(logp);
  h.calibration = calibration.factor();
  h.z = h.z_tail = z_of_day(calibration.calibrated(logp, h.raw), looks);
}

void leave_out(HorizonScore& h, double top, int largest, double window) {
  if (!(h.z > 0)) return;
  const double rest = h.observed - top + largest * h.expected / window;
  const double deviation = std::sqrt(h.variance);
  h.z_spread = rest <= h.expected + 0.5 * deviation
                   ? std::min(0.4, (rest - h.expected) / deviation)
                   : z_from_logp(log_upper_tail(rest, h.expected, h.variance));
  h.z = std::min(h.z, h.z_spread);
}

bool Easing::judge(const Stretch& newest, const Stretch& before, double rate, const Dispersion& noise) const {
  constexpr double kWouldShow = 3;  // this many were due, had it gone on
  constexpr double kOrdinary = 1.5;
  const double expected = rate * newest.exposure;
  if (newest.observed > expected + kOrdinary * std::sqrt(noise.variance(expected) + 1)) return false;
  if (eased_) return true;
  const double going_on = before.exposure > 0 ? before.observed / before.exposure * newest.exposure : 0;
  return going_on >= kWouldShow && newest.observed <= going_on / 3;
}

void apply_cap(HorizonScore& h, Cap cap) {
  h.z_free = h.z;
  h.cap = cap;
  h.z = capped(h.z, cap);
}

void Standing::push(double fast, double hour) {
  fast_ = {fast, fast_[0]};
  hour_ = {hour, hour_[0], hour_[1], hour_[2]};
}

bool Standing::long_p1() const {
  const double p1 = model::Thresholds{}.p1;
  return fast_[0] >= p1 && fast_[1] >= p1;
}

namespace {
void hold(HorizonScore& h, double to) {
  if (h.z <= 0 || h.z_free <= to) return;
  h.z_alone = h.z_free;
  h.z_free = to;
  h.z = capped(to, h.cap);
}
}  // namespace

void Standing::hold_fast(HorizonScore& h, std::optional<double> before) const {
  hold(h, std::max(std::min(h.z_free, before.value_or(fast_[0])), h.z_free - kLoneSlice));
}

void Standing::hold_hour(HorizonScore& h) const {
  hold(h, std::min(h.z_free, *std::min_element(hour_.begin(), hour_.end())));
}

}  // namespace sentinel::detect
