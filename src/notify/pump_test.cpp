#include "notify/pump.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "notify/policy.hpp"
#include "state/memory/memory_state.hpp"

namespace sentinel::notify {
namespace {

const Time kNow = *parse_rfc3339("2026-02-20T19:20:27Z");

class Recorder final : public Channel {
 public:
  struct Seen {
    std::string incident;
    std::vector<std::string> kinds;
    std::string memory;
    model::IncidentState state;
  };
  Attempt deliver(const Delivery& d, std::stop_token) override {
    Seen seen{d.incident.id, {}, d.memory, d.incident.state};
    for (const auto& event : d.events) seen.kinds.push_back(event.kind);
    all.push_back(seen);
    return answer ? answer(seen) : Attempt{.memory = "told"};
  }
  std::optional<Duration> refresh_every() const override { return refresh; }
  std::vector<Seen> all;
  std::function<Attempt(const Seen&)> answer;
  std::optional<Duration> refresh;
};

class PumpTest : public testing::Test {
 protected:
  void happens(const std::string& id, const char* kind, Time at,
               model::IncidentState state = model::IncidentState::kOpen) {
    state::Change change;
    model::Incident i;
    i.id = id;
    i.severity = model::Severity::kP1;
    i.state = state;
    i.created_at = i.updated_at = i.onset = i.last_bad_at = kNow;
    if (state == model::IncidentState::kResolved) i.resolved_at = at;
    change.incidents = {i};
    change.events = {{.incident_id = id, .at = at, .kind = kind, .actor = "sentinelops", .text = kind}};
    const std::vector<ChannelPolicy> channels = {{.name = "test"}};
    change.outbox = rows_for(change.incidents, change.events, channels, at);
    ASSERT_TRUE(state_.commit(change));
  }
  PumpReport pump(Time now) {
    auto report = pump_.pump(now);
    EXPECT_TRUE(report) << (report ? "" : report.error().text());
    return report.value_or(PumpReport{});
  }
  std::size_t waiting() { return state_.pending_outbox("test", 100'000)->size(); }

  state::MemoryState state_;
  NullLogger logger_;
  NullMetrics metrics_;
  Recorder channel_;
  Pump pump_{{state_, channel_, Log(logger_, "notify"), metrics_}, "test", Rate{1, 3}, 1};
};

TEST_F(PumpTest, UpdatesThatQueueUpAreToldOnceAsTheLatestState) {
  happens("a", "opened", kNow);
  happens("a", "updated", kNow + seconds(1));
  happens("a", "resolved", kNow + seconds(2), model::IncidentState::kResolved);
  EXPECT_EQ(pump(kNow + seconds(3)).delivered, 1);
  ASSERT_EQ(channel_.all.size(), 1U);
  EXPECT_EQ(channel_.all[0].kinds, (std::vector<std::string>{"opened", "updated", "resolved"}));
  EXPECT_EQ(channel_.all[0].state, model::IncidentState::kResolved);
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(PumpTest, TheBucketLimitsTheRate) {
  for (int n = 0; n < 10; ++n) happens("i" + std::to_string(n), "opened", kNow);
  EXPECT_EQ(pump(kNow).delivered, 3);
  EXPECT_EQ(pump(kNow).delivered, 0);
  EXPECT_EQ(pump(kNow + seconds(2)).delivered, 2);
  const auto report = pump(kNow + seconds(2));
  EXPECT_GT(report.next, kNow + seconds(2));
  EXPECT_LE(report.next, kNow + seconds(4));
}

TEST_F(PumpTest, WhatFailedIsTriedAgainAndOthersAreNotHeldUp) {
  channel_.answer = [](const auto& seen) {
    if (seen.incident == "bad") return Attempt{.kind = Attempt::Kind::kRetry, .why = "status 500"};
    return Attempt{.memory = "told"};
  };
  happens("bad", "opened", kNow);
  happens("good", "opened", kNow);
  const auto report = pump(kNow);
  EXPECT_EQ(report.delivered, 1);
  EXPECT_EQ(report.retried, 1);
  EXPECT_EQ(pump(kNow).retried, 0);
  channel_.answer = {};
  EXPECT_EQ(pump(kNow + seconds(5)).delivered, 1);
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(PumpTest, ARateLimitPausesTheWholeChannelForAsLongAsItSays) {
  channel_.answer = [](const auto&) {
    return Attempt{.kind = Attempt::Kind::kRetry, .why = "429", .wait = seconds(30), .whole_channel = true};
  };
  happens("a", "opened", kNow);
  happens("b", "opened", kNow);
  (void)pump(kNow);
  EXPECT_EQ(channel_.all.size(), 1U);
  channel_.answer = {};
  EXPECT_EQ(pump(kNow + seconds(29)).delivered, 0);
  EXPECT_EQ(pump(kNow + seconds(31)).delivered, 2);
}

TEST_F(PumpTest, WhatIsRefusedWaitsForAPersonWithTheReason) {
  channel_.answer = [](const auto&) {
    return Attempt{.kind = Attempt::Kind::kParked, .why = "channel_not_found"};
  };
  happens("a", "opened", kNow);
  EXPECT_EQ(pump(kNow).parked, 1);
  const auto rows = state_.outbox(state::OutboxRow::Status::kParked, 10);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().last_error, "channel_not_found");
  EXPECT_EQ(pump(kNow + hours(5)).delivered, 0);
  EXPECT_TRUE(pump_.health().failing_since.has_value());
}

TEST_F(PumpTest, TheEndOfWhatWasNeverToldIsNotTold) {
  happens("a", "resolved", kNow, model::IncidentState::kResolved);
  EXPECT_EQ(pump(kNow).delivered, 0);
  EXPECT_TRUE(channel_.all.empty());
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(PumpTest, WhatBecamePartOfAnotherBeforeItWasToldIsNotTold) {
  happens("a", "opened", kNow);
  auto part = *state_.incident("a");
  part->merged_into = "b";
  part->state = model::IncidentState::kResolved;
  ASSERT_TRUE(state_.commit({.incidents = {*part}}));
  EXPECT_EQ(pump(kNow).delivered, 0);
  EXPECT_EQ(state_.outbox_row(1)->value().last_error, "part of b, which is told instead");
}

TEST_F(PumpTest, AnAnalysisThatArrivesAloneIsTold) {
  happens("a", "opened", kNow);
  (void)pump(kNow);
  happens("a", "analyzed", kNow + minutes(1));
  EXPECT_EQ(pump(kNow + minutes(1)).delivered, 1);
  EXPECT_EQ(channel_.all.back().kinds, (std::vector<std::string>{"analyzed"}));
}

TEST_F(PumpTest, AnAnalysisNeverBeginsAnIncident) {
  happens("a", "analyzed", kNow);
  EXPECT_EQ(pump(kNow).delivered, 0);
}

TEST_F(PumpTest, WhatTheChannelKeptIsGivenBackToItEvenAfterAFailure) {
  channel_.answer = [](const auto&) {
    return Attempt{.kind = Attempt::Kind::kRetry, .why = "half way", .memory = "posted"};
  };
  happens("a", "opened", kNow);
  (void)pump(kNow);
  channel_.answer = {};
  (void)pump(kNow + minutes(1));
  EXPECT_EQ(channel_.all.back().memory, "posted");
}

TEST_F(PumpTest, ActiveIncidentsAreRefreshed) {
  channel_.refresh = minutes(1);
  happens("a", "opened", kNow);
  (void)pump(kNow);
  (void)pump(kNow + seconds(30));
  EXPECT_EQ(channel_.all.size(), 1U);
  (void)pump(kNow + seconds(61));
  ASSERT_EQ(channel_.all.size(), 2U);
  EXPECT_TRUE(channel_.all.back().kinds.empty());
}

TEST_F(PumpTest, ThousandsThatWaitForTheirHoursDelayNoOther) {
  for (int n = 0; n < 1'500; ++n) happens("held" + std::to_string(n), "opened", kNow + hours(8));
  happens("urgent", "opened", kNow);
  EXPECT_EQ(pump(kNow).delivered, 1);
  EXPECT_EQ(channel_.all.front().incident, "urgent");
}

TEST_F(PumpTest, AChannelThatIsDeadWithThousandsOfMessagesDelaysNoOther) {
  channel_.answer = [](const auto&) {
    return Attempt{.kind = Attempt::Kind::kRetry, .why = "connection refused", .whole_channel = true};
  };
  for (int n = 0; n < 1'500; ++n) happens("i" + std::to_string(n), "opened", kNow);
  Recorder healthy;
  healthy.answer = {};
  Pump other{{state_, healthy, Log(logger_, "notify"), metrics_}, "other", Rate{1, 3}, 2};
  state::Change change;
  const std::vector<ChannelPolicy> channels = {{.name = "other"}};
  change.outbox = rows_for(
      state_.incidents({.limit = 1})->incidents,
      std::vector<model::IncidentEvent>{{.incident_id = state_.incidents({.limit = 1})->incidents.front().id,
                                         .at = kNow,
                                         .kind = "opened"}},
      channels, kNow);
  ASSERT_TRUE(state_.commit(change));
  (void)pump(kNow);
  EXPECT_EQ(other.pump(kNow)->delivered, 1);
  EXPECT_EQ(channel_.all.size(), 1U);  // one try, and then it waits
}

TEST_F(PumpTest, TenThousandEventsOfManyIncidentsDrainWithinTheRate) {
  constexpr int kIncidents = 100;
  for (int n = 0; n < 10'000; ++n)
    happens("i" + std::to_string(n % kIncidents), n < kIncidents ? "opened" : "updated",
            kNow + milliseconds(6 * n));
  Time now = kNow + minutes(1);
  int delivered = 0;
  int passes = 0;
  for (; waiting() > 0 && passes < 2000; ++passes, now += seconds(1)) delivered += pump(now).delivered;
  EXPECT_EQ(waiting(), 0U);
  // All that waits of an incident is one message.
  EXPECT_EQ(delivered, kIncidents);
  EXPECT_LE(static_cast<double>(delivered), 3 + 1.0 * passes + 1);
}

}  // namespace
}  // namespace sentinel::notify
