#include "incidents/lifecycle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.hpp"
#include "incidents/commands.hpp"

namespace sentinel::incidents {
namespace {

const Time kNow = *parse_rfc3339("2026-02-20T19:20:27Z");

model::Anomaly anomaly(std::string service, model::Severity severity = model::Severity::kP2,
                       std::string metric = "error_rate", Time at = kNow) {
  model::Anomaly a;
  a.service = std::move(service);
  a.metric = std::move(metric);
  a.severity = severity;
  a.score = 5.0 - static_cast<double>(severity);
  a.sentence = "41 errors in 5 min where 3.2 are expected";
  a.at = at;
  a.window = {at - minutes(5), at};
  return a;
}

model::Group group(std::vector<model::Anomaly> anomalies) {
  model::Group g;
  g.onset = anomalies.front().window.from;
  for (const auto& a : anomalies) g.services.push_back(a.service);
  g.causes.push_back({.service = anomalies.front().service, .probability = 1});
  g.anomalies = std::move(anomalies);
  return g;
}

// What a store would keep: the incidents by id, and the kinds of events.
class History {
 public:
  Outcome step(std::vector<model::Group> groups, Time now) {
    std::vector<model::Incident> known;
    for (const auto& [id, incident] : incidents) known.push_back(incident);
    auto outcome = advance(known, groups, silences, settings, now);
    for (const auto& incident : outcome.changed) incidents[incident.id] = incident;
    for (const auto& event : outcome.events) kinds.push_back(event.kind);
    return outcome;
  }
  std::size_t active() const {
    return static_cast<std::size_t>(std::count_if(incidents.begin(), incidents.end(),
                                                  [](const auto& item) { return item.second.is_active(); }));
  }
  std::map<std::string, model::Incident> incidents;
  std::vector<std::string> kinds;
  std::vector<model::Silence> silences;
  Settings settings;
};

using Kinds = std::vector<std::string>;

TEST(Lifecycle, AGroupOpensOneIncidentNamedAsTheOriginalDid) {
  History h;
  const auto outcome =
      h.step({group({anomaly("payment-service", model::Severity::kP1), anomaly("gateway")})}, kNow);
  ASSERT_EQ(outcome.changed.size(), 1U);
  const auto& incident = outcome.changed.front();
  EXPECT_EQ(incident.dedup_key, anomaly("payment-service", model::Severity::kP1).dedup_key());
  EXPECT_EQ(incident.id, "INC-20260220192027-" + incident.dedup_key.substr(0, 8));
  EXPECT_EQ(incident.severity, model::Severity::kP1);
  EXPECT_EQ(h.kinds, Kinds{"opened"});
}

TEST(Lifecycle, TheSameTroubleAgainIsSuppressedAndCounted) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  const auto again = h.step({group({anomaly("a")})}, kNow + seconds(30));
  EXPECT_EQ(again.suppressed, 1);
  EXPECT_EQ(h.incidents.begin()->second.suppressed, 1);
  EXPECT_EQ(h.kinds, Kinds{"opened"});
}

TEST(Lifecycle, WorseSeverityEscalatesAndBetterDoesNothing) {
  History h;
  h.step({group({anomaly("a", model::Severity::kP3)})}, kNow);
  h.step({group({anomaly("a", model::Severity::kP1)})}, kNow + seconds(30));
  h.step({group({anomaly("a", model::Severity::kP4)})}, kNow + seconds(60));
  EXPECT_EQ(h.kinds, (Kinds{"opened", "escalated"}));
  EXPECT_EQ(h.incidents.begin()->second.severity, model::Severity::kP1);
}

TEST(Lifecycle, AnotherServiceOfTheGroupJoins) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  h.step({group({anomaly("a"), anomaly("b")})}, kNow + seconds(30));
  EXPECT_EQ(h.kinds, (Kinds{"opened", "updated"}));
  EXPECT_EQ(h.incidents.size(), 1U);
}

TEST(Lifecycle, CleanTimeResolvesAndARelapseReopens) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  h.step({}, kNow + minutes(9));
  EXPECT_EQ(h.active(), 1U);
  h.step({}, kNow + minutes(10));
  EXPECT_EQ(h.active(), 0U);
  h.step({group({anomaly("a", model::Severity::kP2, "error_rate", kNow + minutes(20))})}, kNow + minutes(20));
  EXPECT_EQ(h.kinds, (Kinds{"opened", "resolved", "reopened"}));
  EXPECT_EQ(h.incidents.size(), 1U);
}

model::Anomaly easing(model::Anomaly a) {
  a.easing = true;
  return a;
}

TEST(Lifecycle, TroubleAfterACalmIsARelapseThatIsTold) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  h.step({group({easing(anomaly("a"))})}, kNow + minutes(1));
  h.step({group({anomaly("a")})}, kNow + minutes(3));
  EXPECT_EQ(h.kinds, (Kinds{"opened", "reopened"}));
  EXPECT_EQ(h.incidents.begin()->second.reopened, 1);
}

