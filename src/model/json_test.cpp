#include "model/json.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/rng.hpp"

namespace sentinel::model {
namespace {

using nlohmann::json;

// The fields a shipper sent along: equal as JSON, whatever their order and spacing.
json as_json(const std::string& extra) {
  json parsed = json::parse(extra, nullptr, false);
  return parsed.is_object() ? parsed : json(extra);
}

// Every field of a value, compared one by one. The structured bindings do not compile when a struct gains a
// field, so that no new field can be forgotten in the JSON unnoticed.
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b);
bool same(const Anomaly& a, const Anomaly& b) {
  const auto fields = [](const Anomaly& x) {
    const auto& [service, metric, severity, score, observed, expected, stddev, low, high, ratio, docs, window,
                 horizon, channel, sentence, at, late, easing] = x;
    return std::tie(service, metric, severity, score, observed, expected, stddev, low, high, ratio, docs,
                    window, horizon, channel, sentence, at, late, easing);
  };
  return fields(a) == fields(b);
}
bool same(const LogEvent& a, const LogEvent& b) {
  const auto fields = [](const LogEvent& x) {
    const auto& [time, ingested, service, message, trace, span, parent, peer, host, version, extra, duration,
                 status, level, kind, is_span] = x;
    // NaN (no duration) is unequal to itself.
    return std::tuple(time, ingested, service, message, trace, span, parent, peer, host, version,
                      as_json(extra), x.has_duration(), x.has_duration() ? duration : 0.0F, status, level,
                      kind, is_span);
  };
  return fields(a) == fields(b);
}
bool same(const Pattern& a, const Pattern& b) {
  const auto fields = [](const Pattern& x) {
    const auto& [id, text, level, count, baseline, first, last, services, example, change] = x;
    return std::tie(id, text, level, count, baseline, first, last, services, example, change);
  };
  return fields(a) == fields(b);
}
bool same(const Link& a, const Link& b) {
  const auto fields = [](const Link& x) {
    const auto& [caller, callee, source, calls, errors, blame, last] = x;
    return std::tie(caller, callee, source, calls, errors, blame, last);
  };
  return fields(a) == fields(b);
}
bool same(const Evidence& a, const Evidence& b) {
  const auto fields = [](const Evidence& x) {
    const auto& [id, kind, service, sentence, weight] = x;
    return std::tie(id, kind, service, sentence, weight);
  };
  return fields(a) == fields(b);
}
bool same(const Cause& a, const Cause& b) {
  const auto& [service, probability, score, onset, evidence] = a;
  return std::tie(service, probability, score, onset) ==
             std::tie(b.service, b.probability, b.score, b.onset) &&
         same(evidence, b.evidence);
}
bool same(const RunbookMatch& a, const RunbookMatch& b) {
  const auto& [runbook, score, reasons] = a;
  return runbook == b.runbook && score == b.score && reasons == b.reasons;
}
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same(x, y); });
}
bool same(const std::optional<Analysis>& a, const std::optional<Analysis>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  const auto fields = [](const Analysis& x) {
    const auto& [cause, confidence, steps, services, summary, source, note, claims, model_note] = x;
    return std::tie(cause, confidence, steps, services, summary, source, note, claims, model_note);
  };
  return fields(*a) == fields(*b);
}
bool same(const Incident& a, const Incident& b) {
  const auto plain = [](const Incident& x) {
    const auto& [id, title, severity, state, created, updated, resolved, onset, last_bad, relapsed, stirred,
                 key, services, anomalies, causes, links, patterns, events, runbooks, analysis, deterministic,
                 suppressed, reopened, who, flapping, silenced, suggestion, apart, unattended, merged] = x;
    return std::tie(id, title, severity, state, created, updated, resolved, onset, last_bad, relapsed,
                    stirred, key, services, suppressed, reopened, who, flapping, silenced, suggestion, apart,
                    unattended, merged);
  };
  return plain(a) == plain(b) && same(a.anomalies, b.anomalies) && same(a.causes, b.causes) &&
         same(a.links, b.links) && same(a.patterns, b.patterns) && same(a.events, b.events) &&
         same(a.runbooks, b.runbooks) && same(a.analysis, b.analysis) &&
         same(a.deterministic, b.deterministic);
}

