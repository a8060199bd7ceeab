#include "incidents/commands.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sentinel::incidents {
namespace {

const Time kNow = *parse_rfc3339("2026-02-20T19:20:27Z");

model::Anomaly anomaly(const std::string& service, model::Severity severity = model::Severity::kP2) {
  model::Anomaly a;
  a.service = service;
  a.metric = "error_rate";
  a.severity = severity;
  a.score = 4;
  a.sentence = "41 errors in 5 min where 3.2 are expected";
  a.at = kNow;
  a.window = {kNow - minutes(5), kNow};
  return a;
}

model::Group group(const std::vector<std::string>& services) {
  model::Group g;
  g.onset = kNow - minutes(5);
  g.services = services;
  g.causes.push_back({.service = services.front(), .probability = 1});
  for (const auto& service : services) g.anomalies.push_back(anomaly(service));
  return g;
}

// A store as far as undo needs one: incidents, and histories with numbers.
class World {
 public:
  void take(const Outcome& outcome) {
    for (const auto& incident : outcome.changed) incidents[incident.id] = incident;
    for (auto event : outcome.events) {
      auto& timeline = timelines[event.incident_id];
      event.number = static_cast<std::int64_t>(timeline.size()) + 1;
      timeline.push_back(std::move(event));
    }
  }
  void tick(const std::vector<model::Group>& groups, Time now) {
    std::vector<model::Incident> known;
    for (const auto& [id, incident] : incidents) known.push_back(incident);
    take(advance(known, groups, silences, settings, now));
  }
  std::string opened(const std::vector<std::string>& services, Time now = kNow) {
    const auto before = incidents;
    tick({group(services)}, now);
    for (const auto& [id, incident] : incidents) {
      if (!before.contains(id)) return id;
    }
    return "";
  }
  Result<void> undone(const std::string& id) {
    const auto find = [&](const std::string& other) -> std::optional<model::Incident> {
      const auto found = incidents.find(other);
      return found == incidents.end() ? std::nullopt : std::optional(found->second);
    };
    auto outcome = undo(incidents.at(id), timelines[id], find, "ada", "", kNow + minutes(2));
    if (!outcome) return tl::unexpected<Error>(outcome.error());
    take(*outcome);
    return {};
  }
  int said(const std::string& kind) const {
    int count = 0;
    for (const auto& [id, timeline] : timelines) {
      for (const auto& event : timeline) count += event.kind == kind ? 1 : 0;
    }
    return count;
  }
  std::map<std::string, model::Incident> incidents;
  std::map<std::string, std::vector<model::IncidentEvent>> timelines;
  std::vector<model::Silence> silences;
  Settings settings;
};

TEST(Merge, TheSurvivorHoldsAllAnomaliesAndTheOtherOneEnds) {
  World w;
  const auto a = w.opened({"payment"});
  const auto b = w.opened({"search"}, kNow + minutes(5));
  const auto merged =
      incidents::merge(w.incidents.at(b), w.incidents.at(a), "ada", "same pool", kNow + minutes(6));
  ASSERT_TRUE(merged) << merged.error().text();
  EXPECT_EQ(merged->changed.front().id, a);
  EXPECT_EQ(merged->changed.front().anomalies.size(), 2U);
  EXPECT_EQ(merged->changed.back().merged_into, a);
  EXPECT_FALSE(merged->changed.back().is_active());
  EXPECT_EQ(merged->events.front().actor, "ada");
}

TEST(Merge, AResolvedIncidentTakesNoActiveOne) {
  World w;
  const auto a = w.opened({"payment"});
  const auto b = w.opened({"search"}, kNow + minutes(5));
  w.take(*resolve(w.incidents.at(a), "ada", "", kNow + minutes(6)));
  EXPECT_EQ(incidents::merge(w.incidents.at(b), w.incidents.at(a), "ada", "", kNow).error().kind,
            ErrorKind::kConflict);
  EXPECT_EQ(incidents::merge(w.incidents.at(b), w.incidents.at(b), "ada", "", kNow).error().kind,
            ErrorKind::kInvalid);
}

TEST(Undo, OfAMergeBringsBothBackAndKeepsThemApart) {
  World w;
  const auto a = w.opened({"payment"});
  const auto b = w.opened({"search"}, kNow + minutes(1));
  const auto before = w.incidents.at(a);
  w.take(*incidents::merge(w.incidents.at(b), w.incidents.at(a), "ada", "", kNow + minutes(1)));
  ASSERT_TRUE(w.undone(a));
  EXPECT_EQ(w.incidents.at(a).services, before.services);
  EXPECT_EQ(w.incidents.at(a).anomalies.size(), 1U);
  EXPECT_TRUE(w.incidents.at(b).is_active());
  // A group that spans both would have merged them.
  w.tick({group({"payment", "search"})}, kNow + minutes(3));
  EXPECT_TRUE(w.incidents.at(a).is_active());
  EXPECT_TRUE(w.incidents.at(b).is_active());
  EXPECT_EQ(w.incidents.at(b).anomalies.size(), 1U);
}

TEST(Undo, OfAMergeThatCorrelationMade) {
  World w;
  const auto a = w.opened({"payment"});
  const auto b = w.opened({"search"}, kNow + minutes(1));
  w.tick({group({"payment", "search"})}, kNow + minutes(1));
  ASSERT_FALSE(w.incidents.at(b).is_active());
  ASSERT_TRUE(w.undone(b));
  EXPECT_TRUE(w.incidents.at(b).is_active());
}

TEST(Split, TheNamedServicesGetAnIncidentOfTheirOwn) {
  World w;
  const auto a = w.opened({"payment", "search"});
  const auto parted =
      split(w.incidents.at(a), std::vector<std::string>{"search"}, "ada", "", kNow + minutes(1));
  ASSERT_TRUE(parted) << parted.error().text();
  EXPECT_EQ(parted->changed.front().services, std::vector<std::string>{"search"});
  EXPECT_EQ(parted->changed.back().services, std::vector<std::string>{"payment"});
  w.take(*parted);
  w.tick({group({"payment", "search"})}, kNow + minutes(2));
  int active = 0;
  for (const auto& [id, incident] : w.incidents) active += incident.is_active() ? 1 : 0;
  EXPECT_EQ(active, 2);
  ASSERT_TRUE(w.undone(a));
  EXPECT_EQ(w.incidents.at(a).anomalies.size(), 2U);
}

TEST(Split, LeavesSomethingAndTakesOnlyWhatIsThere) {
  World w;
  const auto a = w.opened({"payment", "search"});
  const auto& incident = w.incidents.at(a);
  EXPECT_EQ(split(incident, std::vector<std::string>{"gateway"}, "ada", "", kNow).error().kind,
            ErrorKind::kInvalid);
  EXPECT_EQ(split(incident, std::vector<std::string>{"payment", "search"}, "ada", "", kNow).error().kind,
            ErrorKind::kInvalid);
}

TEST(Undo, TakesBackTheNewestOnceAndThenTheOneBefore) {
  World w;
  const auto a = w.opened({"payment"});
  w.take(*acknowledge(w.incidents.at(a), "ada", "", kNow));
  w.take(*resolve(w.incidents.at(a), "ada", "", kNow));
  ASSERT_TRUE(w.undone(a));
  EXPECT_EQ(w.incidents.at(a).state, model::IncidentState::kAcknowledged);
  ASSERT_TRUE(w.undone(a));
  EXPECT_EQ(w.incidents.at(a).state, model::IncidentState::kOpen);
  EXPECT_EQ(w.undone(a).error().kind, ErrorKind::kConflict);
}

TEST(Reopen, OnlyWhatIsResolvedAndStandsForItself) {
  World w;
  const auto a = w.opened({"payment"});
  EXPECT_EQ(reopen(w.incidents.at(a), "ada", "", kNow).error().kind, ErrorKind::kConflict);
  w.take(*resolve(w.incidents.at(a), "ada", "", kNow));
  const auto again = reopen(w.incidents.at(a), "ada", "still slow", kNow + minutes(1));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->changed.front().state, model::IncidentState::kOpen);
  EXPECT_EQ(again->events.front().text, "still slow");
}

