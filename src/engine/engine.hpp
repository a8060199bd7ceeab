// One tick: collect -> detect -> correlate -> runbooks -> incidents -> report -> commit. The only writer of
// incidents.
//
// Legal use: start(now) once, then tick(now) with rising times; commands at any time. All calls are safe from
// any thread (one at a time runs); view() never waits. Time is an argument: scenarios and replays call tick()
// with simulated times and get the same bytes for the same input.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "detect/detector.hpp"
#include "engine/past_series.hpp"
#include "engine/settings.hpp"
#include "engine/view.hpp"
#include "model/explanation.hpp"
#include "model/incident.hpp"
#include "state/store.hpp"
#include "telemetry/store.hpp"

namespace sentinel::engine {

// Name of the blob in the state that holds what correlate::CallGraph learned.
inline constexpr const char* kCallGraphBlob = "calls";

struct TickReport {
  std::vector<model::Anomaly> anomalies;     // judged now
  std::vector<model::Incident> changed;      // incidents that changed, whole, as committed
  std::vector<model::IncidentEvent> events;  // what happened to them
  std::size_t closed = 0;                    // slices that became final
  std::size_t late = 0;                      // of them, judged after the fact
  std::size_t gaps = 0;                      // of them, without any document of the fleet
  bool backlog = false;                      // more closed slices wait: call tick again with the same time
};

class Engine {
 public:
  // All outlive the engine.
  struct Deps {
    telemetry::TelemetryStore& telemetry;
    state::StateStore& state;
    Log log;
    Metrics& metrics;
  };
  Engine(Deps deps, Settings settings);
  ~Engine();

  // Takes up where the last run ended: the detector's snapshot, or history from the store (which only
  // teaches: nothing that happened before the first start opens an incident). `progress` gets 0..1 while
  // history is folded.
  Result<void> start(Time now, const std::function<void(double)>& progress = {});
  // A failed tick changes nothing; the next one evaluates what it missed.
  Result<TickReport> tick(Time now);
  // The store does not answer and start() waits for it: shown as ticks that fail are, until one succeeds.
  void note_blind(Time since, std::string reason);
  // Writes the detector's snapshot, for a quick next start.
  Result<void> flush(Time now);
  void set_stop(std::stop_token stop);
  void set_listener(Listener listener);  // replaces the one before

  Result<void> acknowledge(const std::string& incident_id, std::string_view who, std::string_view why,
                           Time now);
  Result<void> resolve(const std::string& incident_id, std::string_view who, std::string_view why, Time now);
  Result<void> comment(const std::string& incident_id, std::string_view who, std::string_view text, Time now);
  Result<void> reopen(const std::string& incident_id, std::string_view who, std::string_view why, Time now);
  // `incident_id` ends as a part of `into`; the id of the one that lives on.
  Result<std::string> merge(const std::string& incident_id, const std::string& into, std::string_view who,
                            std::string_view why, Time now);
  // The named services get an incident of their own; its id.
  Result<std::string> split(const std::string& incident_id, const std::vector<std::string>& services,
                            std::string_view who, std::string_view why, Time now);
  // Takes back the newest of what people did to it, or of the merges that correlation made.
  Result<void> undo(const std::string& incident_id, std::string_view who, std::string_view why, Time now);
  // Without an id it is a new one and gets one. kInvalid: what cannot match, ends before it begins, or has a
  // recurrence that cannot be read.
  Result<model::Silence> put_silence(model::Silence silence, Time now);
  // Ends it now; it stays in the list. kNotFound; one that has ended stays as it is.
  Result<model::Silence> expire_silence(const std::string& id, std::string_view who, Time now);
  // One silence per service of the incident that has an anomaly, from now on.
  Result<void> silence_incident(const std::string& incident_id, Duration length, std::string_view who,
                                std::string_view why, Time now);
  // Messages to channels: a parked one is tried again, or one is given up.
  Result<state::OutboxRow> retry_message(std::int64_t id, Time now);
  Result<state::OutboxRow> drop_message(std::int64_t id, std::string_view who, Time now);
  // A model's answer becomes the incident's analysis, the deterministic report stays as the other view; the
  // history says `analyzed`. Nothing else of the incident changes, whatever the answer holds.
  Result<void> attach_analysis(const std::string& incident_id, model::Analysis analysis, Time now);
  // Why no model's answer stands there; shown with the deterministic report, no event.
  Result<void> note_no_analysis(const std::string& incident_id, std::string_view why, Time now);

  // Why each metric of the service does or does not alert: as of the slices of the last tick, from the
  // running detector; or as of a past moment, from stored history (see history.hpp for what that costs). Both
  // with the last hour of each metric. kNotFound: no such service.
  Result<model::ServiceExplanation> explain(const std::string& service, std::optional<Time> at = {}) const;
  // Each metric of the service (or the one named) slice by slice, from stored history: observed, expected,
  // band, score. One replay, whatever the number of metrics.
  Result<std::vector<model::MetricSeries>> series(const std::string& service, model::TimeRange range,
                                                  const std::string& metric = "") const;
  // The same with the slices themselves, for charts that are asked for again with every tick: what has
  // settled is kept (past_series.hpp).
  Result<ServicePast> past(const std::string& service, model::TimeRange range) const;
  // The service's closed and open slices that are in memory, oldest first; one without documents is there,
  // empty.
  std::vector<model::Slice> recent_slices(const std::string& service) const;
  std::shared_ptr<const View> view() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::engine