// Draws values as a fleet could produce them, odd text and extreme numbers included.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : rng_(seed) {}

  Incident incident() {
    Incident i;
    i.id = text();
    i.title = text();
    i.severity = static_cast<Severity>(rng_.integer(1, 4));
    i.state = static_cast<IncidentState>(rng_.integer(0, 2));
    i.created_at = time();
    i.updated_at = time();
    if (rng_.chance(0.5)) i.resolved_at = time();
    if (rng_.chance(0.5)) i.relapsed_at = time();
    if (rng_.chance(0.5)) i.stirred_at = time();
    if (rng_.chance(0.5)) i.unattended_since = time();
    i.onset = time();
    i.last_bad_at = time();
    i.dedup_key = text();
    i.services = texts();
    i.anomalies = some<Anomaly>([&] { return anomaly(); });
    i.causes = some<Cause>([&] {
      return Cause{text(), number(), number(), time(), some<Evidence>([&] {
                     return Evidence{text(), text(), text(), text(), number()};
                   })};
    });
    i.links = some<Link>([&] {
      return Link{text(),   text(), static_cast<Link::Source>(rng_.integer(0, 3)), number(), number(),
                  number(), time()};
    });
    i.patterns = some<Pattern>([&] { return pattern(); });
    i.events = some<LogEvent>([&] { return event(); });
    i.runbooks = some<RunbookMatch>([&] { return RunbookMatch{runbook(), number(), texts()}; });
    if (rng_.chance(0.5)) i.analysis = analysis();
    if (rng_.chance(0.5)) i.deterministic = analysis();
    i.suppressed = static_cast<int>(rng_.integer(0, 1000));
    i.reopened = static_cast<int>(rng_.integer(0, 3));
    i.acknowledged_by = text();
    i.merged_into = text();
    return i;
  }

 private:
  std::string text() {
    static const char* const kTexts[] = {"",
                                         "payment-service",
                                         "\xC3\xBC\xE6\xBC\xA2\xF0\x9F\x94\xA5",
                                         "quote \" back \\ slash \n tab \t end",
                                         "\x01\x1F\x7F control",
                                         "{\"looks\": \"like json\"}"};
    return kTexts[rng_.integer(0, 5)];
  }
  std::vector<std::string> texts() {
    return some<std::string>([&] { return text(); });
  }
  Analysis analysis() {
    return {text(),
            static_cast<Confidence>(rng_.integer(0, 2)),
            texts(),
            texts(),
            text(),
            text(),
            text(),
            some<Claim>([&] {
              return Claim{text(), some<Citation>([&] { return Citation{text(), text()}; }), texts()};
            }),
            text()};
  }
  double number() {
    const double numbers[] = {0, -1.5, 1e-300, 1e300, 0.1, rng_.normal()};
    return numbers[rng_.integer(0, 5)];
  }
  Time time() { return time_from_micros(rng_.integer(-2'000'000'000'000'000, 9'000'000'000'000'000)); }
  std::uint64_t count() {
    return rng_.chance(0.1) ? std::numeric_limits<std::uint64_t>::max()
                            : static_cast<std::uint64_t>(rng_.integer(0, 1'000'000));
  }
  Anomaly anomaly() {
    Anomaly a;
    a.service = text();
    a.metric = text();
    a.severity = static_cast<Severity>(rng_.integer(1, 4));
    a.score = number();
    a.observed = number();
    a.expected = number();
    a.stddev = number();
    if (rng_.chance(0.5)) a.band_low = number();
    if (rng_.chance(0.5)) a.band_high = number();
    a.ratio = number();
    a.docs = count();
    a.window = {time(), time()};
    a.horizon = Duration(rng_.integer(0, 86'400'000'000));
    a.channel = text();
    a.sentence = text();
    a.at = time();
    a.late = rng_.chance(0.5);
    a.easing = rng_.chance(0.5);
    return a;
  }
  Pattern pattern() {
    Pattern p{
        text(), text(), static_cast<Level>(rng_.integer(0, 6)),          count(), number(), time(), time(),
        {},     text(), static_cast<Pattern::Change>(rng_.integer(0, 4))};
    for (const auto& service : texts()) p.services[service] = count();
    return p;
  }
  LogEvent event() {
    LogEvent e;
    e.time = time();
    if (rng_.chance(0.5)) e.ingested = time();
    for (std::string* field :
         {&e.service, &e.message, &e.trace_id, &e.span_id, &e.parent_id, &e.peer, &e.host, &e.version})
      *field = text();
    const char* extras[] = {"", R"({"a":1,"z":[true,null]})", R"({"z":1, "a": 2})", "no json", "[1]"};
    e.extra = extras[rng_.integer(0, 4)];
    if (rng_.chance(0.5)) e.duration_ms = static_cast<float>(rng_.uniform(0, 1e6));
    e.status_code = static_cast<std::int16_t>(rng_.integer(0, 599));
    e.level = static_cast<Level>(rng_.integer(0, 6));
    e.span_kind = static_cast<SpanKind>(rng_.integer(0, 5));
    e.is_span = rng_.chance(0.5);
    return e;
  }
  Runbook runbook() { return {"rb-" + text(), "t" + text(), text(), texts(), text(), texts(), texts()}; }
  template <class T, class Make>
  std::vector<T> some(Make make) {
    std::vector<T> items;
    for (auto n = rng_.integer(0, 3); n > 0; --n) items.push_back(make());
    return items;
  }

  Rng rng_;
};

TEST(IncidentJson, ToTextAndBackGivesAnEqualValue) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const Incident incident = Draw(seed).incident();
    const auto parsed = parse_json(to_json(incident).dump());
    ASSERT_TRUE(parsed) << "seed " << seed << ": " << parsed.error().text();
    const auto back = incident_from_json(*parsed);
    ASSERT_TRUE(back) << "seed " << seed << ": " << back.error().text();
    ASSERT_TRUE(same(incident, *back)) << "seed " << seed << "\n"
                                       << to_json(incident).dump() << "\n"
                                       << to_json(*back).dump();
  }
}

