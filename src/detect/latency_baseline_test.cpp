#include "detect/latency_baseline.hpp"

#include <gtest/gtest.h>

namespace sentinel::detect {
namespace {

class LatencyBaselineTest : public testing::Test {
 protected:
  // Admits the next slice: so many requests of 10 ms and of 200 ms.
  void admit(std::uint32_t fast, std::uint32_t slow) {
    model::LatencyHistogram histogram;
    if (fast > 0) histogram.add(model::latency_bin(10), fast);
    if (slow > 0) histogram.add(model::latency_bin(200), slow);
    slices_.push(++last_, histogram, true);
    baseline_.admit(slices_, last_);
  }

  LatencySlices slices_;
  LatencyBaseline baseline_{Grid{60}};
  std::int64_t last_ = -1;
};

TEST_F(LatencyBaselineTest, TheLimitOfAChannelIsWhereItsShareOfTheRequestsBegins) {
  for (int i = 0; i < 30; ++i) admit(96, 4);
  const LatencyLimits limits = baseline_.limits();
  EXPECT_EQ(limits.bin[kP90], model::latency_bin(10));
  EXPECT_EQ(limits.bin[kP99], model::latency_bin(200));
}

TEST_F(LatencyBaselineTest, AChannelWithTooFewRequestsHasNoLimit) {
  admit(20, 0);
  EXPECT_EQ(baseline_.limits().bin[kP99], LatencyLimits::kNone);
}

TEST_F(LatencyBaselineTest, TheShortHistogramHoldsTheNewest55Minutes) {
  for (int i = 0; i < 70; ++i) admit(10, 0);
  EXPECT_EQ(baseline_.slices(), 55U);
  EXPECT_EQ(baseline_.requests(), 550U);
}

TEST_F(LatencyBaselineTest, WhatIsOlderThanTheRingIsTheDays) {
  for (int i = 0; i < 80; ++i) admit(10, 0);
  EXPECT_EQ(baseline_.day_slices(), 5);
  EXPECT_EQ(baseline_.day_requests(), 50);
}

TEST_F(LatencyBaselineTest, BeforeAWindowNothingOfTheWindowCounts) {
  for (int i = 0; i < 40; ++i) admit(95, 5);
  for (int i = 0; i < 10; ++i) admit(0, 100);
  LatencyLimits limits;
  limits.bin[kP90] = model::latency_bin(200);
  limits.short_above[kP90] = 40 * 5 + 10 * 100;
  const auto before = baseline_.before(slices_, limits, last_ - 10);
  EXPECT_EQ(before.slices, 40);
  EXPECT_EQ(before.above[kP90], 40 * 5);
}

}  // namespace
}  // namespace sentinel::detect
