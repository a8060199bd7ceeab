// Gathers what correlation may look at: events, spans, calls, patterns around the anomalies, asked from the
// store in a fixed number of queries, however many services there are.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "correlate/correlate.hpp"
#include "correlate/pattern_miner.hpp"
#include "detect/detector.hpp"
#include "engine/settings.hpp"
#include "telemetry/store.hpp"

namespace sentinel::engine {

struct OutageContext {
  std::span<const model::Anomaly> anomalies;
  const std::deque<detect::FleetSlice>& closed;  // recent, oldest first
  std::span<const detect::FleetSlice> open;      // directly after them
  std::vector<std::string> services;             // all known names
  std::optional<Time> since;                     // onset of the oldest open incident
  Time now;
};

// The stretch that correlation looks at: `correlation.window` before the newest judged moment, further back
// to where an open incident began (at most an hour).
model::TimeRange correlation_window(const OutageContext& context, const Settings& settings);

// `miner` learns the patterns of the sampled lines.
Result<correlate::Input> gather(const OutageContext& context, telemetry::TelemetryStore& store,
                                correlate::PatternMiner& miner, const Settings& settings);

}  // namespace sentinel::engine
