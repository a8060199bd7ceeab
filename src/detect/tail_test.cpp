#include "detect/tail.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "detect/test_vectors.hpp"

namespace sentinel::detect {
namespace {

double log_p_tolerance(double log_p) { return 1e-6 + 1e-8 * std::abs(log_p); }

TEST(Tail, UpperTailMatchesTheVectors) {
  const auto vectors = read_vectors("a_upper");
  ASSERT_FALSE(vectors["rows"].empty());
  for (const auto& row : vectors["rows"]) {
    const double y = row[0], mean = row[1], variance = row[2], log_p = row[3], z = row[4];
    EXPECT_NEAR(log_upper_tail(y, mean, variance), log_p, log_p_tolerance(log_p)) << row;
    EXPECT_NEAR(z_from_logp(log_upper_tail(y, mean, variance)), z, 1e-6) << row;
  }
}

TEST(Tail, LowerTailMatchesTheVectors) {
  const auto vectors = read_vectors("a_lower");
  ASSERT_FALSE(vectors["rows"].empty());
  for (const auto& row : vectors["rows"]) {
    const double y = row[0], mean = row[1], variance = row[2], log_p = row[3], z = row[4];
    EXPECT_NEAR(log_lower_tail(y, mean, variance), log_p, log_p_tolerance(log_p)) << row;
    EXPECT_NEAR(z_from_logp(log_lower_tail(y, mean, variance)), z, 1e-6) << row;
  }
}

TEST(Tail, ZFromLogPMatchesTheVectors) {
  const auto vectors = read_vectors("a_z");
  ASSERT_FALSE(vectors["rows"].empty());
  for (const auto& row : vectors["rows"]) EXPECT_NEAR(z_from_logp(row[0]), row[1], 1e-6) << row;
}

TEST(Tail, ZOfDayMatchesTheVectors) {
  const auto vectors = read_vectors("a_day");
  ASSERT_FALSE(vectors["rows"].empty());
  for (const auto& row : vectors["rows"]) {
    EXPECT_NEAR(z_of_day(row[1], row[0]), row[2], 1e-6) << row;
  }
}

TEST(Tail, UpperTailOfPoissonEqualsTheSum) {
  const double mean = 3.2;
  double below = 0;
  double term = std::exp(-mean);
  for (int y = 0; y < 12; ++y) {
    // The variance may not be below the mean; the cap of the size parameter leaves about mean^2 / 1e6.
    EXPECT_NEAR(std::exp(log_upper_tail(y, mean, mean)), 1 - below, 1e-5) << y;
    below += term;
    term *= mean / (y + 1);
  }
}

TEST(Tail, NothingIsMoreLikelyThanAtLeastZero) { EXPECT_EQ(log_upper_tail(0, 5, 6), 0); }

TEST(Tail, QuietBandIsTheRangeThatIsNoAlert) {
  const Band band = quiet_band(3.2, 4.4);
  EXPECT_EQ(band.low, 0);
  EXPECT_EQ(band.high, 16);
  const Band wide = quiet_band(100, 130);
  const double p4 = std::log(3.84e-5);
  EXPECT_GE(log_upper_tail(wide.high, 100, 130), p4);
  EXPECT_LT(log_upper_tail(wide.high + 1, 100, 130), p4);
  EXPECT_GE(log_lower_tail(wide.low, 100, 130), p4);
  EXPECT_LT(log_lower_tail(wide.low - 1, 100, 130), p4);
}

TEST(Tail, StudentTailIsHalfAtZeroAndHeavierThanTheNormal) {
  EXPECT_NEAR(std::exp(log_student12_tail(1e-6)), 0.5, 1e-6);
  EXPECT_NEAR(std::exp(log_student12_tail(3.930)), 0.001, 1e-6);  // table of t, 12 degrees of freedom
  EXPECT_GT(log_student12_tail(5), log_q(5));
}

}  // namespace
}  // namespace sentinel::detect