TEST(IncidentJson, CarriesTheFieldsOfTheOriginal) {
  Incident incident;
  incident.analysis = Analysis{.root_cause = "pool", .confidence = Confidence::kHigh};
  incident.anomalies.emplace_back();
  incident.events.emplace_back();
  incident.runbooks.emplace_back();
  const json j = to_json(incident);
  struct Row {
    const char* part;
    const json& object;
    std::vector<const char*> fields;
  };
  const Row rows[] = {
      {"incident",
       j,
       {"id", "title", "severity", "created_at", "dedup_key", "services", "anomaly_count", "has_analysis",
        "root_cause", "confidence", "anomalies", "correlated_events", "matched_runbooks", "analysis"}},
      {"anomaly",
       j["anomalies"][0],
       {"service", "metric", "current_value", "baseline_mean", "baseline_stddev", "z_score", "severity",
        "timestamp"}},
      {"event", j["correlated_events"][0], {"service", "level", "message", "timestamp", "trace_id"}},
      {"runbook",
       j["matched_runbooks"][0],
       {"title", "root_cause", "resolution_steps", "services_affected", "score"}},
      {"analysis",
       j["analysis"],
       {"root_cause", "confidence", "remediation_steps", "affected_services", "summary"}},
  };
  for (const Row& row : rows) {
    for (const char* field : row.fields) EXPECT_TRUE(row.object.contains(field)) << row.part << "." << field;
  }
}

