// Gathers what correlation may look at: events, spans, calls, patterns around the anomalies, asked from the
// store in a fixed number of queries, however many services there are.
#pragma once

#include <deque>
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
  Time now;
};

// The stretch that correlation looks at: from `window` before the end of the earliest anomaly's... to now.
model::TimeRange correlation_window(std::span<const model::Anomaly> anomalies, const Settings& settings,
                                    Time now);

// `miner` learns the patterns of the sampled lines.
Result<correlate::Input> gather(const OutageContext& context, telemetry::TelemetryStore& store,
                                correlate::PatternMiner& miner, const Settings& settings);

}  // namespace sentinel::engine
