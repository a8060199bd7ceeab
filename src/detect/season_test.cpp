#include "detect/season.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.hpp"

namespace sentinel::detect {
namespace {

TEST(Pack16, WholeNumbersUpTo2048AreExact) {
  for (int i = 0; i <= 2048; ++i) EXPECT_EQ(unpack16(pack16(i)), i);
}

TEST(Pack16, OthersAreWithinFiveHundredthsOfAPercent) {
  Rng rng(1);
  for (int i = 0; i < 10000; ++i) {
    const double v = std::exp(rng.uniform(-13, 28));
    EXPECT_NEAR(unpack16(pack16(v)), v, v * 0.0005) << v;
  }
}

TEST(Pack16, ExtremesAreZeroAndSaturation) {
  EXPECT_EQ(unpack16(pack16(0)), 0);
  EXPECT_EQ(unpack16(pack16(1e-12)), 0);
  EXPECT_EQ(unpack16(pack16(-3)), 0);
  EXPECT_EQ(unpack16(pack16(NAN)), 0);
  EXPECT_GT(unpack16(pack16(1e30)), 1e12);
}

TEST(WeekOfBlocks, KeepsSevenDaysAndOverwritesTheEighth) {
  WeekOfBlocks week;
  for (std::int64_t b = 5000; b < 5000 + 2016; ++b)
    week.put(b, SeenExpected{static_cast<double>(b - 5000), 0.5});
  EXPECT_EQ(week.at(5000)->seen, 0);
  EXPECT_EQ(week.at(5000 + 2015)->seen, 2015);
  week.put(5000 + 2016, std::nullopt);
  EXPECT_FALSE(week.at(5000 + 2016).has_value());
  EXPECT_EQ(week.at(5001)->seen, 1);
}

TEST(WeekOfBlocks, ABlockWithNoMoreThanExpectedIsAsExpectedAlsoWhenItsDayIsOver) {
  WeekOfBlocks week;
  for (const std::int64_t today : {0, 1}) {
    for (std::int64_t b = 0; b < kBlocksPerDay; ++b)
      week.put(today * kBlocksPerDay + b, SeenExpected{b % 2 == 0 ? 3.0 : 30.0, 20});
  }
  for (const std::int64_t day : {0, 1}) {
    EXPECT_EQ(week.at(day * kBlocksPerDay + 100)->seen, 0);
    EXPECT_EQ(week.at(day * kBlocksPerDay + 101)->seen, 30);
  }
}

TEST(WeekOfBlocks, ADayThatIsOverCostsWhatIsAboveItsExpectation) {
  WeekOfBlocks half;
  WeekOfBlocks none;
  for (std::int64_t b = 0; b < 7 * kBlocksPerDay; ++b) {
    half.put(b, SeenExpected{b % 2 == 0 ? 3.0 : 30.0, 20});
    none.put(b, SeenExpected{3, 20});
  }
  EXPECT_LT(half.bytes(), 6'000U);
  EXPECT_LT(none.bytes(), 2'500U);
}

TEST(WeekOfRatios, KeepsItsHabitsSideOfOne) {
  WeekOfRatios<Habit::kBusy> busy{5};
  WeekOfRatios<Habit::kQuiet> quiet{5};
  const std::int64_t today = 10 * kBlocksPerDay;
  for (int j = 7; j >= 1; --j) {
    busy.put(today - j * kBlocksPerDay, SeenExpected{45, 20});
    quiet.put(today - j * kBlocksPerDay, SeenExpected{0, 20});
  }
  EXPECT_NEAR(*busy.daily_median(today), 2, 0.01);
  EXPECT_NEAR(*quiet.daily_median(today), 0.2, 0.001);
}

TEST(WeekOfBlocks, CostsNothingUntilUsed) {
  WeekOfBlocks week;
  week.put(7, std::nullopt);
  EXPECT_EQ(week.bytes(), sizeof(WeekOfBlocks));
}

TEST(BlockFactor, IsOneWithoutHistory) { EXPECT_EQ(block_factor(WeekOfBlocks{}, 100, 5, 2), 1); }

TEST(BlockFactor, TwoBadDaysOfSevenChangeNothing) {
  WeekOfBlocks week;
  const std::int64_t today = 10 * kBlocksPerDay;
  for (int j = 1; j <= 7; ++j) week.put(today - j * kBlocksPerDay, SeenExpected{j <= 2 ? 500.0 : 20.0, 20});
  EXPECT_EQ(block_factor(week, today, 20, 5), 1);
}

TEST(BlockFactor, ADailyHabitRaisesTheExpectation) {
  WeekOfBlocks week;
  const std::int64_t today = 10 * kBlocksPerDay;
  for (int j = 1; j <= 3; ++j) week.put(today - j * kBlocksPerDay, SeenExpected{100, 20});
  EXPECT_NEAR(block_factor(week, today, 20, 5), 5, 0.1);
}

TEST(BlockFactor, AShiftBelowHalfADeviationIsNoise) {
  WeekOfBlocks week;
  const std::int64_t today = 10 * kBlocksPerDay;
  for (int j = 1; j <= 7; ++j) week.put(today - j * kBlocksPerDay, SeenExpected{22, 20});
  EXPECT_EQ(block_factor(week, today, 20, 5), 1);
}

TEST(BlockFactor, HourlyHabitsNeedSixHours) {
  WeekOfBlocks week;
  const std::int64_t now = 10 * kBlocksPerDay;
  for (int j = 1; j <= 5; ++j) week.put(now - 12 * j, SeenExpected{100, 20});
  EXPECT_EQ(block_factor(week, now, 20, 5), 1);
  week.put(now - 12 * 6, SeenExpected{100, 20});
  EXPECT_GT(block_factor(week, now, 20, 5), 4);
}

}  // namespace
}  // namespace sentinel::detect
