#include "notify/policy.hpp"

#include <gtest/gtest.h>

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

TEST(RowsFor, WithoutAChannelNothingIsEnqueued) {
  const std::vector<model::Incident> incidents = {incident(model::Severity::kP1)};
  const std::vector<model::IncidentEvent> events = {event("opened")};
  EXPECT_TRUE(rows_for(incidents, events, {}, Time{}).empty());
}

}  // namespace
}  // namespace sentinel::notify
