// From anomalies to outages: which anomalies belong together, and which service started it. Pure: the answer
// depends neither on the order of the input nor on how services are called (names only break exact ties).
//
// How groups are made: blame_graph.hpp. How causes are ranked: evidence.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/anomaly.hpp"
#include "model/cause.hpp"
#include "model/log_event.hpp"
#include "model/slice.hpp"

namespace sentinel::correlate {

struct Settings {
  Duration window = minutes(10);  // around the earliest anomaly; anomalies further apart are not one outage
  std::size_t max_events = 50;    // shown per group
  Duration slice = seconds(60);
};

struct TopologyEdge {
  std::string caller;
  std::string callee;
};

// Everything one correlation may look at; the engine fills it. Any order; every part may be empty: the fewer
// there are, the more the answer rests on the anomalies' own numbers.
struct Input {
  std::vector<model::Anomaly> anomalies;
  std::vector<model::LogEvent> events;         // warnings, errors (all services) and spans of the window
  std::vector<model::LogEvent> events_before;  // the same of a stretch before it, where the store can say
  std::vector<model::Pattern> patterns;        // of the window, with their change against the baseline
  std::vector<model::CallSlice> calls;         // outgoing calls of the window
  std::vector<model::CallSlice> calls_before;  // and of the baseline before it
  std::vector<model::Slice> slices;            // of the window and the baseline, all services
  std::vector<model::MetricSlice> metrics;     // of the window and the baseline, where there are any
  std::vector<TopologyEdge> topology;          // configured and learned
  std::vector<std::string> services;  // all known names: a name in a message is a link only if it is one of
                                      // these (names seen elsewhere in the input need not be repeated)
  // Trouble of an incident that is still open began here: everything since then is no baseline, and what is
  // older is, also where it is among the events and calls of the window.
  std::optional<Time> since;
  Time now;
};

// One group per outage; every anomaly is in exactly one. Groups by rising onset; within a group causes by
// falling probability. A cause may be a service without an anomaly, when the others blame it.
std::vector<model::Group> correlate(const Input& input, const Settings& settings);

}  // namespace sentinel::correlate