TEST(Lifecycle, TroubleThatOnlyPausesForAMinuteIsNoRelapse) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  h.step({}, kNow + minutes(1));
  h.step({group({anomaly("a")})}, kNow + seconds(90));
  EXPECT_EQ(h.kinds, Kinds{"opened"});
}

TEST(Lifecycle, WhatStirsSmallAfterACalmIsARelapseOnceItWouldPage) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  h.step({group({anomaly("a", model::Severity::kP4)})}, kNow + minutes(4));
  EXPECT_EQ(h.kinds, Kinds{"opened"});
  h.step({group({anomaly("a", model::Severity::kP2)})}, kNow + minutes(5));
  EXPECT_EQ(h.kinds, (Kinds{"opened", "reopened"}));
}

TEST(Lifecycle, WhatIsOverOpensNothing) {
  History h;
  h.step({group({easing(anomaly("a"))})}, kNow);
  EXPECT_TRUE(h.incidents.empty());
}

TEST(Lifecycle, AWindowThatOnlyRemembersKeepsNothingOpen) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  for (int m = 1; m <= 11; ++m) h.step({group({easing(anomaly("a"))})}, kNow + minutes(m));
  EXPECT_EQ(h.active(), 0U);
  EXPECT_EQ(h.kinds, (Kinds{"opened", "resolved"}));
}

TEST(Lifecycle, TheLeadPassesOnlyToStrongerEvidence) {
  History h;
  auto by = [](const char* leader, double score) {
    auto g = group({anomaly("a"), anomaly("b")});
    g.causes = {{.service = leader, .probability = 1, .score = score}};
    return g;
  };
  h.step({by("a", 5)}, kNow);
  h.step({by("b", 2)}, kNow + seconds(30));
  EXPECT_EQ(h.incidents.begin()->second.causes.front().service, "a");
  h.step({by("b", 6)}, kNow + seconds(60));
  EXPECT_EQ(h.incidents.begin()->second.causes.front().service, "b");
}

TEST(Lifecycle, AfterTheCooldownItIsANewIncident) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  h.step({}, kNow + minutes(10));
  h.step({group({anomaly("a", model::Severity::kP2, "error_rate", kNow + minutes(41))})}, kNow + minutes(41));
  EXPECT_EQ(h.incidents.size(), 2U);
}

TEST(Lifecycle, UnrelatedGroupsStayApart) {
  History h;
  h.step({group({anomaly("a")}), group({anomaly("b")})}, kNow);
  EXPECT_EQ(h.active(), 2U);
}

TEST(Lifecycle, AGroupThatLinksTwoIncidentsMergesThemIntoTheOlder) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  const std::string older = h.incidents.begin()->first;
  h.step({group({anomaly("a")}), group({anomaly("b")})}, kNow + seconds(30));
  EXPECT_EQ(h.active(), 2U);
  h.step({group({anomaly("a"), anomaly("b")})}, kNow + seconds(60));
  EXPECT_EQ(h.active(), 1U);
  EXPECT_TRUE(h.incidents.at(older).is_active());
  const auto merged = std::find_if(h.incidents.begin(), h.incidents.end(),
                                   [&](const auto& item) { return item.first != older; });
  EXPECT_EQ(merged->second.merged_into, older);
}

TEST(Lifecycle, AMergeThatMakesTheOlderWorseEscalatesIt) {
  History h;
  h.step({group({anomaly("a", model::Severity::kP3)})}, kNow);
  h.step({group({anomaly("a", model::Severity::kP3)}), group({anomaly("b", model::Severity::kP1)})},
         kNow + seconds(30));
  const auto outcome = h.step(
      {group({anomaly("a", model::Severity::kP3), anomaly("b", model::Severity::kP1)})}, kNow + seconds(60));
  Kinds kinds;
  for (const auto& event : outcome.events) kinds.push_back(event.kind);
  EXPECT_EQ(kinds, (Kinds{"merged", "merged", "escalated"}));
}

TEST(Lifecycle, GroupsThatOnlyAPersonJoinedDoNotTakeTheCauseFromEachOther) {
  History h;
  h.step({group({anomaly("a")}), group({anomaly("b")})}, kNow);
  const auto into = h.incidents.begin()->second;
  const auto one =
      incidents::merge(std::next(h.incidents.begin())->second, into, "ada", "", kNow + seconds(10));
  ASSERT_TRUE(one);
  for (const auto& incident : one->changed) h.incidents[incident.id] = incident;
  h.step({group({anomaly("a")}), group({anomaly("b")})}, kNow + seconds(30));
  h.kinds.clear();
  for (int n = 2; n < 5; ++n) h.step({group({anomaly("a")}), group({anomaly("b")})}, kNow + n * seconds(30));
  EXPECT_EQ(h.kinds, Kinds{});
}

