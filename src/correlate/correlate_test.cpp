#include "correlate/correlate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "base/rng.hpp"
#include "correlate/diagnose.hpp"

namespace sentinel::correlate {
namespace {

using model::Group;
using model::Level;
using model::LogEvent;

const Time kNoon = time_from_micros(1'700'000'400'000'000);  // a slice border

// A small outage written down by hand: an hour of calm, then five minutes of trouble up to `kNoon`.
class Story {
 public:
  Story() { input.now = kNoon; }

  Time at(int seconds_before_noon) const { return kNoon - seconds(seconds_before_noon); }

  Story& anomaly(const std::string& service, double score, std::string metric = "error_rate") {
    model::Anomaly a;
    a.service = service;
    a.metric = std::move(metric);
    a.score = score;
    a.severity = model::Thresholds{}.severity_of(score).value_or(model::Severity::kP4);
    a.window = {kNoon - minutes(5), kNoon};
    a.horizon = minutes(5);
    a.observed = 30;
    a.expected = 1;
    a.at = kNoon;
    input.anomalies.push_back(a);
    return *this;
  }
  // `count` failing log lines, one every `every` seconds from `from` seconds before noon.
  Story& errors(const std::string& service, const std::string& message, int count, int from, int every = 3,
                const std::string& trace = "") {
    for (int i = 0; i < count; ++i) {
      LogEvent e;
      e.time = at(from) + seconds(every * i);
      e.service = service;
      e.message = message;
      e.level = Level::kError;
      if (!trace.empty()) e.trace_id = trace + std::to_string(i);
      input.events.push_back(e);
      slice(service, e.time).errors += 1;
    }
    return *this;
  }
  // An hour and the window of ordinary traffic.
  Story& traffic(const std::string& service, int docs_per_minute, double ms = 20) {
    for (int minute = 65; minute > 0; --minute) {
      auto& s = slice(service, at(60 * minute));
      s.docs += static_cast<std::uint64_t>(docs_per_minute);
      s.latency.add(model::latency_bin(ms), static_cast<std::uint32_t>(docs_per_minute));
    }
    return *this;
  }
  // One call per ten seconds, baseline and window: caller's entry, its client span, callee's entry.
  Story& call_spans(const std::string& caller, const std::string& callee, double caller_own_ms, double gap_ms,
                    double callee_ms, bool during) {
    for (int i = 0; i < 30; ++i) {
      const Time end = at(during ? 300 - 10 * i : 3600 - 10 * i);
      const std::string id = caller + callee + std::to_string(i) + (during ? "d" : "b");
      span(id + "1", "", caller, "", model::SpanKind::kServer, end, caller_own_ms + gap_ms + callee_ms,
           during);
      span(id + "2", id + "1", caller, callee, model::SpanKind::kClient, end, gap_ms + callee_ms, during);
      span(id + "3", id + "2", callee, "", model::SpanKind::kServer, end, callee_ms, during);
    }
    return *this;
  }
  void span(const std::string& id, const std::string& parent, const std::string& service,
            const std::string& peer, model::SpanKind kind, Time end, double ms, bool during) {
    LogEvent e;
    e.time = end;
    e.span_id = id;
    e.parent_id = parent;
    e.service = service;
    e.peer = peer;
    e.message = "GET /";
    e.span_kind = kind;
    e.is_span = true;
    e.level = Level::kInfo;
    e.duration_ms = static_cast<float>(ms);
    (during ? input.events : input.events_before).push_back(e);
  }

  std::vector<Group> groups() {
    input.slices.clear();
    for (const auto& [key, s] : slices_) input.slices.push_back(s);
    return correlate(input, Settings{});
  }

  Input input;

 private:
  model::Slice& slice(const std::string& service, Time t) {
    const Time start = align_down(t, seconds(60));
    auto& s = slices_[{start, service}];
    s.service = service;
    s.start = start;
    return s;
  }
  std::map<std::pair<Time, std::string>, model::Slice> slices_;
};

Story pool_exhaustion() {
  Story story;
  for (const auto* s : {"payment", "order", "gateway", "auth", "inventory"}) story.traffic(s, 12);
  story.errors("payment", "connection pool exhausted after 1800 ms", 60, 280);
  story.errors("order", "timeout after 15000 ms calling payment", 35, 250);
  story.errors("gateway", "502 from order: payment timed out", 20, 230);
  story.anomaly("payment", 14.2).anomaly("order", 22.4).anomaly("gateway", 25.4);
  return story;
}

const model::Cause& cause_of(const Group& group, const std::string& service) {
  return *std::ranges::find(group.causes, service, &model::Cause::service);
}

bool has_evidence(const model::Cause& cause, const std::string& kind) {
  return std::ranges::any_of(cause.evidence, [&](const auto& e) { return e.kind == kind; });
}

TEST(Correlate, NothingWrongMakesNoGroup) { EXPECT_TRUE(correlate(Input{}, Settings{}).empty()); }

// `count` services, each with a silence of its own that begins at the same moment.
std::size_t outages_of_silences(int count) {
  Story story;
  for (int i = 0; i < count; ++i) {
    const std::string service = "quiet-" + std::to_string(i);
    story.traffic(service, 12).anomaly(service, 5);
    story.input.anomalies.back().metric = model::kSilence;
  }
  return story.groups().size();
}

TEST(Correlate, ManyServicesThatFallQuietTogetherAreOneOutage) { EXPECT_EQ(outages_of_silences(4), 1U); }
TEST(Correlate, TwoThatFallQuietTogetherMayBeChance) { EXPECT_EQ(outages_of_silences(2), 2U); }

TEST(Correlate, PoolExhaustionIsOneOutageOfTheBlamedService) {
  const auto groups = pool_exhaustion().groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "payment");
  EXPECT_EQ(groups[0].anomalies.size(), 3U);
  EXPECT_EQ(groups[0].services[0], "payment");
  EXPECT_GT(groups[0].causes[0].probability, 0.6);
}

TEST(Correlate, BlameSentenceNamesTheShareAndTheCaller) {
  const auto groups = pool_exhaustion().groups();
  const auto& evidence = groups[0].causes[0].evidence;
  const auto blame = std::ranges::find(evidence, "blame", &model::Evidence::kind);
  ASSERT_NE(blame, evidence.end());
  EXPECT_NE(blame->sentence.find("failing messages of order name payment"), std::string::npos)
      << blame->sentence;
}

TEST(Correlate, ProbabilitiesSumToOneAndEvidenceIdsAreUnique) {
  const auto groups = pool_exhaustion().groups();
  double total = 0;
  std::set<std::string> ids;
  std::size_t count = 0;
  for (const auto& cause : groups[0].causes) {
    total += cause.probability;
    for (const auto& e : cause.evidence) ids.insert(e.id), ++count;
  }
  EXPECT_NEAR(total, 1.0, 1e-9);
  EXPECT_EQ(ids.size(), count);
}

TEST(Correlate, OnsetIsTheFirstFailingEvent) {
  Story story = pool_exhaustion();
  EXPECT_EQ(story.groups()[0].onset, story.at(280));
}

TEST(Correlate, EventsAreNewestFirstAndLimited) {
  const auto groups = pool_exhaustion().groups();
  ASSERT_EQ(groups[0].events.size(), Settings{}.max_events);
  EXPECT_TRUE(std::ranges::is_sorted(groups[0].events, std::ranges::greater{}, &LogEvent::time));
}

TEST(Correlate, TwoOutagesBelowOneGatewayStayApart) {
  Story story;
  for (const auto* s : {"gateway", "payment", "search"}) story.traffic(s, 20);
  story.errors("payment", "connection pool exhausted", 40, 280);
  story.errors("search", "index is read only", 30, 275);
  story.input.topology = {{"gateway", "payment"}, {"gateway", "search"}};
  story.anomaly("payment", 12).anomaly("search", 10);
  EXPECT_EQ(story.groups().size(), 2U);
}

TEST(Correlate, AGatewayHurtByTwoOutagesJoinsTheOneThatHurtsItMore) {
  Story story;
  for (const auto* s : {"gateway", "payment", "search"}) story.traffic(s, 20);
  story.errors("payment", "connection pool exhausted", 40, 280);
  story.errors("search", "index is read only", 30, 275);
  story.errors("gateway", "502 from payment", 30, 260);
  story.errors("gateway", "502 from search", 12, 255);
  story.anomaly("payment", 12).anomaly("search", 10).anomaly("gateway", 15);
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 2U);
  for (const auto& group : groups) {
    const bool has_gateway = std::ranges::find(group.services, "gateway") != group.services.end();
    EXPECT_EQ(has_gateway, group.causes[0].service == "payment");
  }
}

TEST(Correlate, AServiceThatOnlyCallsAnotherJoinsItWhenTheirTroubleBeganTogether) {
  Story story;
  for (const auto* s : {"cart", "store"}) story.traffic(s, 20);
  story.errors("store", "disk is full", 30, 280).errors("cart", "request failed", 20, 270);
  story.anomaly("store", 8).anomaly("cart", 9);
  EXPECT_EQ(story.groups().size(), 2U) << "nothing links them";
  story.input.topology = {{"cart", "store"}};
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "store");
}

