#include "engine/history.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "state/memory/memory_state.hpp"
#include "telemetry/replay/replay_store.hpp"

namespace sentinel::engine {
namespace {

// Four hours of two services; `pay` fails from the 200th minute on.
class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    Rng rng(3);
    for (int minute = 0; minute < 240; ++minute) {
      model::DocumentBatch batch;
      for (const char* service : {"pay", "stock"}) {
        const bool bad = minute >= 200 && std::string_view(service) == "pay";
        for (int i = 0; i < 30; ++i) {
          model::LogRow row;
          row.time = at(minute) + seconds(2 * i);
          row.service = service;
          row.message = "handled";
          row.duration_ms = static_cast<float>(100 + rng.uniform() * 20);
          row.level = rng.chance(bad ? 0.5 : 0.01) ? model::Level::kError : model::Level::kInfo;
          batch.add(row);
        }
      }
      EXPECT_TRUE(telemetry::write(store_, std::move(batch), at(minute + 1)));
    }
  }
  Time at(int minute) const { return start_ + minutes(minute); }
  static const model::Explanation& metric(const model::ServiceExplanation& x, std::string_view name) {
    for (const auto& m : x.metrics) {
      if (m.metric == name) return m;
    }
    ADD_FAILURE() << "no metric " << name;
    return x.metrics.front();
  }

  Time start_ = *parse_rfc3339("2026-03-02T06:00:00Z");
  telemetry::ReplayStore store_;
  state::MemoryState state_;
  Settings settings_;
  History history_{store_, state_, settings_};
};

TEST_F(HistoryTest, APastMomentIsJudgedAsItWasThen) {
  const auto before = history_.explain("pay", at(199));
  ASSERT_TRUE(before) << before.error().text();
  EXPECT_EQ(metric(*before, model::kErrorRate).severity, std::nullopt);
  EXPECT_TRUE(metric(*before, model::kErrorRate).verdict.starts_with("no alert"));
  const auto during = history_.explain("pay", at(206));
  ASSERT_TRUE(during);
  const auto& errors = metric(*during, model::kErrorRate);
  EXPECT_EQ(errors.severity, model::Severity::kP1) << errors.verdict;
  EXPECT_TRUE(errors.verdict.starts_with("alerts at P1")) << errors.verdict;
  EXPECT_TRUE(errors.frozen);
  EXPECT_EQ(during->at, at(206));
}

TEST_F(HistoryTest, EveryWindowTellsItsNumbers) {
  const auto x = history_.explain("pay", at(206));
  ASSERT_TRUE(x);
  for (const auto& h : metric(*x, model::kErrorRate).horizons) {
    if (!h.scored) continue;
    EXPECT_EQ(h.window, (model::TimeRange{at(206) - h.length, at(206)}));
    EXPECT_GT(h.expected, 0);
    EXPECT_GE(h.band_high, h.expected);
    EXPECT_FALSE(h.gates.empty());
  }
  for (const auto& h : metric(*x, model::kLatencyP99).horizons) {
    if (!h.scored) continue;
    EXPECT_NEAR(h.value_ms.value_or(0), 110, 15) << "an ordinary latency has its quantile too";
  }
}

TEST_F(HistoryTest, TheHourBeforeIsASeriesThatFollowsTheTrouble) {
  const auto x = history_.explain("pay", at(210));
  ASSERT_TRUE(x);
  ASSERT_EQ(x->series.size(), x->metrics.size());
  const auto& errors = x->series.front();
  ASSERT_EQ(errors.metric, x->metrics.front().metric);
  ASSERT_EQ(errors.points.size(), 60U);
  EXPECT_EQ(errors.points.front().at, at(151));
  EXPECT_EQ(errors.points.back().at, at(210));
  EXPECT_LT(errors.points.front().observed, 10);
  EXPECT_GT(errors.points.back().observed, 50);
  EXPECT_EQ(errors.points.front().severity, std::nullopt);
  EXPECT_NE(errors.points.back().severity, std::nullopt);
}

TEST_F(HistoryTest, ASeriesOfOneMetricIsOnlyThat) {
  const auto found = history_.series("stock", {at(100), at(130)}, std::string(model::kLatencyP99));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().points.size(), 30U);
  EXPECT_NEAR(found->front().points.back().expected, 115, 10);
}

TEST_F(HistoryTest, AGapOfTheLedgerIsNoSilenceOfTheService) {
  state::Change change;
  for (int m = 240; m < 260; ++m)
    change.ledger.push_back({.slice = at(m), .coverage = model::Coverage::kGap, .judged_at = at(m + 3)});
  ASSERT_TRUE(state_.commit(change));
  const auto x = history_.explain("stock", at(260));
  ASSERT_TRUE(x);
  EXPECT_EQ(metric(*x, model::kSilence).severity, std::nullopt);
  EXPECT_FALSE(x->series.front().points.back().known);
}

TEST_F(HistoryTest, SilenceOfTheOnlyServiceOfAReplayIsJudged) {
  const auto x = history_.explain("stock", at(260));
  ASSERT_TRUE(x);
  EXPECT_NE(metric(*x, model::kSilence).severity, std::nullopt);
}

TEST_F(HistoryTest, AnUnknownServiceIsNotFound) {
  const auto x = history_.explain("nobody", at(206));
  ASSERT_FALSE(x);
  EXPECT_EQ(x.error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace sentinel::engine
