#include "detect/dispersion.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"

namespace sentinel::detect {
namespace {

TEST(Dispersion, StartsAtItsPrior) {
  const Dispersion d(kPriorShort);
  EXPECT_EQ(d.phi(), 1);
  EXPECT_EQ(d.alpha(), 0.02);
}

TEST(Dispersion, PoissonCountsTeachPoisson) {
  Dispersion d(kPriorShort);
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) d.add(static_cast<double>(rng.poisson(20)), 20, 0, 1, 600);
  EXPECT_NEAR(d.variance(20), 20, 3);
}

TEST(Dispersion, GammaWanderTeachesAlpha) {
  Dispersion d(kPriorShort);
  Rng rng(2);
  for (int i = 0; i < 4000; ++i) {
    const double p = i % 2 == 0 ? 20 : 200;
    d.add(static_cast<double>(rng.poisson(p * rng.gamma(10) / 10)), p, 0, 1, 600);
  }
  EXPECT_NEAR(d.alpha(), 0.1, 0.03);
}

TEST(Dispersion, OneOutlierTeachesNoMoreThanItsLimit) {
  Dispersion once(kPriorShort);
  Dispersion extreme(kPriorShort);
  once.add(1000, 20, 0, 1, 600);
  extreme.add(1e9, 20, 0, 1, 600);
  EXPECT_EQ(once.variance(20), extreme.variance(20));
}

TEST(Dispersion, NeverBelowPoisson) {
  Dispersion d(kPriorShort);
  for (int i = 0; i < 1000; ++i) d.add(20, 20, 0, 1, 600);
  EXPECT_GE(d.variance(20), 20);
}

}  // namespace
}  // namespace sentinel::detect