TEST(Correlate, ACascadeOverFourServicesEndsAtTheDeepest) {
  Story story;
  for (const auto* s : {"front", "booking", "seats", "ledger"}) story.traffic(s, 20);
  story.errors("ledger", "deadlock detected", 25, 290);
  story.errors("seats", "call to ledger failed", 25, 285);
  story.errors("booking", "call to seats failed", 25, 280);
  story.errors("front", "call to booking failed", 25, 275);
  story.anomaly("front", 20).anomaly("booking", 18).anomaly("seats", 15).anomaly("ledger", 9);
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "ledger");
}

TEST(Correlate, SharedFailingTracesInTimeOrderLinkServicesThatNameNobody) {
  Story story;
  for (const auto* s : {"cart", "store"}) story.traffic(s, 20);
  story.errors("store", "disk is full", 20, 280, 3, "t").errors("cart", "request failed", 20, 279, 3, "t");
  story.anomaly("store", 8).anomaly("cart", 9);
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "store");
  ASSERT_EQ(groups[0].links.size(), 1U);
  EXPECT_EQ(groups[0].links[0].source, model::Link::Source::kTrace);
  EXPECT_EQ(groups[0].links[0].callee, "store");
}

TEST(Correlate, ASlowNetworkSeenOnlyByCallersIsTheCalledServicesOwn) {
  Story story;
  for (const bool during : {false, true}) {
    const double gap = during ? 200 : 1;
    story.call_spans("front", "ads", 5, gap, 3, during);
    story.call_spans("cart", "ads", 5, gap, 3, during);
    story.call_spans("front", "cart", 5, 1, 10, during);
  }
  story.anomaly("front", 8, "latency_p99").anomaly("cart", 7, "latency_p99");
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "ads");
  EXPECT_TRUE(has_evidence(groups[0].causes[0], "network"));
}

