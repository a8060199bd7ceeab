// The engine, inside: one state, its parts in one file each (engine.cpp: start and ticks;
// engine_commands.cpp: what people and the analysis do; engine_views.cpp: what is told and shown).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "correlate/call_graph.hpp"
#include "correlate/pattern_miner.hpp"
#include "detect/source_watch.hpp"
#include "engine/collector.hpp"
#include "engine/engine.hpp"
#include "engine/past_series.hpp"
#include "engine/stages.hpp"

namespace sentinel::engine {

using Key = std::pair<std::string, std::string>;  // service, metric
inline Key key_of(const model::Anomaly& anomaly) { return {anomaly.service, anomaly.metric}; }

// The part of an incident that a report is made from.
inline model::Group group_of(const model::Incident& incident) {
  model::Group group;
  group.anomalies = incident.anomalies;
  group.services = incident.services;
  group.causes = incident.causes;
  group.links = incident.links;
  group.patterns = incident.patterns;
  group.events = incident.events;
  group.onset = incident.onset;
  return group;
}

struct Engine::Impl {
  Impl(Deps d, Settings s)
      : deps(d),
        settings(std::move(s)),
        collector(deps.telemetry, settings),
        detector(settings.detect),
        past(deps.telemetry, deps.state, settings),
        miner(correlate::PatternMiner::Options{}),
        stages(deps.metrics, settings.disabled_stages),
        ticks(deps.metrics.counter("sentinelops_engine_ticks_total", "Ticks that ran to their end.")),
        failed_ticks(deps.metrics.counter("sentinelops_engine_failed_ticks_total",
                                          "Ticks that failed; what they missed is evaluated later.")),
        anomalies_seen(deps.metrics.counter("sentinelops_engine_anomalies_total",
                                            "Anomalies that appeared or changed severity.")),
        opened(deps.metrics.counter("sentinelops_engine_incidents_opened_total", "Incidents opened.")) {}

  // Folds the closed slices of a stretch and says nothing about them. `progress` gets 0..1.
  Result<void> teach(model::TimeRange stretch, const std::function<void(double)>& progress);
  Result<TickReport> run_tick(Time now);
  Result<void> judge(std::vector<model::Anomaly> anomalies, std::span<const detect::FleetSlice> open_slices,
                     Time at, TickReport& report);
  Result<void> learn_calls(Time now);
  Result<void> take_arrivals(Time now);
  Result<void> correct(Time now, TickReport& report);
  Result<void> commit_incidents(const incidents::Outcome& outcome, Time at, TickReport& report);
  std::vector<TelemetryNotice> notices() const;
  std::optional<Time> oldest_onset(Time at) const;
  void log_anomalies(const std::vector<model::Anomaly>& anomalies);
  void log_events(const std::vector<model::IncidentEvent>& events,
                  const std::vector<model::Incident>& changed);
  void log_gaps();
  void remember(const std::vector<model::Incident>& changed, Time now);
  void publish(const TickReport& report, Time now);
  void show(View next);
  Result<incidents::Outcome> command(
      const std::string& id, Time now,
      const std::function<Result<incidents::Outcome>(const model::Incident&)>& decide);
  // Of a message that still waits or was parked.
  Result<state::OutboxRow> change_message(std::int64_t id,
                                          const std::function<void(state::OutboxRow&)>& change);
  state::Change snapshot_change() const;

  Deps deps;
  Settings settings;
  mutable std::mutex mutex;  // one tick or command at a time

  Collector collector;
  detect::Detector detector;
  mutable PastSeries past;
  correlate::PatternMiner miner;
  correlate::CallGraph call_graph;
  Time calls_until{};  // slices before it are in the call graph
  std::shared_ptr<const std::vector<model::Link>> calls_shown =
      std::make_shared<const std::vector<model::Link>>();
  StageRunner stages;
  std::vector<detect::FleetSlice> open;          // of the last tick
  std::map<std::string, model::Incident> known;  // active, or resolved within the cooldown
  std::map<Key, model::Severity> announced;      // anomalies of the last tick, for the log
  std::optional<Time> taught_until;              // slices before it were evaluated by an earlier run
  std::optional<Time> arrivals_seen;             // ingest time up to which late documents were counted
  std::optional<Duration> ingest_lag;
  detect::SourceWatch watch;
  std::vector<TelemetryNotice> gaps_logged;
  std::optional<Time> reminded_until;  // what the passing of time brought before it was told
  std::optional<Time> next_snapshot;
  std::set<std::string> insufficient_logged;
  bool started = false;
  // Survive a failed tick: what was closed is judged and recorded by the next one.
  struct LateWindow {
    Time end;
    std::vector<model::Anomaly> anomalies;
  };
  std::deque<LateWindow> late_windows;
  std::vector<model::Anomaly> amended;      // seen only now, in documents that came late
  std::vector<std::string> silences_ended;  // by documents that came late
  state::Change pending;                    // ledger entries and snapshots not committed yet

  mutable std::mutex view_mutex;
  std::shared_ptr<const View> view = std::make_shared<const View>();
  Listener listener;
  Counter& ticks;
  Counter& failed_ticks;
  Counter& anomalies_seen;
  Counter& opened;
};

}  // namespace sentinel::engine
