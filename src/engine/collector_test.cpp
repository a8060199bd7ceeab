#include "engine/collector.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "telemetry/memory/memory_telemetry.hpp"

namespace sentinel::engine {
namespace {

struct PageOf {
  const char* sentence;
  std::size_t services;  // of each slice taken in before
  Duration page;
};

class PageTest : public testing::TestWithParam<PageOf> {};

TEST_P(PageTest, Fits) {
  SCOPED_TRACE(GetParam().sentence);
  telemetry::MemoryTelemetry store;
  Settings settings;
  settings.detect.slice = seconds(30);
  settings.page = hours(6);
  Collector collector(store, settings);
  collector.begin_at(Time{});
  if (GetParam().services > 0) {
    detect::FleetSlice slice;
    for (std::size_t i = 0; i < GetParam().services; ++i)
      slice.services.push_back({.service = fmt::format("s{}", i), .start = Time{}, .docs = 1, .latency = {}});
    collector.advance({slice});
  }
  EXPECT_EQ(collector.page(), GetParam().page);
}

INSTANTIATE_TEST_SUITE_P(Table, PageTest,
                         testing::Values(PageOf{"short until the size of the fleet is known", 0, minutes(30)},
                                         PageOf{"as long as the settings say for a small fleet", 5, hours(6)},
                                         PageOf{"shorter for a thousand services", 1'000, minutes(30)},
                                         PageOf{"three minutes for ten thousand", 10'000, minutes(3)},
                                         PageOf{"one slice at least, however many services", 100'000,
                                                seconds(30)}),
                         [](const auto& row) { return fmt::format("services_{}", row.param.services); });

}  // namespace
}  // namespace sentinel::engine