TEST(Correlate, ASlowNetworkOnAllCallsOfAServiceIsTheCallers) {
  Story story;
  for (const bool during : {false, true}) {
    const double gap = during ? 200 : 1;
    story.call_spans("cart", "ads", 5, gap, 3, during);
    story.call_spans("cart", "store", 5, gap, 3, during);
    story.call_spans("front", "ads", 5, 1, 3, during);
    story.call_spans("front", "store", 5, 1, 3, during);
    story.call_spans("front", "cart", 5, gap, 8, during);
  }
  story.anomaly("front", 8, "latency_p99").anomaly("cart", 7, "latency_p99");
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "cart");
}

TEST(Correlate, OwnTimeTellsTheSlowServiceFromTheOneThatWaitsForIt) {
  Story story;
  for (const bool during : {false, true}) story.call_spans("front", "ads", 5, 1, during ? 400 : 3, during);
  story.anomaly("front", 12, "latency_p99").anomaly("ads", 10, "latency_p99");
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "ads");
  EXPECT_TRUE(has_evidence(groups[0].causes[0], "own_latency"));
  EXPECT_FALSE(has_evidence(cause_of(groups[0], "front"), "own_latency"));
}

TEST(Correlate, ASilentServiceIsTheCauseWhenItsCallersTimeOut) {
  Story story;
  for (const auto* s : {"order", "payment"}) story.traffic(s, 20);
  story.errors("order", "timeout calling payment", 30, 270);
  story.anomaly("order", 12).anomaly("payment", 4, "silence");
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "payment");
}

