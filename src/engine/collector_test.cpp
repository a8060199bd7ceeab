#include "engine/collector.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "telemetry/memory/memory_telemetry.hpp"

namespace sentinel::engine {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

// Counts the questions about slices.
class CountingStore final : public telemetry::TelemetryStore {
 public:
  using Slices = Result<std::vector<model::Slice>>;
  Slices slices(model::TimeRange range, Duration step) override {
    ++of_all;
    return rows.slices(range, step);
  }
  Slices service_slices(const std::vector<std::string>& services, model::TimeRange range,
                        Duration step) override {
    named.push_back(services);
    return rows.service_slices(services, range, step);
  }
  Result<std::vector<model::CallSlice>> calls(model::TimeRange range, Duration step) override {
    return rows.calls(range, step);
  }
  Result<std::vector<model::MetricSlice>> metrics(model::TimeRange range, Duration step,
                                                  const std::vector<std::string>& names) override {
    return rows.metrics(range, step, names);
  }
  Result<std::vector<model::LogEvent>> events(const telemetry::EventQuery& query) override {
    return rows.events(query);
  }
  Result<std::uint64_t> count(const telemetry::EventQuery& query) override { return rows.count(query); }
  Result<std::vector<model::Arrival>> arrivals(model::TimeRange ingested, Duration step) override {
    return rows.arrivals(ingested, step);
  }
  Result<telemetry::StoreStatus> status() override { return rows.status(); }

  telemetry::MemoryTelemetry rows;
  int of_all = 0;
  std::vector<std::vector<std::string>> named;
};

class LateDocuments : public testing::Test {
 protected:
  void send(const char* service, Time at) {
    model::DocumentBatch batch;
    batch.add(model::LogRow{.time = at, .service = service, .message = "m", .level = model::Level::kInfo});
    ASSERT_TRUE(telemetry::write(store_.rows, std::move(batch), kNoon));
  }

  CountingStore store_;
  Settings settings_;
  Collector collector_{store_, settings_};
};

TEST_F(LateDocuments, OfAnyNumberOfServicesAreAskedForAgainByOneQuery) {
  std::set<std::string> services;
  for (const char* service : {"cart", "order", "pay"}) {
    send(service, kNoon);
    services.insert(service);
    store_.named.clear();
    ASSERT_TRUE(collector_.again({{kNoon, services}}));
    ASSERT_EQ(store_.named.size(), 1U) << services.size();
    EXPECT_EQ(store_.named.front().size(), services.size());
  }
  EXPECT_EQ(store_.of_all, 0);
}

TEST_F(LateDocuments, ReplaceTheSlicesOfThoseServicesOnly) {
  const Time before = kNoon - settings_.detect.slice;
  for (const char* service : {"cart", "pay"}) {
    send(service, kNoon);
    send(service, before);
  }
  const auto found = collector_.again({{before, {"pay"}}, {kNoon, {"cart"}}});
  ASSERT_TRUE(found);
  std::vector<std::pair<Time, std::string>> which;
  for (const auto& slice : *found) which.emplace_back(slice.start, slice.service);
  EXPECT_EQ(which, (std::vector<std::pair<Time, std::string>>{{before, "pay"}, {kNoon, "cart"}}));
}

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
