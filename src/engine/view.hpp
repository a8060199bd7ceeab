// What the engine shows of itself: a const whole, replaced after each tick. API and CLI read it from any
// thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "detect/source_watch.hpp"
#include "model/anomaly.hpp"

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
};

}  // namespace sentinel::engine
