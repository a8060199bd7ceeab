// The contract of the telemetry ports: what every store must answer, whatever it is made of. A new adapter
// adds a Subject to telemetry_contract_test.cpp.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "telemetry/store.hpp"

namespace sentinel::telemetry {

// A store under test and its sink; `owner` keeps whatever they need alive.
struct Fixture {
  TelemetryStore* store = nullptr;
  TelemetrySink* sink = nullptr;
  std::shared_ptr<void> owner;
};

struct Subject {
  std::string name;
  std::function<Fixture()> make;
};

inline void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }

class TelemetryContract : public testing::TestWithParam<Subject> {
 protected:
  void SetUp() override { fixture_ = GetParam().make(); }
  TelemetryStore& store() { return *fixture_.store; }
  void put(model::DocumentBatch batch) { put(std::move(batch), noon_); }
  void put(model::DocumentBatch batch, Time ingested) {
    const auto written = write(*fixture_.sink, std::move(batch), ingested);
    ASSERT_TRUE(written) << written.error().text();
  }
  void put(const model::LogRow& row) {
    model::DocumentBatch batch;
    batch.add(row);
    put(std::move(batch));
  }
  model::LogRow row(std::string_view service, std::string_view message = "hello",
                    Duration after_noon = {}) const {
    return {.time = noon_ + after_noon, .service = service, .message = message, .level = model::Level::kInfo};
  }
  EventQuery all() const {
    return {.range = {time_from_micros(-1'000'000'000'000'000), noon_ + hours(24 * 10000)}, .limit = 100'000};
  }
  std::vector<model::LogEvent> events(const EventQuery& query) {
    auto found = store().events(query);
    EXPECT_TRUE(found) << (found ? "" : found.error().text());
    return found ? *found : std::vector<model::LogEvent>();
  }
  std::vector<std::string> messages(const EventQuery& query) {
    std::vector<std::string> texts;
    for (const auto& event : events(query)) texts.push_back(event.message);
    return texts;
  }

  Time noon_ = *parse_rfc3339("2026-03-01T12:00:00Z");
  Fixture fixture_;
};

}  // namespace sentinel::telemetry
