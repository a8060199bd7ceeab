#include "detect/dispersion.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {
constexpr double kLeastAlpha = 0.003;
constexpr double kMostAlpha = 2;
constexpr double kLeastPhi = 1;  // never below Poisson
constexpr double kMostPhi = 50;
}  // namespace

Dispersion::Dispersion(const DispersionPrior& prior) : prior_{}, sums_{}, alpha_(prior.alpha) {
  const double wander = prior.alpha * prior.mean;
  const double c = prior.weight / ((1 + wander) * (1 + wander));
  // The first term alone holds phi at 1 for small means; the others are `weight` points at the prior's mean.
  prior_ = {prior.weight + c, c * prior.mean, c * prior.mean * prior.mean, prior.weight + c * (1 + wander),
            c * prior.mean * (1 + wander)};
  sums_ = prior_;
}

void Dispersion::add(double y, double p, double known, double weight, double memory) {
  if (p < 1e-9) return;
  const double g = phi_ + alpha_ * p;
  // One outlier cannot teach: deviations count up to four standard deviations and eight.
  const double deviation = std::min(std::abs(y - p), 4 * std::sqrt(g * p + known) + 8);
  const double q = std::max(0.0, deviation * deviation - known) / p;  // E[q] = phi + alpha p
  const std::array<double, 5> term = {1, p, p * p, q, q * p};
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i] = prior_[i] + (sums_[i] - prior_[i]) * (1 - weight / memory) + weight / (g * g) * term[i];
  }
  const auto& [a0, a1, a2, a3, a4] = sums_;
  const double determinant = a0 * a2 - a1 * a1;
  if (determinant <= 1e-9 * a0 * a2) return;
  alpha_ = (a0 * a4 - a1 * a3) / determinant;
  phi_ = (a3 - alpha_ * a1) / a0;
  if (alpha_ < kLeastAlpha) {
    alpha_ = kLeastAlpha;
    phi_ = (a3 - alpha_ * a1) / a0;
  }
  if (phi_ < kLeastPhi) {
    phi_ = kLeastPhi;
    alpha_ = std::max(kLeastAlpha, (a4 - a1) / a2);
  }
  phi_ = std::min(phi_, kMostPhi);
  alpha_ = std::min(alpha_, kMostAlpha);
}

}  // namespace sentinel::detect
