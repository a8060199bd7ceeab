// One service's past, judged again: its stored slices folded through a fresh detector. Serves `explain` as of
// a past moment and the series behind a chart. Reads only; safe beside a running engine and from any thread.
//
// Cost: one query for the service's slices, then about 15 us a slice: eight days of minutes take 0.2 s.
// What is shown equals what the running detector saw but for documents that came after their slice had
// closed, which are counted here, and for the fading memory of what lies before the history.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/settings.hpp"
#include "model/explanation.hpp"
#include "state/store.hpp"
#include "telemetry/store.hpp"

namespace sentinel::engine {

class History {
 public:
  // All outlive the History. `state` tells which slices were gaps in the telemetry of the fleet.
  History(telemetry::TelemetryStore& telemetry, state::StateStore& state, const Settings& settings)
      : telemetry_(telemetry), state_(state), settings_(settings) {}

  // As of the newest slice that ended at or before `at`, with the hour before it. kNotFound: the store holds
  // no document of the service in the history before that.
  Result<model::ServiceExplanation> explain(const std::string& service, Time at) const;
  // Each metric (or the one named) in the slices that end in (range.from, range.to].
  Result<std::vector<model::MetricSeries>> series(const std::string& service, model::TimeRange range,
                                                  const std::string& metric = "") const;

 private:
  Result<model::ServiceExplanation> replay(const std::string& service, model::TimeRange shown) const;
  telemetry::TelemetryStore& telemetry_;
  state::StateStore& state_;
  const Settings& settings_;
};

}  // namespace sentinel::engine
