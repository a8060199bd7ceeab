#include "notify/policy.hpp"

#include <gtest/gtest.h>

#include "notify/payload.hpp"

namespace sentinel::notify {
namespace {

model::Incident incident(model::Severity severity) {
  model::Incident i;
  i.id = "INC-1";
  i.severity = severity;
  return i;
}
model::IncidentEvent event(std::string kind) { return {.incident_id = "INC-1", .kind = std::move(kind)}; }

TEST(Gate, SaysWhichRuleHeldAMessageBack) {
  struct Row {
    const char* about;
    model::Severity severity;
    const char* kind;
    bool silenced;
    const char* held;
  };
  const ChannelPolicy pager{"pagerduty", {model::Severity::kP1, model::Severity::kP2}};
  const Row rows[] = {
      {"an opened P1 pages", model::Severity::kP1, "opened", false, ""},
      {"a resolution is told where the opening was", model::Severity::kP2, "resolved", false, ""},
      {"a P3 does not page", model::Severity::kP3, "opened", false, "severity: pagerduty does not take P3"},
      {"a comment never pages", model::Severity::kP1, "commented", false, "event commented: not announced"},
      {"what is silenced is recorded only", model::Severity::kP1, "opened", true,
       "silence: recorded, not announced"},
  };
  for (const Row& row : rows) {
    auto subject = incident(row.severity);
    if (row.silenced) subject.silenced_by = "s-1";
    const auto verdict = gate(subject, event(row.kind), pager, Time{});
    EXPECT_EQ(verdict.held, row.held) << row.about;
    EXPECT_EQ(verdict.pass, verdict.held.empty()) << row.about;
  }
}

TEST(RowsFor, EachChannelThatPassesGetsOneRowWithAKeyOfItsOwn) {
  const std::vector<ChannelPolicy> channels = {{"slack", {}}, {"pagerduty", {model::Severity::kP1}}};
  const std::vector<model::Incident> incidents = {incident(model::Severity::kP2)};
  const std::vector<model::IncidentEvent> events = {event("opened"), event("commented")};
  const auto rows = rows_for(incidents, events, channels, Time{});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().channel, "slack");
  EXPECT_EQ(rows.front().key, rows_for(incidents, events, channels, Time{}).front().key);
}

TEST(Gate, WhatFollowsAtOnceWaitsWithTheOpening) {
  ChannelPolicy pager{"pagerduty", {}};
  pager.group = seconds(60);
  const auto subject = incident(model::Severity::kP1);
  EXPECT_EQ(gate(subject, event("escalated"), pager, Time{} + seconds(30)).due, Time{} + seconds(60));
  EXPECT_EQ(gate(subject, event("escalated"), pager, Time{} + seconds(90)).due, Time{} + seconds(90));
}

TEST(Gate, WhatMayBePartOfAnotherOutageIsToldWhenThatIsKnown) {
  auto subject = incident(model::Severity::kP1);
  subject.merge_suggestion = "INC-0";
  const auto verdict = gate(subject, event("opened"), {"pagerduty", {}}, Time{});
  EXPECT_TRUE(verdict.pass);
  EXPECT_EQ(verdict.due, Time{} + minutes(2));
  EXPECT_EQ(verdict.held, "doubt: may be part of INC-0: waits 2 min");
}

TEST(Gate, AnAnalysisIsToldButNoneIsTheFirstThatAChannelHears) {
  EXPECT_TRUE(gate(incident(model::Severity::kP1), event("analyzed"), {"slack", {}}, Time{}).pass);
  EXPECT_FALSE(is_opening("analyzed"));
}

class RowsDue : public testing::Test {
 protected:
  std::vector<std::string> due(std::optional<Time> last, Time now) {
    const std::vector<model::Incident> active = {subject};
    std::vector<std::string> kinds;
    for (const auto& row : rows_due(active, {}, channels, last, now)) kinds.push_back(row.key);
    return kinds;
  }
  static std::vector<ChannelPolicy> asked_after(Duration wait) {
    std::vector<ChannelPolicy> all = {{"second", {model::Severity::kP1}}};
    all.front().escalate_after = wait;
    return all;
  }
  model::Incident subject = incident(model::Severity::kP1);
  std::vector<ChannelPolicy> channels = asked_after(minutes(10));
};

TEST_F(RowsDue, NobodyOnItIsSaidOnceItsTimeHasCome) {
  EXPECT_TRUE(due(Time{}, Time{} + minutes(9)).empty());
  EXPECT_EQ(due(Time{} + minutes(9), Time{} + minutes(10)).size(), 1U);
  EXPECT_TRUE(due(Time{} + minutes(10), Time{} + minutes(11)).empty());
}

TEST_F(RowsDue, AfterARelapseTheWaitBeginsAnew) {
  const auto first = due({}, Time{} + minutes(20));
  subject.unattended_since = Time{} + minutes(30);
  EXPECT_TRUE(due(Time{} + minutes(30), Time{} + minutes(39)).empty());
  const auto second = due(Time{} + minutes(39), Time{} + minutes(40));
  ASSERT_EQ(second.size(), 1U);
  EXPECT_NE(second, first);
}

TEST_F(RowsDue, WhoIsAskedForTheWorstOnlyIsAskedWhenItBecomesTheWorst) {
  subject.severity = model::Severity::kP2;
  EXPECT_TRUE(due(Time{}, Time{} + minutes(10)).empty());
  subject.severity = model::Severity::kP1;
  subject.updated_at = Time{} + minutes(20);
  EXPECT_EQ(due(Time{} + minutes(20) - seconds(30), Time{} + minutes(20)).size(), 1U);
}

TEST_F(RowsDue, RepeatsOfARelapseAreNotThoseOfBefore) {
  channels = {{"slack", {}}};
  channels.front().repeat = minutes(30);
  const auto first = due(Time{}, Time{} + minutes(30));
  ASSERT_EQ(first.size(), 1U);
  subject.unattended_since = Time{} + minutes(60);
  const auto again = due(Time{} + minutes(60), Time{} + minutes(90));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_NE(again, first);
}

TEST(RowsFor, WhatGrowsIntoTheServicesOfAChannelMayBeTheFirstItHears) {
  auto subject = incident(model::Severity::kP1);
  subject.services = {"gateway", "payments"};
  const std::vector<ChannelPolicy> channels = {{"team", {}, {"pay*"}}, {"all", {}}, {"other", {}, {"mail"}}};
  const std::vector<model::Incident> incidents = {subject};
  const std::vector<model::IncidentEvent> events = {event("updated")};
  const auto rows = rows_for(incidents, events, channels, Time{});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(is_opening(read_payload(rows[0].payload)->event.kind));
  EXPECT_FALSE(is_opening(read_payload(rows[1].payload)->event.kind));
}

TEST(RowsFor, WithoutAChannelNothingIsEnqueued) {
  const std::vector<model::Incident> incidents = {incident(model::Severity::kP1)};
  const std::vector<model::IncidentEvent> events = {event("opened")};
  EXPECT_TRUE(rows_for(incidents, events, {}, Time{}).empty());
}

}  // namespace
}  // namespace sentinel::notify
