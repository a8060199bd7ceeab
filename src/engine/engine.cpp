#include "engine/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <set>

#include "analyze/report.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "correlate/correlate.hpp"
#include "engine/coverage.hpp"
#include "engine/engine_impl.hpp"
#include "engine/history.hpp"
#include "engine/outage_context.hpp"
#include "incidents/correction.hpp"
#include "runbooks/runbooks.hpp"

namespace sentinel::engine {
namespace {

constexpr const char* kDetectorBlob = "detector";
constexpr const char* kPatternsBlob = "patterns";
constexpr Duration kLearnCallsEvery = minutes(5);

bool shares_anomaly(const model::Incident& incident, const model::Group& group) {
  std::set<Key> keys;
  for (const auto& anomaly : group.anomalies) keys.insert(key_of(anomaly));
  return std::any_of(incident.anomalies.begin(), incident.anomalies.end(),
                     [&](const auto& a) { return keys.contains(key_of(a)); });
}

}  // namespace

Engine::Engine(Deps deps, Settings settings) : impl_(std::make_unique<Impl>(deps, std::move(settings))) {}
Engine::~Engine() = default;

Result<void> Engine::start(Time now, const std::function<void(double)>& progress) {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  const Duration step = self.settings.detect.slice;
  // An earlier start may have failed half-way: a store that was away.
  self.detector = detect::Detector(self.settings.detect);
  self.collector.forget();
  self.known.clear();

  SENTINEL_ASSIGN(const auto active, self.deps.state.incidents({.active_only = true, .limit = 100'000}));
  SENTINEL_ASSIGN(const auto fresh,
                  self.deps.state.incidents({.created_from = now - hours(24), .limit = 100'000}));
  for (const auto* page : {&active, &fresh}) {
    for (const auto& incident : page->incidents) self.known[incident.id] = incident;
  }
  SENTINEL_ASSIGN(const auto patterns, self.deps.state.blob(kPatternsBlob));
  if (patterns) {
    if (auto restored = correlate::PatternMiner::restore({}, *patterns)) {
      self.miner = std::move(*restored);
    } else {
      self.deps.log.warning("patterns.restart", {{"reason", restored.error().text()}});
    }
  }

  SENTINEL_ASSIGN(const auto calls, self.deps.state.blob(kCallGraphBlob));
  if (calls) {
    if (auto restored = correlate::CallGraph::restore({}, *calls)) {
      self.call_graph = std::move(*restored);
      self.calls_shown = std::make_shared<const std::vector<model::Link>>(self.call_graph.links(now));
    } else {
      self.deps.log.warning("calls.restart", {{"reason", restored.error().text()}});
    }
  }

  const Time closed_until = self.collector.closed_until(now);
  SENTINEL_ASSIGN(const auto newest, self.deps.state.newest_ledger_entry());
  SENTINEL_ASSIGN(const auto snapshot, self.deps.state.blob(kDetectorBlob));
  bool restored = false;
  if (snapshot) {
    auto detector = detect::Detector::restore(self.settings.detect, *snapshot);
    if (detector && detector->newest_closed()) {
      self.detector = std::move(*detector);
      restored = true;
    } else {
      self.deps.log.warning("detector.relearn",
                            {{"reason", detector ? "the snapshot is empty" : detector.error().text()}});
    }
  }

  SENTINEL_ASSIGN(const auto status, self.deps.telemetry.status());
  Time from = closed_until;
  if (restored) {
    from = std::max(*self.detector.newest_closed() + step, align_down(now - self.settings.history, step));
  } else if (status.extent) {
    from = std::min(closed_until, std::max(align_down(status.extent->from, step),
                                           align_down(now - self.settings.history, step)));
  }
  // What an earlier run has evaluated is only taught again; without one, all of the past is history.
  const Time taught_until =
      newest ? std::max(from, std::min(closed_until, newest->slice + step)) : std::max(from, closed_until);

  // The cache of recent slices, for correlation; then the fold.
  self.collector.begin_at(from);
  if (restored) {
    SENTINEL_ASSIGN(const auto before,
                    self.collector.closed({align_down(from - self.settings.recent, step), from}));
    self.collector.advance(before);
    self.collector.begin_at(from);
  }
  SENTINEL_TRY(self.teach({from, taught_until}, progress));
  self.next_snapshot = now + self.settings.snapshot_every;
  self.arrivals_seen = now;
  self.started = true;
  self.deps.log.info("engine.started",
                     {{"services", static_cast<std::int64_t>(self.detector.services().size())},
                      {"history_from", format_rfc3339(from)},
                      {"evaluates_from", format_rfc3339(self.collector.next())},
                      {"restored", restored},
                      {"open_incidents", static_cast<std::int64_t>(active.incidents.size())}});
  return {};
}

Result<void> Engine::Impl::teach(model::TimeRange stretch, const std::function<void(double)>& progress) {
  // The store reads the next page while this one is folded: either half takes about as long.
  using Page = Result<std::vector<detect::FleetSlice>>;
  Time asked_to = stretch.from;
  const auto ask = [&]() -> std::future<Page> {
    const model::TimeRange range{asked_to, std::min(stretch.to, asked_to + collector.page())};
    asked_to = range.to;
    return std::async(std::launch::async, [this, range] { return collector.closed(range); });
  };
  std::future<Page> coming;
  if (asked_to < stretch.to) coming = ask();
  while (coming.valid()) {
    const Time read_to = asked_to;
    SENTINEL_ASSIGN(const auto page, coming.get());
    collector.advance(page);
    if (read_to < stretch.to) coming = ask();
    for (const auto& slice : page) (void)detector.close(slice);
    if (progress) progress(seconds_of(read_to - stretch.from) / seconds_of(stretch.to - stretch.from));
  }
  return {};
}

Result<TickReport> Engine::tick(Time now) {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  self.stages.begin();
  auto result = self.run_tick(now);
  if (result) {
    self.ticks.add();
    self.publish(*result, now);
    return result;
  }
  self.failed_ticks.add();
  View next = *self.view;
  // Said once per outage: the ledger and /api/health carry on the story.
  if (!next.blind_since) self.deps.log.error("sentinelops.tick.error", {{"error", result.error().text()}});
  if (!next.blind_since) next.blind_since = now;
  next.blind_reason = result.error().text();
  ++next.failed_ticks;
  self.show(std::move(next));
  return result;
}

Result<TickReport> Engine::Impl::run_tick(Time now) {
  const Duration step = settings.detect.slice;
  TickReport report;
  deps.log.debug("detection.cycle.start",
                 {{"services", static_cast<std::int64_t>(detector.services().size())}});

  SENTINEL_ASSIGN(Collected collected,
                  stages.run<Collected>("collect", {}, [&] { return collector.collect(now); }));
  report.backlog = !collected.complete;

  SENTINEL_TRY(stages.run<bool>("arrivals", true, [&]() -> Result<bool> {
    SENTINEL_TRY(take_arrivals(now));
    return true;
  }));
  const auto unheard = watch.unheard();
  for (auto* slices : {&collected.closing, &collected.open}) {
    for (auto& slice : *slices) {
      // The slice in which the last documents came is no whole one.
      for (const auto& [service, since] : unheard) {
        if (slice.start + step > since) slice.unheard.push_back(service);
      }
    }
  }

  // A slice is in time when the tick that closes it comes as soon as one can.
  const Duration in_time = settings.settle + 2 * settings.interval + step;
  SENTINEL_ASSIGN(
      auto current,
      stages.run<std::vector<model::Anomaly>>("detect", {}, [&]() -> Result<std::vector<model::Anomaly>> {
        for (auto& slice : collected.closing) {
          auto entry = ledger_entry(slice, detector.is_gap(slice), step, now, in_time);
          for (const auto& gap : watch.gaps()) {
            if (entry.coverage == model::Coverage::kGap || slice.start + step <= gap.since) continue;
            entry.note += fmt::format("{}no documents from {}", entry.note.empty() ? "" : "; ", gap.source);
          }
          auto found = detector.close(slice);
          if (entry.coverage == model::Coverage::kLate && !found.empty()) {
            late_windows.push_back({slice.start + step, std::move(found)});
            for (auto& anomaly : late_windows.back().anomalies) {
              anomaly.late = true;
              anomaly.sentence += "; late";
            }
          }
          report.late += entry.coverage == model::Coverage::kLate ? 1U : 0U;
          report.gaps += entry.coverage == model::Coverage::kGap ? 1U : 0U;
          pending.ledger.push_back(entry);
        }
        report.closed = collected.closing.size();
        if (report.backlog) return std::vector<model::Anomaly>();
        return detector.preview(collected.open);
      }));
  collector.advance(collected.closing);
  open = std::move(collected.open);

  for (; !late_windows.empty(); late_windows.pop_front()) {
    SENTINEL_TRY(judge(late_windows.front().anomalies, {}, late_windows.front().end, report));
  }
  if (!report.backlog) {
    log_anomalies(current);
    report.anomalies = current;
    SENTINEL_TRY(correct(now, report));
    for (const auto& anomaly : amended) {
      const bool stands = std::any_of(current.begin(), current.end(),
                                      [&](const auto& a) { return key_of(a) == key_of(anomaly); });
      if (!stands) current.push_back(anomaly);
    }
    SENTINEL_TRY(judge(std::move(current), open, now, report));
    amended.clear();
  }
  SENTINEL_TRY(learn_calls(now));
  if (!report.backlog && !settings.channels.empty()) {
    SENTINEL_TRY(stages.run<bool>("remind", true, [&]() -> Result<bool> {
      std::vector<model::Incident> active;
      for (const auto& [id, incident] : known) {
        if (incident.is_active()) active.push_back(incident);
      }
      if (active.empty()) return true;
      SENTINEL_ASSIGN(const auto silences, deps.state.silences());
      auto rows = notify::rows_due(active, silences, settings.channels, reminded_until, now);
      // Beside those of a tick whose commit failed.
      pending.outbox.insert(pending.outbox.end(), rows.begin(), rows.end());
      return true;
    }));
    reminded_until = now;
  }
  if (next_snapshot && now >= *next_snapshot) {
    pending.blobs = snapshot_change().blobs;
    // The state of a large fleet is large: written rarely, and refolded from the store at a start.
    const bool large = detector.memory_bytes() > (8U << 20);
    next_snapshot = now + (large ? Duration(hours(1)) : settings.snapshot_every);
  }
  SENTINEL_TRY(stages.run<bool>("commit", true, [&]() -> Result<bool> {
    if (!pending.empty()) SENTINEL_TRY(deps.state.commit(pending));
    pending = {};
    return true;
  }));
  log_gaps();
  deps.log.info("detection.cycle.complete",
                {{"anomalies", static_cast<std::int64_t>(report.anomalies.size())},
                 {"services", static_cast<std::int64_t>(detector.services().size())}});
  return report;
}

// From anomalies at one moment to committed incidents.
Result<void> Engine::Impl::judge(std::vector<model::Anomaly> anomalies,
                                 std::span<const detect::FleetSlice> open_slices, Time at,
                                 TickReport& report) {
  std::vector<model::Group> groups;
  std::vector<std::vector<model::RunbookMatch>> runbooks;
  if (!anomalies.empty()) {
    SENTINEL_ASSIGN(
        groups,
        stages.run<std::vector<model::Group>>("correlate", {}, [&]() -> Result<std::vector<model::Group>> {
          const OutageContext context{anomalies,           collector.recent(), open_slices,
                                      detector.services(), oldest_onset(at),   at};
          SENTINEL_ASSIGN(auto input, gather(context, deps.telemetry, miner, settings));
          const auto learned = call_graph.topology();
          input.topology.insert(input.topology.end(), learned.begin(), learned.end());
          return correlate::correlate(input, settings.correlate);
        }));
    SENTINEL_ASSIGN(runbooks,
                    stages.run<std::vector<std::vector<model::RunbookMatch>>>(
                        "runbooks", {}, [&]() -> Result<std::vector<std::vector<model::RunbookMatch>>> {
                          std::vector<std::vector<model::RunbookMatch>> all;
                          for (const auto& group : groups) {
                            SENTINEL_ASSIGN(auto matches,
                                            deps.state.search_runbooks(runbooks::query_for(group)));
                            all.push_back(std::move(matches));
                          }
                          return all;
                        }));
  }

  SENTINEL_ASSIGN(auto outcome,
                  stages.run<incidents::Outcome>("incidents", {}, [&]() -> Result<incidents::Outcome> {
                    SENTINEL_ASSIGN(const auto silences, deps.state.silences());
                    std::vector<model::Incident> candidates;
                    for (const auto& [id, incident] : known) candidates.push_back(incident);
                    return incidents::advance(candidates, groups, silences, settings.incidents, at);
                  }));

  SENTINEL_TRY(stages.run<bool>("report", true, [&]() -> Result<bool> {
    for (auto& incident : outcome.changed) {
      if (!incident.is_active()) continue;
      for (std::size_t g = 0; g < groups.size() && g < runbooks.size(); ++g) {
        if (shares_anomaly(incident, groups[g])) incident.runbooks = runbooks[g];
      }
      // A model's answer is replaced only by its own update; the deterministic report follows the facts.
      auto computed = analyze::deterministic_report(group_of(incident), incident.runbooks);
      if (incident.analysis && incident.analysis->source != "deterministic") {
        incident.deterministic = std::move(computed);
        continue;
      }
      computed.model_note = incident.analysis ? incident.analysis->model_note : settings.model_note;
      incident.analysis = std::move(computed);
    }
    return true;
  }));

  SENTINEL_TRY(stages.run<bool>("commit", true, [&]() -> Result<bool> {
    state::Change change;
    change.incidents = outcome.changed;
    change.events = outcome.events;
    change.outbox = notify::rows_for(outcome.changed, outcome.events, settings.channels, at);
    if (!change.empty()) SENTINEL_TRY(deps.state.commit(change));
    return true;
  }));
  if (!outcome.events.empty() && !groups.empty()) {
    std::size_t events = 0;
    std::size_t matches = 0;
    for (const auto& group : groups) events += group.events.size();
    for (const auto& found : runbooks) matches += found.size();
    deps.log.info("correlation.complete", {{"events", static_cast<std::int64_t>(events)},
                                           {"groups", static_cast<std::int64_t>(groups.size())}});
    deps.log.info("runbooks.matched", {{"count", static_cast<std::int64_t>(matches)}});
  }
  remember(outcome.changed, at);
  log_events(outcome.events, outcome.changed);
  report.changed.insert(report.changed.end(), outcome.changed.begin(), outcome.changed.end());
  report.events.insert(report.events.end(), outcome.events.begin(), outcome.events.end());
  return {};
}

// Since when there is trouble without a calm: where a calm was, the time before it is as good a baseline as
// any.
std::optional<Time> Engine::Impl::oldest_onset(Time at) const {
  std::optional<Time> oldest;
  for (const auto& [id, incident] : known) {
    if (!incident.is_active() || at - incident.last_bad_at >= settings.incidents.calm_before_relapse)
      continue;
    const Time since = incident.relapsed_at.value_or(incident.onset);
    oldest = std::min(oldest.value_or(since), since);
  }
  return oldest;
}

// What came since the last tick: who sends and how late; documents for slices that had closed replace them,
// in detection and in the ledger.
Result<void> Engine::Impl::take_arrivals(Time now) {
  const Duration step = settings.detect.slice;
  const model::TimeRange since{arrivals_seen.value_or(now), now};
  if (since.empty()) return {};
  SENTINEL_ASSIGN(const auto arrivals, deps.telemetry.arrivals(since, step));
  std::map<Time, std::uint64_t> late;
  std::map<Time, std::set<std::string>> wanted;
  std::optional<Duration> lag;
  const Time cached = collector.recent().empty() ? collector.next() : collector.recent().front().start;
  for (const auto& arrival : arrivals) {
    lag = std::max(lag.value_or(Duration::zero()), arrival.max_lag);
    if (arrival.slice < collector.next()) past.forget(arrival.service, arrival.slice);
    // What is older than the cache is an import of history, not a late document.
    if (arrival.slice >= collector.next() || arrival.slice < cached) continue;
    late[arrival.slice] += arrival.docs;
    wanted[arrival.slice].insert(arrival.service);
  }
  std::vector<model::LedgerEntry> entries;
  if (!late.empty()) {
    SENTINEL_ASSIGN(entries, deps.state.ledger({late.begin()->first, late.rbegin()->first + step}));
  }
  SENTINEL_ASSIGN(const auto slices, collector.again(wanted));
  // From here on nothing fails, so that nothing is taken twice.
  arrivals_seen = now;
  ingest_lag = lag;
  watch.take(arrivals, now);
  for (auto& entry : entries) {
    const auto found = late.find(entry.slice);
    if (found == late.end()) continue;
    const auto waiting = std::find_if(pending.ledger.begin(), pending.ledger.end(),
                                      [&](const auto& e) { return e.slice == entry.slice; });
    if (waiting != pending.ledger.end()) {
      *waiting = with_late(*waiting, found->second, now);
    } else {
      pending.ledger.push_back(with_late(entry, found->second, now));
    }
  }
  auto found = detector.amend(slices);
  for (auto& anomaly : found.anomalies) {
    anomaly.sentence += "; late";
    amended.push_back(std::move(anomaly));
  }
  silences_ended.insert(silences_ended.end(), found.silences_ended.begin(), found.silences_ended.end());
  return {};
}

// Late documents show what an incident really was: a silence that was a delay leaves it, and what is told of
// the time of an incident that has ended is written into its history instead of opening it again.
Result<void> Engine::Impl::correct(Time now, TickReport& report) {
  for (; !silences_ended.empty(); silences_ended.pop_back()) {
    const std::string service = silences_ended.back();
    for (const auto& [id, incident] : std::map(known)) {
      if (!incident.is_active()) continue;
      const auto outcome = incidents::retract(
          incident, service, model::kSilence,
          fmt::format("corrected: documents of {} came late; it was a delay, not a silence", service), now);
      if (!outcome.events.empty()) SENTINEL_TRY(commit_incidents(outcome, now, report));
    }
  }
  for (auto it = amended.begin(); it != amended.end();) {
    const auto home = std::find_if(known.begin(), known.end(), [&](const auto& item) {
      return incidents::is_of_its_time(item.second, *it);
    });
    if (home == known.end()) {
      ++it;
      continue;
    }
    const auto outcome = incidents::add_late(home->second, *it, now);
    if (!outcome.events.empty()) SENTINEL_TRY(commit_incidents(outcome, now, report));
    it = amended.erase(it);
  }
  return {};
}

Result<void> Engine::Impl::commit_incidents(const incidents::Outcome& outcome, Time at, TickReport& report) {
  state::Change change;
  change.incidents = outcome.changed;
  change.events = outcome.events;
  change.outbox = notify::rows_for(outcome.changed, outcome.events, settings.channels, at);
  if (!change.empty()) SENTINEL_TRY(deps.state.commit(change));
  remember(outcome.changed, at);
  log_events(outcome.events, outcome.changed);
  report.changed.insert(report.changed.end(), outcome.changed.begin(), outcome.changed.end());
  report.events.insert(report.events.end(), outcome.events.begin(), outcome.events.end());
  return {};
}

// Closed slices of calls, a few minutes at once: links that no window of an outage would show.
Result<void> Engine::Impl::learn_calls(Time now) {
  const Time until = collector.closed_until(now);
  if (until < calls_until + kLearnCallsEvery) return {};
  const Time from = std::max(calls_until, until - settings.recent);
  SENTINEL_ASSIGN(const auto calls, deps.telemetry.calls({from, until}, settings.detect.slice));
  call_graph.learn(calls, now);
  calls_until = until;
  calls_shown = std::make_shared<const std::vector<model::Link>>(call_graph.links(now));
  return {};
}

state::Change Engine::Impl::snapshot_change() const {
  state::Change change;
  change.blobs.emplace_back(kDetectorBlob, detector.snapshot());
  change.blobs.emplace_back(kPatternsBlob, miner.snapshot());
  change.blobs.emplace_back(kCallGraphBlob, call_graph.snapshot());
  return change;
}

Result<void> Engine::flush(Time) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->started || !impl_->detector.newest_closed()) return {};
  return impl_->deps.state.commit(impl_->snapshot_change());
}

void Engine::set_stop(std::stop_token stop) {
  const std::lock_guard lock(impl_->mutex);
  impl_->stages.set_stop(std::move(stop));
}

void Engine::note_blind(Time since, std::string reason) {
  const std::lock_guard lock(impl_->mutex);
  View next = *impl_->view;
  if (!next.blind_since) next.blind_since = since;
  next.blind_reason = std::move(reason);
  impl_->show(std::move(next));
}

void Engine::set_listener(Listener listener) {
  const std::lock_guard lock(impl_->mutex);
  impl_->listener = std::move(listener);
}

}  // namespace sentinel::engine
