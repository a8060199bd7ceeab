#include "model/slice.hpp"

#include <gtest/gtest.h>

namespace sentinel::model {
namespace {

TEST(LatencyBin, CoversOneMillisecondToSeventyThreeSeconds) {
  EXPECT_EQ(latency_bin(0), 0);
  EXPECT_EQ(latency_bin(1), 0);
  EXPECT_EQ(latency_bin(120), 239);
  EXPECT_EQ(latency_bin(1e9), kBins - 1);
}

TEST(LatencyHistogram, QuantilesCountRanksFromTheTop) {
  LatencyHistogram h;
  for (int i = 0; i < 99; ++i) h.add_ms(100);
  h.add_ms(10'000);
  EXPECT_NEAR(*h.quantile_ms(1.0), 10'000, 200);
  EXPECT_NEAR(*h.quantile_ms(0.5), 100, 2);
  EXPECT_FALSE(LatencyHistogram().quantile_ms(0.5));
}

TEST(LatencyHistogram, MergingEqualsAddingEverySample) {
  LatencyHistogram a;
  LatencyHistogram b;
  LatencyHistogram all;
  for (int i = 1; i < 400; ++i) {
    (i % 3 == 0 ? a : b).add_ms(i * 7.0);
    all.add_ms(i * 7.0);
  }
  a.merge(b);
  EXPECT_EQ(a, all);
}

TEST(LatencyHistogram, CountsSamplesAtOrAboveABin) {
  LatencyHistogram h;
  h.add(10, 5);
  h.add(20, 2);
  EXPECT_EQ(h.at_or_above(11), 2U);
  EXPECT_EQ(h.at_or_above(10), 7U);
}

}  // namespace
}  // namespace sentinel::model
