#include "base/rng.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace sentinel {
namespace {

template <class Draw>
std::pair<double, double> mean_and_variance(Draw draw) {
  constexpr int kCount = 200'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / kCount;
  return {mean, squares / kCount - mean * mean};
}

TEST(Rng, SameSeedSameDraws) {
  Rng a(7);
  Rng b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next(), b.next());
}

TEST(Rng, PoissonHasItsMeanAndVarianceInBothBranches) {
  for (const double mean : {0.3, 5.0, 29.0, 31.0, 400.0}) {
    Rng rng(1);
    const auto [m, v] = mean_and_variance([&] { return static_cast<double>(rng.poisson(mean)); });
    EXPECT_NEAR(m, mean, 0.02 * mean + 0.01);
    EXPECT_NEAR(v, mean, 0.03 * mean + 0.02);
  }
}

TEST(Rng, GammaHasItsMeanAndVariance) {
  for (const double shape : {0.5, 2.0, 10.0}) {
    Rng rng(2);
    const auto [m, v] = mean_and_variance([&] { return rng.gamma(shape); });
    EXPECT_NEAR(m, shape, 0.03 * shape);
    EXPECT_NEAR(v, shape, 0.06 * shape);
  }
}

TEST(Rng, NormalIsStandard) {
  Rng rng(3);
  const auto [m, v] = mean_and_variance([&] { return rng.normal(); });
  EXPECT_NEAR(m, 0, 0.01);
  EXPECT_NEAR(v, 1, 0.02);
}

TEST(Rng, IntegerReachesBothEnds) {
  Rng rng(4);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const auto x = rng.integer(-1, 2);
    ASSERT_GE(x, -1);
    ASSERT_LE(x, 2);
    low |= x == -1;
    high |= x == 2;
  }
  EXPECT_TRUE(low && high);
}

}  // namespace
}  // namespace sentinel
