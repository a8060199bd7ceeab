#include "analyze/occasion.hpp"

#include <gtest/gtest.h>

#include "analyze/analyze_fixture.hpp"
#include "analyze/context.hpp"

namespace sentinel::analyze {
namespace {

const Time kNow = *parse_rfc3339("2026-02-20T19:30:00Z");

model::AnalysisRecord asked(const std::string& outcome, Duration ago, bool same = true) {
  model::AnalysisRecord r;
  r.outcome = outcome;
  r.asked_at = kNow - ago;
  r.occasion = same ? occasion_of(test::outage()) : "another";
  return r;
}
Wish wish(const std::vector<model::AnalysisRecord>& records, const model::Incident& incident = test::outage(),
          const std::vector<model::Silence>& silences = {}) {
  return wish_for(incident, records, silences, kNow);
}
using What = Wish::What;

TEST(Wish, ANewIncidentIsAskedAboutAtOnce) {
  EXPECT_EQ(wish({}).what, What::kFirst);
  EXPECT_LE(wish({}).not_before, kNow);
}

TEST(Wish, WhatIsOverMergedOrSilencedIsNot) {
  auto incident = test::outage();
  incident.state = model::IncidentState::kResolved;
  EXPECT_EQ(wish({}, incident).what, What::kNothing);
  incident = test::outage();
  incident.merged_into = "INC-1";
  EXPECT_EQ(wish({}, incident).what, What::kNothing);
  const model::Silence all{.id = "s", .starts_at = kNow - hours(1), .ends_at = kNow + hours(1)};
  EXPECT_EQ(wish({}, test::outage(), {all}).what, What::kNothing);
  const model::Silence one{
      .id = "s", .service = "db", .starts_at = kNow - hours(1), .ends_at = kNow + hours(1)};
  EXPECT_EQ(wish({}, test::outage(), {one}).what, What::kFirst);
}

TEST(Wish, TheSameOccasionIsAnsweredOnce) {
  for (const char* outcome : {"answered", "refused", "malformed", "invalid", "truncated", "over_budget"})
    EXPECT_EQ(wish({asked(outcome, hours(5))}).what, What::kNothing) << outcome;
}

TEST(Wish, ANewOccasionIsAnUpdateThatKeepsADistance) {
  const auto w = wish({asked("answered", minutes(1), false)});
  EXPECT_EQ(w.what, What::kUpdate);
  EXPECT_EQ(w.not_before, kNow + minutes(1));
}

TEST(Wish, WhatTheEndOfTheProcessCutOffIsTakenUpAtOnce) {
  EXPECT_EQ(wish({asked("asked", seconds(1))}).what, What::kFirst);
  EXPECT_LE(wish({asked("stopped", seconds(1))}).not_before, kNow);
}

TEST(Wish, FailuresThatMayHealAreRepeatedLaterAndLater) {
  EXPECT_EQ(wish({asked("overloaded", seconds(0))}).not_before, kNow + minutes(1));
  std::vector<model::AnalysisRecord> records(2, asked("timeout", seconds(0)));
  EXPECT_EQ(wish(records).not_before, kNow + minutes(5));
  records.resize(6, asked("timeout", seconds(0)));
  EXPECT_EQ(wish(records).what, What::kNothing);
}

TEST(Next, IsTheMostSevereThenTheOldestThatIsDue) {
  using S = model::Severity;
  const std::vector<Waiting> waiting = {{S::kP2, kNow - hours(3), kNow},
                                        {S::kP1, kNow, kNow},
                                        {S::kP1, kNow - hours(1), kNow},
                                        {S::kP1, kNow - hours(2), kNow + seconds(1)}};
  EXPECT_EQ(next_of(waiting, kNow), 2U);
  EXPECT_EQ(next_of(waiting, kNow + seconds(1)), 3U);
  EXPECT_FALSE(next_of({}, kNow));
  EXPECT_FALSE(next_of(waiting, kNow - hours(1)));
}

}  // namespace
}  // namespace sentinel::analyze
