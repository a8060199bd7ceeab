// How much a count varies around its prediction, learned from the service itself: variance = p (phi + alpha
// p), where p is the predicted mean. phi is clumping (1 = Poisson), alpha wander in proportion to the mean.
// A weighted straight line of squared deviations over p, with exponential memory and a prior that fades.
// docs/detection.md, "Variance".
#pragma once

#include <array>

namespace sentinel::detect {

// `weight` observations that say phi = 1, alpha = `alpha` at a mean of `mean`.
struct DispersionPrior {
  double weight;
  double alpha;
  double mean;
};
inline constexpr DispersionPrior kPriorShort{30, 0.02, 20};     // 5 and 20 min
inline constexpr DispersionPrior kPriorHour{12, 0.05, 100};     // 60 min
inline constexpr DispersionPrior kPriorTraffic{30, 0.03, 200};  // documents

class Dispersion {
 public:
  explicit Dispersion(const DispersionPrior& prior);

  // y was seen where p was predicted; `known` is variance explained otherwise (doubt about the baseline and
  // the season). `weight` is this observation's, `memory` the number of them that are remembered.
  void add(double y, double p, double known, double weight, double memory);

  double phi() const { return phi_; }
  double alpha() const { return alpha_; }
  double variance(double p) const { return p * (phi_ + alpha_ * p); }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.sums_, self.phi_, self.alpha_);
  }

 private:
  std::array<double, 5> prior_;
  std::array<double, 5> sums_;
  double phi_ = 1;
  double alpha_;
};

}  // namespace sentinel::detect