TEST(Lifecycle, WhatASilenceHidByItsPatternStaysHiddenWhenOtherLinesFollow) {
  History h;
  model::Silence silence;
  silence.id = "s-1";
  silence.starts_at = kNow - hours(1);
  silence.ends_at = kNow + hours(1);
  silence.pattern = "pool exhausted";
  h.silences.push_back(silence);
  auto logged = group({anomaly("a")});
  logged.patterns.push_back({.text = "connection pool exhausted after <num> ms"});
  h.step({logged}, kNow);
  logged.patterns.front().text = "retrying";
  h.step({logged}, kNow + seconds(30));
  EXPECT_EQ(h.kinds, (Kinds{"opened", "silenced"}));
}

TEST(Lifecycle, ARelapseWaitsForPeopleAnew) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  EXPECT_EQ(h.incidents.begin()->second.unattended_since, kNow);
  h.step({}, kNow + minutes(11));
  h.step({group({anomaly("a")})}, kNow + minutes(20));
  EXPECT_EQ(h.incidents.begin()->second.unattended_since, kNow + minutes(20));
}

TEST(Lifecycle, SilencedTroubleIsRecordedAndSaidOnce) {
  History h;
  h.silences.push_back(
      {.id = "s", .service = "a*", .starts_at = kNow - hours(1), .ends_at = kNow + hours(1)});
  h.step({group({anomaly("abc")})}, kNow);
  EXPECT_EQ(h.kinds, (Kinds{"opened", "silenced"}));
}

TEST(Lifecycle, ALateJudgementCorrectsTheOpenIncident) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  auto late = anomaly("a", model::Severity::kP1, "error_rate", kNow - minutes(1));
  late.late = true;
  h.step({group({late})}, kNow + seconds(30));
  EXPECT_EQ(h.incidents.size(), 1U);
  EXPECT_EQ(h.kinds, (Kinds{"opened", "escalated"}));
}

TEST(Lifecycle, PeopleAcknowledgeResolveAndComment) {
  History h;
  h.step({group({anomaly("a")})}, kNow);
  const auto incident = h.incidents.begin()->second;
  const auto seen = acknowledge(incident, "ana", "", kNow);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->changed.front().acknowledged_by, "ana");
  const auto done = resolve(seen->changed.front(), "ana", "rolled back", kNow);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->events.front().text, "rolled back");
  EXPECT_EQ(acknowledge(done->changed.front(), "bob", "", kNow).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(comment(incident, "bob", "", kNow).error().kind, ErrorKind::kInvalid);
}

// Random storms: groups over a few services, in any order.
std::vector<model::Group> random_groups(Rng& rng, Time now) {
  std::vector<std::string> services = {"a", "b", "c", "d", "e", "f"};
  std::vector<model::Group> groups;
  std::size_t at = 0;
  while (at < services.size()) {
    const auto size = static_cast<std::size_t>(rng.integer(1, 3));
    std::vector<model::Anomaly> members;
    for (std::size_t i = at; i < std::min(services.size(), at + size); ++i) {
      if (rng.chance(0.4))
        members.push_back(
            anomaly(services[i], static_cast<model::Severity>(rng.integer(1, 4)), "error_rate", now));
    }
    at += size;
    if (!members.empty()) groups.push_back(group(std::move(members)));
  }
  return groups;
}

TEST(Lifecycle, InRandomStormsNoServiceIsInTwoActiveIncidentsAndNoneIsWithoutAnomaly) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Rng rng(seed);
    History h;
    for (int tick = 0; tick < 200; ++tick) {
      const Time now = kNow + seconds(30 * tick);
      h.step(rng.chance(0.5) ? random_groups(rng, now) : std::vector<model::Group>(), now);
      std::set<std::pair<std::string, std::string>> seen;
      for (const auto& [id, incident] : h.incidents) {
        if (!incident.is_active()) continue;
        ASSERT_FALSE(incident.anomalies.empty());
        for (const auto& a : incident.anomalies)
          ASSERT_TRUE(seen.insert({a.service, a.metric}).second)
              << "seed " << seed << " tick " << tick << " " << a.service;
      }
    }
  }
}

TEST(Lifecycle, TheOrderOfGroupsDoesNotMatter) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    History forward;
    History backward;
    for (int tick = 0; tick < 50; ++tick) {
      const Time now = kNow + seconds(30 * tick);
      auto groups = random_groups(rng, now);
      forward.step(groups, now);
      std::reverse(groups.begin(), groups.end());
      backward.step(groups, now);
      ASSERT_EQ(forward.incidents.size(), backward.incidents.size()) << "seed " << seed;
      for (const auto& [id, incident] : forward.incidents) ASSERT_TRUE(backward.incidents.contains(id));
    }
  }
}

}  // namespace
}  // namespace sentinel::incidents
