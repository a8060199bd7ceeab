// What the engine shows of itself: a const whole, replaced after each tick. API and CLI read it from any
// thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "detect/source_watch.hpp"
#include "engine/traffic.hpp"
#include "model/anomaly.hpp"
#include "model/cause.hpp"
#include "model/incident.hpp"

namespace sentinel::engine {

// Telemetry that is missing, as people are told: "no documents from host-3 since 12:05".
struct TelemetryNotice {
  std::string source;  // a host; empty: the fleet, or services that fell silent together
  Time since;
  std::string text;
};

struct View {
  std::vector<std::string> services;      // known to detection, sorted
  std::vector<model::Anomaly> anomalies;  // as of the last tick
  std::optional<Time> last_tick;          // that succeeded
  std::optional<Time> blind_since;        // ticks have failed since then
  std::string blind_reason;
  std::optional<Time> telemetry_gap_since;      // the whole fleet has sent nothing since then
  std::vector<TelemetryNotice> telemetry_gaps;  // all of them, the fleet's first
  std::optional<Duration> ingest_lag;           // of the newest documents, largest in the last tick
  std::vector<detect::SourceReport> sources;    // who sends, how late, by name
  std::vector<std::pair<std::string, Duration>> stages;
  std::uint64_t ticks = 0;
  std::uint64_t failed_ticks = 0;
  std::uint64_t active_incidents = 0;
  // Who calls whom as learned over the last days (correlate/call_graph.hpp), counts decayed; never null.
  std::shared_ptr<const std::vector<model::Link>> calls = std::make_shared<const std::vector<model::Link>>();
  // What each service has sent lately, as of the last tick; never null, shared between views.
  std::shared_ptr<const FleetTraffic> traffic = std::make_shared<const FleetTraffic>();
};

// Who wants to know at once what the engine did. Called while a tick or command runs, so each function must
// be quick and must not call the engine back (view() excepted).
struct Listener {
  // After a commit: incidents as they are now, and what happened to them.
  std::function<void(const std::vector<model::Incident>&, const std::vector<model::IncidentEvent>&)> changed;
  // After each tick, a failed one too.
  std::function<void(const View&)> ticked;
};

}  // namespace sentinel::engine
