#include "incidents/correction.hpp"

#include <gtest/gtest.h>

namespace sentinel::incidents {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-02T12:00:00Z");

model::Anomaly anomaly(const std::string& service, std::string_view metric, model::Severity severity) {
  model::Anomaly a;
  a.service = service;
  a.metric = metric;
  a.severity = severity;
  a.window = {kNoon, kNoon + minutes(5)};
  a.sentence = "41 errors";
  return a;
}

model::Incident incident(std::vector<model::Anomaly> anomalies) {
  model::Incident i;
  i.id = "INC-1";
  i.onset = kNoon;
  i.services = {"pay"};
  i.anomalies = std::move(anomalies);
  return i;
}

TEST(Retract, TheOnlyAnomalyResolvesTheIncidentAndSaysWhy) {
  const auto outcome = retract(incident({anomaly("pay", model::kSilence, model::Severity::kP1)}), "pay",
                               model::kSilence, "corrected", kNoon + minutes(9));
  ASSERT_EQ(outcome.changed.size(), 1U);
  EXPECT_FALSE(outcome.changed.front().is_active());
  EXPECT_EQ(outcome.changed.front().resolved_at, kNoon + minutes(9));
  EXPECT_EQ(outcome.changed.front().anomalies.size(), 1U) << "what was wrong can still be shown";
  EXPECT_EQ(outcome.events.front().kind, "resolved");
}

TEST(Retract, OneOfTwoLeavesTheIncidentOpen) {
  const auto outcome = retract(incident({anomaly("pay", model::kSilence, model::Severity::kP1),
                                         anomaly("pay", model::kErrorRate, model::Severity::kP2)}),
                               "pay", model::kSilence, "corrected", kNoon);
  ASSERT_EQ(outcome.changed.size(), 1U);
  EXPECT_TRUE(outcome.changed.front().is_active());
  EXPECT_EQ(outcome.changed.front().anomalies.size(), 1U);
  EXPECT_EQ(outcome.events.front().kind, "updated");
}

TEST(Retract, WhatIsNotThereChangesNothing) {
  const auto outcome = retract(incident({anomaly("pay", model::kErrorRate, model::Severity::kP2)}), "pay",
                               model::kSilence, "corrected", kNoon);
  EXPECT_TRUE(outcome.changed.empty());
  EXPECT_TRUE(outcome.events.empty());
}

TEST(LateAnomaly, BelongsToTheResolvedIncidentItLiesIn) {
  auto past = incident({anomaly("pay", model::kErrorRate, model::Severity::kP2)});
  EXPECT_FALSE(is_of_its_time(past, past.anomalies.front())) << "an open incident is joined, not corrected";
  past.state = model::IncidentState::kResolved;
  past.resolved_at = kNoon + minutes(20);
  EXPECT_TRUE(is_of_its_time(past, past.anomalies.front()));
  EXPECT_FALSE(is_of_its_time(past, anomaly("stock", model::kErrorRate, model::Severity::kP2)));
  auto later = past.anomalies.front();
  later.window = {kNoon + minutes(30), kNoon + minutes(35)};
  EXPECT_FALSE(is_of_its_time(past, later));
}

TEST(LateAnomaly, IsToldOnceAndRaisesTheSeverity) {
  auto past = incident({anomaly("pay", model::kSilence, model::Severity::kP3)});
  past.severity = model::Severity::kP3;
  past.state = model::IncidentState::kResolved;
  past.resolved_at = kNoon + minutes(20);
  const auto late = anomaly("pay", model::kErrorRate, model::Severity::kP1);
  const auto outcome = add_late(past, late, kNoon + minutes(30));
  ASSERT_EQ(outcome.changed.size(), 1U);
  EXPECT_EQ(outcome.changed.front().severity, model::Severity::kP1);
  EXPECT_FALSE(outcome.changed.front().is_active());
  EXPECT_TRUE(add_late(outcome.changed.front(), late, kNoon + minutes(31)).events.empty());
}

}  // namespace
}  // namespace sentinel::incidents
