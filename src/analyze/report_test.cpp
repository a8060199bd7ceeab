#include "analyze/report.hpp"

#include <gtest/gtest.h>

namespace sentinel::analyze {
namespace {

model::Group outage() {
  model::Group group;
  group.onset = *parse_rfc3339("2026-02-20T19:15:00Z");
  group.services = {"db", "web"};
  group.anomalies.push_back({.service = "db",
                             .metric = "error_rate",
                             .score = 8,
                             .sentence = "41 errors in 5 min where 3.2 are expected"});
  model::Cause db{.service = "db", .probability = 0.9, .onset = group.onset};
  db.evidence = {{"E1", "onset", "db", "first", 1}, {"E2", "new_pattern", "db", "new lines", 1}};
  group.causes = {db, {.service = "web", .probability = 0.1}};
  model::Pattern pattern{.text = "pool exhausted after <num> ms",
                         .level = model::Level::kError,
                         .example = "pool exhausted after 1800 ms"};
  pattern.change = model::Pattern::Change::kNew;
  pattern.services["db"] = 40;
  group.patterns.push_back(pattern);
  return group;
}

TEST(Report, NamesTheCauseItsMessageAndItsNumbers) {
  const auto report = deterministic_report(outage(), {});
  EXPECT_EQ(
      report.root_cause,
      "db: \"pool exhausted after 1800 ms\"; 41 errors in 5 min where 3.2 are expected; since 19:15:00 UTC");
}

TEST(Report, IsHighWhenTheFirstCauseLeadsWithTwoKindsOfEvidence) {
  EXPECT_EQ(deterministic_report(outage(), {}).confidence, model::Confidence::kHigh);
}

TEST(Report, IsLowWhenTheCausesAreClose) {
  auto group = outage();
  group.causes[0].probability = 0.51;
  group.causes[1].probability = 0.49;
  EXPECT_EQ(deterministic_report(group, {}).confidence, model::Confidence::kLow);
}

TEST(Report, TakesTheStepsOfTheBestRunbook) {
  model::RunbookMatch match;
  match.runbook.title = "Pool exhausted";
  match.runbook.resolution_steps = {"end idle transactions"};
  const auto report = deterministic_report(outage(), std::vector{match});
  EXPECT_EQ(report.remediation_steps, match.runbook.resolution_steps);
  EXPECT_EQ(report.note, "steps from the runbook \"Pool exhausted\"");
}

TEST(Report, WithoutARunbookTheEvidenceGivesTheSteps) {
  const auto report = deterministic_report(outage(), {});
  ASSERT_EQ(report.remediation_steps.size(), 1U);
  EXPECT_NE(report.remediation_steps.front().find("new error lines of db"), std::string::npos);
}

TEST(Report, SummaryIsOneLineAboutWhoStartedItAndWhoSuffers) {
  EXPECT_EQ(deterministic_report(outage(), {}).summary, "db started it at 19:15:00 UTC; web affected");
}

}  // namespace
}  // namespace sentinel::analyze