TEST(Flapping, TheThirdRelapseMarksItAndAsksForALongerCleanTime) {
  World w;
  Time now = kNow;
  const auto a = w.opened({"payment"}, now);
  for (int relapse = 0; relapse < 3; ++relapse) {
    now += minutes(11);
    w.tick({}, now);
    ASSERT_FALSE(w.incidents.at(a).is_active()) << relapse;
    now += minutes(1);
    w.tick({group({"payment"})}, now);
  }
  EXPECT_TRUE(w.incidents.at(a).flapping);
  EXPECT_EQ(w.said("flapping"), 1);
  EXPECT_EQ(w.incidents.size(), 1U);
  w.tick({}, now + minutes(11));
  EXPECT_TRUE(w.incidents.at(a).is_active());
  w.tick({}, now + minutes(31));
  EXPECT_FALSE(w.incidents.at(a).is_active());
}

TEST(Silences, OneThatEndsWhileTheIncidentIsOpenAnnouncesIt) {
  World w;
  w.silences.push_back({.id = "s-1", .service = "pay*", .starts_at = kNow, .ends_at = kNow + minutes(5)});
  const auto a = w.opened({"payment"});
  EXPECT_EQ(w.incidents.at(a).silenced_by, "s-1");
  w.tick({group({"payment"})}, kNow + minutes(5));
  EXPECT_EQ(w.incidents.at(a).silenced_by, "");
  EXPECT_EQ(w.said("announced"), 1);
}

TEST(Silences, AServiceThatNoneCoversAnnouncesTheWholeIncident) {
  World w;
  w.silences.push_back({.id = "s-1", .service = "pay*", .starts_at = kNow, .ends_at = kNow + hours(5)});
  const auto a = w.opened({"payment"});
  w.tick({group({"payment", "orders"})}, kNow + minutes(1));
  EXPECT_EQ(w.incidents.at(a).silenced_by, "");
}

TEST(Silences, APatternHidesOnlyOutagesThatLogIt) {
  World w;
  w.silences.push_back(
      {.id = "s-1", .starts_at = kNow, .ends_at = kNow + hours(5), .pattern = "pool exhausted"});
  auto logged = group({"payment"});
  logged.patterns.push_back({.id = "p", .text = "connection pool exhausted after <num> ms"});
  w.tick({logged, group({"search"})}, kNow);
  for (const auto& [id, incident] : w.incidents)
    EXPECT_EQ(incident.silenced_by.empty(), incident.services.front() == "search") << id;
}

TEST(SuggestedMerge, TwoThatBeganTogetherAreSuggestedOnce) {
  World w;
  w.tick({group({"payment"}), group({"search"})}, kNow);
  w.tick({group({"payment"}), group({"search"})}, kNow + seconds(30));
  EXPECT_EQ(w.said("suggested"), 1);
  int active = 0;
  for (const auto& [id, incident] : w.incidents) active += incident.is_active() ? 1 : 0;
  EXPECT_EQ(active, 2);
}

}  // namespace
}  // namespace sentinel::incidents
