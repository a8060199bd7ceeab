// Tail probabilities of counts, and the score z they become. Pure functions; everything is carried in natural
// logarithms, because a bad outage has probabilities far below the smallest double.
// Formulas: docs/detection.md, "Tails". Accuracy against 60-digit arithmetic: log p within 2e-9, z within
// 1e-9.
#pragma once

namespace sentinel::detect {

// What stands for "no score": below every real one.
inline constexpr double kNoScore = -10.0;

// log I_u(a, b), the regularised incomplete beta function; a, b > 0, 0 < u < 1.
double log_ibeta(double a, double b, double u);

// Y is negative binomial with this mean and variance (Poisson in the limit); y, mean and variance may be any
// real number, mean > 0, variance >= mean. log P(Y >= y) is 0 for y <= 0.
double log_upper_tail(double y, double mean, double variance);
double log_lower_tail(double y, double mean, double variance);  // log P(Y <= y), y >= 0

// log P(T >= t) of Student's t with 12 degrees of freedom, t > 0.
double log_student12_tail(double t);

double log_q(double z);  // log P(N(0,1) > z)
// The z with log Q(z) = logp; -6 for p next to 1.
double z_from_logp(double logp);
// The z of "the rarest of `looks` looks a day is at least this rare": 1 - (1 - p)^looks.
double z_of_day(double logp, double looks);

// Counts that are no alert: smallest c with P(Y <= c) >= p4 and largest c with P(Y >= c) >= p4, where p4 is
// the chance of one look that makes z = 2 at 600 looks a day.
struct Band {
  double low = 0;
  double high = 0;
};
Band quiet_band(double mean, double variance);

}  // namespace sentinel::detect