TEST(Correlate, AServiceWithoutAnomalyIsACauseWhenTheOthersBlameIt) {
  Story story;
  story.traffic("order", 20).errors("order", "could not reach mail", 30, 270).anomaly("order", 12);
  story.input.services = {"order", "mail"};
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "mail");
}

TEST(Correlate, AnAnomalyWithoutAnyLinkIsItsOwnCause) {
  Story story;
  story.anomaly("solo", 5);
  const auto groups = story.groups();
  ASSERT_EQ(groups.size(), 1U);
  ASSERT_EQ(groups[0].causes.size(), 1U);
  EXPECT_EQ(groups[0].causes[0].service, "solo");
  EXPECT_DOUBLE_EQ(groups[0].causes[0].probability, 1.0);
  EXPECT_FALSE(groups[0].causes[0].evidence.empty());
}

TEST(Correlate, ANewVersionJustBeforeTheTroubleIsEvidence) {
  Story story;
  story.traffic("search", 20).errors("search", "index out of range", 30, 250).anomaly("search", 9);
  LogEvent old_version;
  old_version.time = story.at(1000);
  old_version.service = "search";
  old_version.version = "1.4.0";
  LogEvent new_version = old_version;
  new_version.time = story.at(290);
  new_version.version = "1.5.0";
  story.input.events.push_back(new_version);
  EXPECT_FALSE(has_evidence(story.groups()[0].causes[0], "deploy"))
      << "the first version ever seen is no deploy";
  story.input.events_before.push_back(old_version);
  EXPECT_TRUE(has_evidence(story.groups()[0].causes[0], "deploy"));
}

TEST(Correlate, OrderOfTheInputDoesNotMatter) {
  Story story = pool_exhaustion();
  const auto expected = story.groups();
  Rng rng(7);
  for (int round = 0; round < 5; ++round) {
    const auto shuffle = [&](auto& items) {
      for (std::size_t i = items.size(); i > 1; --i)
        std::swap(items[i - 1], items[static_cast<std::size_t>(rng.integer(0, static_cast<int>(i) - 1))]);
    };
    shuffle(story.input.events);
    shuffle(story.input.anomalies);
    const auto groups = story.groups();
    ASSERT_EQ(groups.size(), expected.size());
    ASSERT_EQ(groups[0].causes.size(), expected[0].causes.size());
    for (std::size_t i = 0; i < groups[0].causes.size(); ++i) {
      EXPECT_EQ(groups[0].causes[i].service, expected[0].causes[i].service);
      EXPECT_EQ(groups[0].causes[i].score, expected[0].causes[i].score);
    }
  }
}

TEST(Correlate, RenamingServicesOnlyRenamesTheAnswer) {
  const std::map<std::string, std::string> renamed = {{"payment", "zebra"},
                                                      {"order", "aardvark"},
                                                      {"gateway", "middle"},
                                                      {"auth", "xerxes"},
                                                      {"inventory", "beta"}};
  const auto replace = [&](std::string text) {
    for (const auto& [from, to] : renamed)
      for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
  };
  Story story = pool_exhaustion();
  const auto before = story.groups();
  for (auto& e : story.input.events) e.service = replace(e.service), e.message = replace(e.message);
  for (auto& a : story.input.anomalies) a.service = replace(a.service);
  for (auto& s : story.input.slices) s.service = replace(s.service);
  const auto after = correlate(story.input, Settings{});
  ASSERT_EQ(after.size(), before.size());
  ASSERT_EQ(after[0].causes.size(), before[0].causes.size());
  for (std::size_t i = 0; i < after[0].causes.size(); ++i) {
    EXPECT_EQ(after[0].causes[i].service, replace(before[0].causes[i].service));
    EXPECT_NEAR(after[0].causes[i].probability, before[0].causes[i].probability, 1e-12);
  }
}

TEST(Diagnose, RanksTheSlowServiceFirstWithoutAnyAnomaly) {
  Story story;
  for (const bool during : {false, true}) {
    story.call_spans("front", "ads", 5, 1, during ? 60 : 3, during);
    story.call_spans("front", "cart", 5, 1, 10, during);
  }
  const auto causes = diagnose(story.input, {kNoon - minutes(5), kNoon}, Settings{});
  ASSERT_EQ(causes.size(), 3U);
  EXPECT_EQ(causes[0].service, "ads");
}

}  // namespace
}  // namespace sentinel::correlate
