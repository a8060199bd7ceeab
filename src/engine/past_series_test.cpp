#include "engine/past_series.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "engine/history.hpp"
#include "state/memory/memory_state.hpp"
#include "telemetry/replay/replay_store.hpp"

namespace sentinel::engine {
namespace {

constexpr Duration kSettled = minutes(10);

class PastSeriesTest : public testing::Test {
 protected:
  PastSeriesTest() { send(0, 240); }

  void send(int from, int to, const char* message = "handled") {
    for (int minute = from; minute < to; ++minute) {
      model::DocumentBatch batch;
      for (int i = 0; i < 20; ++i) {
        model::LogRow row;
        row.time = at(minute) + seconds(2 * i);
        row.service = "pay";
        row.message = message;
        row.duration_ms = static_cast<float>(100 + rng_.uniform() * 20);
        row.level = rng_.chance(minute >= 200 ? 0.5 : 0.02) ? model::Level::kError : model::Level::kInfo;
        batch.add(row);
      }
      EXPECT_TRUE(telemetry::write(store_, std::move(batch), at(minute + 1)));
    }
  }
  Time at(int minute) const { return start_ + minutes(minute); }
  ServicePast past(int from, int to) {
    auto found = past_.past("pay", {at(from), at(to)}, at(to) - kSettled);
    EXPECT_TRUE(found) << found.error().text();
    return found ? *std::move(found) : ServicePast{};
  }
  // The same points as a replay from scratch.
  void expect_as_replayed(const ServicePast& shown, int from, int to) {
    const auto expected = History(store_, state_, settings_).series("pay", {at(from), at(to)});
    ASSERT_TRUE(expected);
    ASSERT_EQ(shown.metrics.size(), expected->size());
    for (std::size_t m = 0; m < expected->size(); ++m) {
      const auto& points = shown.metrics[m].points;
      ASSERT_EQ(points.size(), (*expected)[m].points.size()) << shown.metrics[m].metric;
      for (std::size_t i = 0; i < points.size(); ++i) {
        EXPECT_EQ(points[i].at, (*expected)[m].points[i].at);
        EXPECT_EQ(points[i].observed, (*expected)[m].points[i].observed);
        EXPECT_EQ(points[i].expected, (*expected)[m].points[i].expected);
        EXPECT_EQ(points[i].score, (*expected)[m].points[i].score);
      }
    }
    const auto slices = store_.service_slices({"pay"}, {at(from), at(to)}, minutes(1));
    ASSERT_TRUE(slices);
    EXPECT_EQ(shown.slices, *slices);
  }

  Time start_ = *parse_rfc3339("2026-03-02T06:00:00Z");
  Rng rng_{3};
  telemetry::ReplayStore store_;
  state::MemoryState state_;
  Settings settings_;
  PastSeries past_{store_, state_, settings_};
};

TEST_F(PastSeriesTest, TheFirstTimeItIsAReplay) { expect_as_replayed(past(180, 220), 180, 220); }

TEST_F(PastSeriesTest, WhatIsNewIsFoldedBehindWhatIsKept) {
  past(180, 205);
  past(180, 206);
  expect_as_replayed(past(180, 230), 180, 230);
}

TEST_F(PastSeriesTest, AnotherRangeIsServedFromTheSamePast) {
  past(200, 230);
  expect_as_replayed(past(60, 230), 60, 230);
  expect_as_replayed(past(210, 231), 210, 231);
}

TEST_F(PastSeriesTest, ARangeThatEndedLongAgoIsFoldedAnew) {
  past(180, 230);
  const auto found = past_.past("pay", {at(60), at(90)}, at(220));
  ASSERT_TRUE(found);
  expect_as_replayed(*found, 60, 90);
}

TEST_F(PastSeriesTest, ADocumentThatCameLateIsInTheNextAnswer) {
  past(100, 230);
  send(150, 151, "late");
  past_.forget("pay", at(150));
  expect_as_replayed(past(100, 230), 100, 230);
}

TEST_F(PastSeriesTest, WithoutASettledMomentNothingIsKept) {
  const auto found = past_.past("pay", {at(100), at(230)}, std::nullopt);
  ASSERT_TRUE(found);
  expect_as_replayed(*found, 100, 230);
  send(150, 151, "late");
  expect_as_replayed(*past_.past("pay", {at(100), at(230)}, std::nullopt), 100, 230);
}

TEST_F(PastSeriesTest, AServiceMayHaveNothingThatHasSettled) {
  const auto found = past_.past("pay", {at(0), at(5)}, at(-10));
  ASSERT_TRUE(found) << found.error().text();
  expect_as_replayed(*found, 0, 5);
}

TEST_F(PastSeriesTest, AnUnknownServiceHasNoCurves) {
  const auto found = past_.past("nobody", {at(100), at(230)}, at(220));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->slices.empty());
  EXPECT_TRUE(found->metrics.empty());
}

}  // namespace
}  // namespace sentinel::engine