TEST(IncidentJson, UnknownFieldsAreIgnored) {
  const Incident incident = Draw(3).incident();
  json j = to_json(incident);
  j["of_a_newer_version"] = {{"deep", {1, 2}}};
  const auto back = incident_from_json(j);
  ASSERT_TRUE(back);
  EXPECT_TRUE(same(incident, *back));
}

TEST(IncidentJson, AWrongTypeIsRefusedWithItsPath) {
  struct Row {
    const char* about;
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {"a list instead of an object", "[]", "must be an object"},
      {"a number for a text", R"({"title":7})", "title: must be a string"},
      {"a severity out of its set", R"({"severity":"P9"})", "severity: must be P1 to P4"},
      {"a text for a time", R"({"created_at":"soon"})", "created_at: must be an RFC 3339 time"},
      {"inside a list", R"({"anomalies":[{},{"z_score":"high"}]})", "anomalies[1].z_score: must be a number"},
      {"two lists deep", R"({"causes":[{"evidence":[{"weight":true}]}]})",
       "causes[0].evidence[0].weight: must be a number"},
      {"inside an object", R"({"analysis":{"summary":1}})", "analysis.summary: must be a string"},
      {"an item of a list of strings", R"({"services":["a",2]})", "services: must be a list of strings"},
      {"a fraction for a count", R"({"suppressed":1.5})", "suppressed: must be a whole number"},
      {"a negative count", R"({"anomalies":[{"docs":-1}]})", "anomalies[0].docs: must be a whole number"},
      {"a number beyond its type", R"({"correlated_events":[{"status_code":70000}]})",
       "correlated_events[0].status_code: must be a whole number"},
      {"a length of time beyond all clocks", R"({"anomalies":[{"horizon_seconds":1e300}]})",
       "anomalies[0].horizon_seconds: must be a number of seconds"},
      {"a count in a table", R"({"patterns":[{"services":{"a":-3}}]})",
       "patterns[0].services: must be an object of counts"},
      {"a match without its runbook's title", R"({"matched_runbooks":[{"score":1}]})",
       "matched_runbooks[0].title: must be a text that is not empty"},
  };
  for (const Row& row : rows) {
    const auto read = incident_from_json(json::parse(row.text));
    ASSERT_FALSE(read) << row.about;
    EXPECT_EQ(read.error().kind, ErrorKind::kInvalid) << row.about;
    EXPECT_NE(read.error().message.find(row.error), std::string::npos)
        << row.about << ": " << read.error().message;
  }
}

// A document may nest as deep as its shipper likes; what is kept of it must stay readable.
TEST(LogEventJson, DeepExtraFieldsStayReadable) {
  Incident incident;
  incident.events.emplace_back();
  incident.events[0].extra = "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  const auto parsed = parse_json(to_json(incident).dump());
  ASSERT_TRUE(parsed) << parsed.error().text();
  const auto back = incident_from_json(*parsed);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->events[0].extra, incident.events[0].extra);
}

TEST(ParseJson, AFailureNamesTheByte) {
  const auto parsed = parse_json(R"({"a": nope})");
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("byte 8"), std::string::npos) << parsed.error().message;
}

TEST(ParseJson, RefusesWhatIsNotOneDocument) {
  for (const char* text : {"", "{", "[1,]", "{} {}", "{\"a\":1e999}", "\"\xFF\"", "nul"}) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalid) << text;
  }
}

TEST(ParseJson, AllowsAHundredLevelsAndNoMore) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(100)));
  const auto refused = parse_json(nested(101));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "no JSON: byte 101: nested deeper than 100 levels");
  EXPECT_FALSE(parse_json(std::string(2'000'000, '[')));
}

TEST(ParseJson, BracketsInsideStringsDoNotNest) {
  EXPECT_TRUE(parse_json("[\"" + std::string(500, '[') + "\\\"" + std::string(500, '{') + "\"]"));
}

}  // namespace
}  // namespace sentinel::model
