// The input boiled down to numbers per service and per call edge: what happened in the bad stretch, and what
// the baseline before it would have made of the same length of time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "correlate/correlate.hpp"
#include "correlate/request_work.hpp"
#include "correlate/shift.hpp"

namespace sentinel::correlate {

struct MetricFact {
  std::string metric;
  double mean = 0;
  double mean_before = 0;
  double z = 0;  // over the baseline's deviation, in which 10 % of the mean are always taken for noise
};

struct ServiceFacts {
  std::string name;
  std::vector<std::size_t> anomalies;  // indices into the input
  double score = 0;                    // the worst anomaly's
  double docs = 0;
  double docs_before = 0;  // expected in a stretch of the same length
  double docs_lately = 0;  // the same from the minutes just before alone, where there are any
  double errors = 0;
  double errors_before = 0;
  double failing_events = 0;   // warnings, errors and failed spans among the events
  double traced_failures = 0;  // traces in which it failed
  Shift latency;               // entry to answer, callees included
  Shift own;                   // the same without the time spent waiting for callees
  double own_excess_ms = 0;    // milliseconds lost in its own work, callees' losses left out
  ServiceWork work;            // per request
  std::optional<Time> onset;   // first sign of trouble
  std::vector<MetricFact> metrics;
  std::vector<std::size_t> patterns;  // changed patterns, indices into the input
  std::optional<Time> deployed;       // first event of a version that the earlier events do not have
  std::string version;

  bool only_silent = false;  // it has anomalies, and all are silences
  bool anomalous() const { return !anomalies.empty(); }
};

struct EdgeFacts {
  std::size_t caller = 0;
  std::size_t callee = 0;
  double calls = 0;
  double calls_before = 0;  // expected in a stretch of the same length
  double errors = 0;
  double errors_before = 0;
  Shift client;               // durations as the caller saw them
  Shift gap;                  // the part of them that the callee's own span does not account for
  double mentions = 0;        // failing messages of the caller that name the callee
  double first_failures = 0;  // traces in which both failed, the callee first
  double traces = 0;          // traces that link them in time order, without parent links
  bool span = false;
  bool topology = false;
  std::optional<Time> last_seen;
};

struct Facts {
  std::vector<ServiceFacts> services;         // by name
  std::vector<EdgeFacts> edges;               // by (caller, callee)
  std::vector<std::vector<std::size_t>> out;  // per service: indices of the edges on which it calls
  std::vector<std::vector<std::size_t>> in;   // and on which it is called
  model::TimeRange during;
  Duration resolution{};       // of the telemetry: onsets closer than that are one moment
  bool only_failures = false;  // what was noticed are failures alone, nothing slow or silent

  std::optional<std::size_t> index_of(const std::string& service) const;
};

Facts gather(const Input& input, model::TimeRange during, const Settings& settings);

}  // namespace sentinel::correlate
