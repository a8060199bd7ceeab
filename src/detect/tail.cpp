#include "detect/tail.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {

constexpr double kHalfLog2Pi = 0.9189385332046727;
constexpr double kLog2Pi = 1.8378770664093453;
// z = 2 at 600 looks a day: 1 - (1 - Q(2))^(1/600).
constexpr double kQuietLogP = -10.167299;  // log 3.84e-5

// lgamma writes the global signgam; the _r form does not, so detectors may run in several threads.
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

// The continued fraction of I_u(a, b) by the modified Lentz method.
double beta_fraction(double a, double b, double u) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * u / (a + 1));
  double h = d;
  for (int m = 1; m <= 2000; ++m) {
    const double even = m * (b - m) * u / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * u / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    const double step = d * c;
    h *= step;
    if (std::abs(step - 1) < 1e-11) break;
  }
  return h;
}

// The size parameter of the negative binomial. The cap keeps the cancellation of lgamma below 2e-9; there
// the distribution is Poisson for every purpose.
double size_of(double mean, double variance) {
  return std::min(1e6, mean * mean / std::max(variance - mean, 1e-6 * mean));
}

// The largest whole c >= from for which `fits` holds; it holds at `from` and fails somewhere above.
template <class Fits>
double last_that_fits(double from, Fits fits) {
  double step = 1;
  double low = from;
  while (fits(low + step)) {
    low += step;
    step *= 2;
  }
  double high = low + step;  // does not fit
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace

double log_ibeta(double a, double b, double u) {
  const double front =
      a * std::log(u) + b * std::log1p(-u) - (log_gamma(a) + log_gamma(b) - log_gamma(a + b));
  if (u < (a + 1) / (a + b + 2)) return front - std::log(a) + std::log(beta_fraction(a, b, u));
  return std::log1p(-std::exp(front - std::log(b) + std::log(beta_fraction(b, a, 1 - u))));
}

double log_upper_tail(double y, double mean, double variance) {
  if (y <= 0) return 0;
  const double r = size_of(mean, variance);
  return log_ibeta(y, r, mean / (mean + r));
}

double log_lower_tail(double y, double mean, double variance) {
  const double r = size_of(mean, variance);
  return log_ibeta(r, y + 1, r / (mean + r));
}

double log_student12_tail(double t) { return std::log(0.5) + log_ibeta(6, 0.5, 12 / (12 + t * t)); }

double log_q(double z) {
  if (z < 30) return std::log(std::erfc(z / std::sqrt(2.0)) / 2);
  const double i = 1 / (z * z);  // erfc underflows near 38: asymptotic series
  return -z * z / 2 - std::log(z) - kHalfLog2Pi + std::log1p(-i + 3 * i * i - 15 * i * i * i);
}

double z_from_logp(double logp) {
  if (logp >= -1e-9) return -6;
  if (logp > std::log(0.5)) return -z_from_logp(std::log(-std::expm1(logp)));
  double z = std::sqrt(-2 * logp);
  if (z > 2) z = std::sqrt(std::max(0.0, -2 * logp - std::log(-2 * logp) - kLog2Pi));
  for (int i = 0; i < 60; ++i) {
    const double at = log_q(z);
    const double slope = -std::exp(-z * z / 2 - kHalfLog2Pi - at);
    const double step = (at - logp) / slope;
    z -= step;
    if (std::abs(step) < 1e-8) break;
  }
  return z;
}

double z_of_day(double logp, double looks) {
  if (logp < -30) return z_from_logp(logp + std::log(looks));
  const double p = std::exp(logp);
  if (p >= 1) return -6;
  return z_from_logp(std::log(-std::expm1(looks * std::log1p(-p))));
}

Band quiet_band(double mean, double variance) {
  Band band;
  const double start = std::floor(mean);
  band.high = last_that_fits(0, [&](double c) { return log_upper_tail(c, mean, variance) >= kQuietLogP; });
  // Smallest c with P(Y <= c) >= p4, found as the last one below it plus one.
  if (log_lower_tail(0, mean, variance) < kQuietLogP) {
    band.low = 1 + last_that_fits(0, [&](double c) {
                 return c < start && log_lower_tail(c, mean, variance) < kQuietLogP;
               });
  }
  return band;
}

}  // namespace sentinel::detect
