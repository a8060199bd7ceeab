#include "runbooks/learn.hpp"

#include <gtest/gtest.h>

namespace sentinel::runbooks {
namespace {

using Texts = std::vector<std::string>;

model::Incident outage() {
  model::Incident i;
  i.id = "INC-20260220192027-0123abcd";
  i.title = "db: errors 60 in 5 min; 1 more service affected (P1)";
  i.created_at = *parse_rfc3339("2026-02-20T19:20:27Z");
  i.services = {"db", "web"};
  i.anomalies = {{.service = "db", .metric = "error_rate"},
                 {.service = "db", .metric = "latency_p99"},
                 {.service = "web", .metric = "error_rate"}};
  return i;
}

model::IncidentEvent says(const std::string& who, const std::string& kind, const std::string& text) {
  return {.kind = kind, .actor = who, .text = text};
}

TEST(DraftFrom, StepsAreWhatPeopleWroteInTheirOrder) {
  const std::vector<model::IncidentEvent> timeline = {
      says("sentinelops", "opened", "db: errors 60"),
      says("ada", "acknowledged", "looking"),
      says("ada", "commented", " killed the long transactions "),
      says("sentinelops", "updated", "1 more service"),
      says("bob", "commented", "raised the pool to 40"),
      says("ada", "commented", "raised the pool to 40"),
      says("ada", "resolved", "errors gone for 10 min"),
  };
  EXPECT_EQ(draft_from(outage(), timeline).resolution_steps,
            (Texts{"killed the long transactions", "raised the pool to 40", "errors gone for 10 min"}));
}

TEST(DraftFrom, WithoutCommentsTheAnalysisGivesTheSteps) {
  auto incident = outage();
  incident.analysis = model::Analysis{.remediation_steps = {"restart it", "verify"}};
  const std::vector<model::IncidentEvent> timeline = {
      says("sentinelops", "resolved", "no anomaly for 10 min"), says("ada", "resolved", "resolved by hand")};
  EXPECT_EQ(draft_from(incident, timeline).resolution_steps, (Texts{"restart it", "verify"}));
  EXPECT_EQ(draft_from(outage(), timeline).resolution_steps, Texts{});
}

TEST(DraftFrom, ServicesAndMetricsAreNamedOnce) {
  const auto draft = draft_from(outage(), {});
  EXPECT_EQ(draft.services_affected, (Texts{"db", "web"}));
  EXPECT_EQ(draft.tags, (Texts{"error_rate", "latency_p99"}));
  EXPECT_EQ(draft.incident_date, "2026-02-20");
}

TEST(DraftFrom, TheTitleIsTheLeadingServicesNewPattern) {
  auto incident = outage();
  incident.causes = {{.service = "db"}};
  model::Pattern steady{.text = "request done", .services = {{"db", 9}}};
  model::Pattern elsewhere{.text = "upstream failed", .services = {{"web", 9}}};
  model::Pattern telling{.text = "pool exhausted after <num> ms", .services = {{"db", 9}}};
  elsewhere.change = telling.change = model::Pattern::Change::kNew;
  incident.patterns = {steady, elsewhere, telling};
  EXPECT_EQ(draft_from(incident, {}).title, "db: pool exhausted after <num> ms");
}

TEST(DraftFrom, WithoutANewPatternTheTitleIsTheIncidentsWithoutItsSeverity) {
  EXPECT_EQ(draft_from(outage(), {}).title, "db: errors 60 in 5 min; 1 more service affected");
  auto incident = outage();
  incident.title = "db is slow (again)";
  EXPECT_EQ(draft_from(incident, {}).title, "db is slow (again)");
}

TEST(DraftFrom, TheRootCauseIsTheAnalysisOrElseWhatSpeaksForTheCause) {
  auto incident = outage();
  EXPECT_EQ(draft_from(incident, {}).root_cause, "");
  incident.causes = {{.service = "db",
                      .evidence = {{.sentence = "its errors began first", .weight = 2},
                                   {.sentence = "few callers blame it", .weight = -1}}}};
  EXPECT_EQ(draft_from(incident, {}).root_cause, "db: its errors began first");
  incident.analysis = model::Analysis{.root_cause = "the pool was empty"};
  EXPECT_EQ(draft_from(incident, {}).root_cause, "the pool was empty");
}

TEST(DraftFrom, DraftsOfTwoIncidentsDoNotReplaceEachOther) {
  auto other = outage();
  other.id = "INC-20260221000000-0123abcd";
  EXPECT_NE(draft_from(outage(), {}).id, draft_from(other, {}).id);
  EXPECT_EQ(draft_from(outage(), {}).id, draft_from(outage(), {}).id);
}

TEST(DraftFrom, AnIncidentThatKnowsNothingGivesAnEmptyDraft) {
  const auto draft = draft_from({}, {});
  EXPECT_EQ(draft.title, "");
  EXPECT_TRUE(draft.services_affected.empty());
}

}  // namespace
}  // namespace sentinel::runbooks
