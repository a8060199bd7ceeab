// What correlation found: log patterns, links between services, ranked causes with their evidence, and the
// groups of anomalies that are one outage.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/anomaly.hpp"
#include "model/log_event.hpp"

namespace sentinel::model {

// A cluster of log messages that differ only in their variable parts.
struct Pattern {
  std::string id;    // stable across restarts: derived from the first template and service-independent
  std::string text;  // "connection pool exhausted after <num> ms"
  Level level = Level::kNone;      // the worst seen
  std::uint64_t count = 0;         // in the window
  double baseline_per_window = 0;  // expected in a window of the same length
  Time first_seen;
  Time last_seen;
  std::map<std::string, std::uint64_t> services;  // count by service, in the window
  std::string example;                            // one raw message
  enum class Change : std::uint8_t { kSteady, kNew, kMore, kLess, kGone } change = Change::kSteady;
};
std::string_view to_string(Pattern::Change change);

// A directed observation "caller depends on callee", with how it is known.
struct Link {
  std::string caller;
  std::string callee;
  enum class Source : std::uint8_t { kSpan, kTrace, kMention, kTopology } source = Source::kSpan;
  double calls = 0;  // observations in the window
  double errors = 0;
  double blame = 0;  // how much the caller's trouble points at the callee, 0..1
  Time last_seen;
};
std::string_view to_string(Link::Source source);

// One reason why a service is (or is not) the cause. `id` is cited by the report, the page and the analysis.
struct Evidence {
  std::string id;    // "E1", "E2", ...: unique within the group
  std::string kind;  // catalogue row: "onset", "blame", "own_latency", "severity", "new_pattern", ...
  std::string service;
  std::string sentence;  // "its errors began 40 s before any other service's"
  double weight = 0;     // contribution to the score; negative speaks against
};

struct Cause {
  std::string service;
  double probability = 0;  // over the causes of the group, sums to 1
  double score = 0;
  Time onset;  // first sign of trouble
  std::vector<Evidence> evidence;
};

// Anomalies that belong to one outage. `services` are all affected ones, the leading cause first.
struct Group {
  std::vector<Anomaly> anomalies;
  std::vector<std::string> services;
  std::vector<Cause> causes;      // by falling probability, never empty
  std::vector<Link> links;        // among the services of the group
  std::vector<Pattern> patterns;  // by falling interest
  std::vector<LogEvent> events;   // correlated warnings and errors, newest first
  Time onset;                     // of the earliest sign

  Severity severity() const;  // the worst anomaly's
};

}  // namespace sentinel::model
