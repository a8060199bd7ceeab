#include "detect/gauge_scorer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/rng.hpp"

namespace sentinel::detect {
namespace {

double feed(GaugeScorer& scorer, int from, int to, const std::function<double(int)>& value) {
  double worst = kNoScore;
  for (int m = from; m < to; ++m) worst = std::max(worst, scorer.close({1, value(m), true}).z);
  return worst;
}

TEST(GaugeScorer, NoScoreBeforeTwoHoursOfDeviations) {
  GaugeScorer scorer(Grid{60}, 0);
  EXPECT_EQ(feed(scorer, 0, 120, [](int m) { return m < 110 ? 40 : 95; }), kNoScore);
}

TEST(GaugeScorer, NoiseIsQuietAndAStepPages) {
  GaugeScorer scorer(Grid{60}, 0);
  Rng rng(1);
  EXPECT_LT(feed(scorer, 0, 1440, [&](int) { return 40 * std::exp(0.05 * rng.normal()); }), 2);
  EXPECT_GE(feed(scorer, 1440, 1455, [&](int) { return 80 * std::exp(0.05 * rng.normal()); }), 3.5);
}

TEST(GaugeScorer, TenPercentIsNoAlertHoweverSteady) {
  GaugeScorer scorer(Grid{60}, 0);
  feed(scorer, 0, 1440, [](int) { return 40; });
  EXPECT_LT(feed(scorer, 1440, 1470, [](int) { return 43.9; }), 2);
}

TEST(GaugeScorer, ADailyHabitIsLearnedAfterThreeDays) {
  GaugeScorer scorer(Grid{60}, 0);
  Rng rng(2);
  const auto value = [&](int m) {
    return (m % 1440 >= 120 && m % 1440 < 140 ? 72 : 40) * std::exp(0.05 * rng.normal());
  };
  EXPECT_GE(feed(scorer, 0, 2 * 1440, value), 2);
  feed(scorer, 2 * 1440, 4 * 1440, value);
  EXPECT_LT(feed(scorer, 4 * 1440, 6 * 1440, value), 2);
}

TEST(GaugeScorer, SlicesWithoutPointsAreNoZeros) {
  GaugeScorer scorer(Grid{60}, 0);
  for (int m = 0; m < 1440; ++m) {
    const bool reports = m % 3 == 0;
    const double z = scorer.close({reports ? 1U : 0U, reports ? 40.0 : 0.0, true}).z;
    EXPECT_LT(z, 2) << m;
  }
}

}  // namespace
}  // namespace sentinel::detect
