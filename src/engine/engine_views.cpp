// What is told of a tick (log lines, the published view) and what is answered about services.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "engine/engine_impl.hpp"
#include "engine/history.hpp"

namespace sentinel::engine {
namespace {
// Documents that are this late do not spoil what is kept for charts.
constexpr Duration kLateIsUsual = minutes(10);
}  // namespace

void Engine::Impl::log_anomalies(const std::vector<model::Anomaly>& anomalies) {
  std::map<Key, model::Severity> now_announced;
  for (const auto& anomaly : anomalies) {
    const auto before = announced.find(key_of(anomaly));
    if (before == announced.end() || before->second != anomaly.severity) {
      anomalies_seen.add();
      deps.log.warning("anomaly.detected", {{"service", anomaly.service},
                                            {"metric", anomaly.metric},
                                            {"z_score", std::round(anomaly.score * 100) / 100},
                                            {"severity", model::to_string(anomaly.severity)},
                                            {"sentence", anomaly.sentence}});
    }
    now_announced[key_of(anomaly)] = anomaly.severity;
  }
  announced = std::move(now_announced);
}

void Engine::Impl::log_events(const std::vector<model::IncidentEvent>& events,
                              const std::vector<model::Incident>& changed) {
  if (listener.changed && !changed.empty()) listener.changed(changed, events);
  for (const auto& event : events) {
    const auto incident = std::find_if(changed.begin(), changed.end(),
                                       [&](const auto& i) { return i.id == event.incident_id; });
    const std::string severity =
        incident == changed.end() ? "" : std::string(model::to_string(incident->severity));
    if (event.kind == "opened") {
      opened.add();
      if (incident != changed.end() && incident->analysis) {
        deps.log.info("analyzer.complete", {{"confidence", model::to_string(incident->analysis->confidence)},
                                            {"source", incident->analysis->source}});
      }
      deps.log.warning("incident.created", {{"id", event.incident_id},
                                            {"severity", severity},
                                            {"title", incident == changed.end() ? "" : incident->title}});
    } else {
      deps.log.info("incident." + event.kind,
                    {{"id", event.incident_id}, {"severity", severity}, {"text", event.text}});
    }
  }
}

std::vector<TelemetryNotice> Engine::Impl::notices() const {
  std::vector<TelemetryNotice> out;
  const auto told = [](std::string_view whom, Time since) {
    return fmt::format("no documents from {} since {}", whom, format_rfc3339(since));
  };
  const auto fleet = detector.telemetry_gap();
  if (fleet) {
    out.push_back({"", fleet->since,
                   fleet->whole_fleet
                       ? told("any service", fleet->since)
                       : told(fmt::format("{}", fmt::join(fleet->services, ", ")), fleet->since)});
  }
  // When nobody sends, that every host is quiet says nothing more.
  if (fleet && fleet->whole_fleet) return out;
  for (const auto& gap : watch.gaps()) {
    out.push_back(
        {gap.source, gap.since,
         fmt::format("{}; it carried {}", told(gap.source, gap.since), fmt::join(gap.services, ", "))});
  }
  return out;
}

void Engine::Impl::log_gaps() {
  auto gaps = notices();
  const auto has = [](const std::vector<TelemetryNotice>& list, const TelemetryNotice& gap) {
    return std::any_of(list.begin(), list.end(), [&](const auto& g) { return g.source == gap.source; });
  };
  for (const auto& gap : gaps) {
    if (has(gaps_logged, gap)) continue;
    deps.log.warning("telemetry.gap",
                     {{"source", gap.source}, {"since", format_rfc3339(gap.since)}, {"text", gap.text}});
  }
  for (const auto& gap : gaps_logged) {
    if (has(gaps, gap)) continue;
    deps.log.info("telemetry.resumed", {{"source", gap.source}, {"gap_since", format_rfc3339(gap.since)}});
  }
  gaps_logged = std::move(gaps);
}

void Engine::Impl::remember(const std::vector<model::Incident>& changed, Time now) {
  for (const auto& incident : changed) known[incident.id] = incident;
  std::erase_if(known, [&](const auto& item) {
    const auto& incident = item.second;
    return !incident.is_active() && incident.resolved_at &&
           *incident.resolved_at + settings.incidents.dedup_cooldown < now;
  });
}

void Engine::Impl::publish(const TickReport& report, Time now) {
  View next;
  next.services = detector.services();
  next.anomalies = report.anomalies;
  next.last_tick = now;
  next.telemetry_gaps = gaps_logged;
  if (const auto fleet = detector.telemetry_gap()) next.telemetry_gap_since = fleet->since;
  next.sources = watch.sources();
  next.ingest_lag = ingest_lag;
  next.stages = stages.took();
  next.ticks = view->ticks + 1;
  next.failed_ticks = view->failed_ticks;
  for (const auto& [id, incident] : known) next.active_incidents += incident.is_active() ? 1U : 0U;
  if (view->blind_since) {
    deps.log.info("sentinelops.tick.recovered", {{"blind_since", format_rfc3339(*view->blind_since)}});
  }
  next.calls = calls_shown;
  next.traffic = std::make_shared<const FleetTraffic>(
      traffic_of(collector.recent(), open, next.services, settings.detect.slice));
  show(std::move(next));
}

void Engine::Impl::show(View next) {
  auto shown = std::make_shared<const View>(std::move(next));
  {
    const std::lock_guard view_lock(view_mutex);
    view = shown;
  }
  if (listener.ticked) listener.ticked(*shown);
}

Result<model::ServiceExplanation> Engine::explain(const std::string& service, std::optional<Time> at) const {
  const History history(impl_->deps.telemetry, impl_->deps.state, impl_->settings);
  if (at) return history.explain(service, *at);
  model::ServiceExplanation live;
  live.service = service;
  {
    const std::lock_guard lock(impl_->mutex);
    live.metrics = impl_->detector.explain(service, impl_->open);
    const Duration step = impl_->settings.detect.slice;
    live.at = impl_->open.empty() ? impl_->collector.next() : impl_->open.back().start + step;
  }
  if (live.metrics.empty()) {
    return fail(ErrorKind::kNotFound,
                fmt::format("service '{}' is not known to detection", one_line(service, 80)));
  }
  // The store may be away: the judgement stands without its picture.
  if (auto past = history.explain(service, live.at)) live.series = std::move(past->series);
  return live;
}

Result<std::vector<model::MetricSeries>> Engine::series(const std::string& service, model::TimeRange range,
                                                        const std::string& metric) const {
  return History(impl_->deps.telemetry, impl_->deps.state, impl_->settings).series(service, range, metric);
}

Result<ServicePast> Engine::past(const std::string& service, model::TimeRange range) const {
  const auto shown = view();
  std::optional<Time> settled;
  if (shown->last_tick) settled = *shown->last_tick - impl_->settings.settle - kLateIsUsual;
  return impl_->past.past(service, range, settled);
}

std::vector<model::Slice> Engine::recent_slices(const std::string& service) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<model::Slice> slices;
  const auto take = [&](const detect::FleetSlice& fleet) {
    const auto found = std::find_if(fleet.services.begin(), fleet.services.end(),
                                    [&](const auto& s) { return s.service == service; });
    slices.push_back(found != fleet.services.end() ? *found
                                                   : model::Slice{.service = service, .start = fleet.start});
  };
  for (const auto& fleet : impl_->collector.recent()) take(fleet);
  for (const auto& fleet : impl_->open) take(fleet);
  return slices;
}

std::shared_ptr<const View> Engine::view() const {
  const std::lock_guard lock(impl_->view_mutex);
  return impl_->view;
}

}  // namespace sentinel::engine
