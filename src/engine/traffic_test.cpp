#include "engine/traffic.hpp"

#include <gtest/gtest.h>

namespace sentinel::engine {
namespace {

const Time kStart = time_from_micros(1'771'614'000'000'000);

detect::FleetSlice minute(int number, std::uint64_t docs, std::uint64_t errors, double ms) {
  detect::FleetSlice fleet;
  fleet.start = kStart + minutes(number);
  model::Slice slice{.service = "pay", .start = fleet.start, .docs = docs, .errors = errors};
  for (std::uint64_t i = 0; i < docs; ++i) slice.latency.add_ms(ms);
  fleet.services.push_back(slice);
  return fleet;
}

TEST(Traffic, FiguresAreOfTheFiveMinutesBeforeTheSliceThatStillFills) {
  std::deque<detect::FleetSlice> closed;
  for (int i = 0; i < 10; ++i) closed.push_back(minute(i, i < 5 ? 1000 : 20, i < 5 ? 1000 : 5, 100));
  const std::vector<detect::FleetSlice> open = {minute(10, 1, 1, 5000)};
  const auto traffic = traffic_of(closed, open, {"pay"}, minutes(1));
  ASSERT_EQ(traffic.services.size(), 1U);
  EXPECT_DOUBLE_EQ(traffic.services[0].docs_per_minute, 20);
  EXPECT_DOUBLE_EQ(traffic.services[0].error_share, 0.25);
  EXPECT_NEAR(*traffic.services[0].p99_ms, 100, 2);
}

TEST(Traffic, TheSparklineEndsWithTheNewestSliceAndHoldsSixtyAtMost) {
  std::deque<detect::FleetSlice> closed;
  for (int i = 0; i < 80; ++i) closed.push_back(minute(i, static_cast<std::uint64_t>(i), 0, 10));
  const auto traffic = traffic_of(closed, {}, {"pay"}, minutes(1));
  EXPECT_EQ(traffic.slices, 60U);
  EXPECT_EQ(traffic.services[0].docs.size(), 60U);
  EXPECT_EQ(traffic.services[0].docs.front(), 20U);
  EXPECT_EQ(traffic.services[0].docs.back(), 79U);
  EXPECT_EQ(traffic.newest, kStart + minutes(79));
}

TEST(Traffic, AServiceThatSentNothingIsThereWithZeros) {
  const auto traffic = traffic_of({minute(0, 3, 0, 10)}, {}, {"pay", "quiet"}, minutes(1));
  const auto* quiet = traffic.find("quiet");
  ASSERT_NE(quiet, nullptr);
  EXPECT_EQ(quiet->docs, std::vector<std::uint32_t>{0});
  EXPECT_FALSE(quiet->last_seen);
  EXPECT_FALSE(quiet->p99_ms);
  EXPECT_EQ(traffic.find("other"), nullptr);
}

TEST(Traffic, WithoutAnySliceThereIsNothing) {
  const auto traffic = traffic_of({}, {}, {"pay"}, minutes(1));
  EXPECT_EQ(traffic.slices, 0U);
  EXPECT_DOUBLE_EQ(traffic.services[0].docs_per_minute, 0);
}

}  // namespace
}  // namespace sentinel::engine
