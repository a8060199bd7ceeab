#include "incidents/correction.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sentinel::incidents {
namespace {

constexpr const char* kSelf = "sentinelops";

void say(Outcome& outcome, const model::Incident& incident, std::string kind, std::string text, Time now) {
  outcome.events.push_back({.incident_id = incident.id,
                            .at = now,
                            .kind = std::move(kind),
                            .actor = kSelf,
                            .text = std::move(text)});
}

}  // namespace

Outcome retract(const model::Incident& incident, std::string_view service, std::string_view metric,
                std::string text, Time now) {
  Outcome outcome;
  model::Incident next = incident;
  const auto removed = std::erase_if(
      next.anomalies, [&](const auto& a) { return a.service == service && a.metric == metric; });
  if (removed == 0) return outcome;
  next.updated_at = now;
  const bool empty = next.anomalies.empty();
  if (empty) {
    // An incident without any anomaly could not be shown: it keeps the one that was wrong, and says so.
    next.anomalies = incident.anomalies;
    next.state = model::IncidentState::kResolved;
    next.resolved_at = now;
  }
  say(outcome, next, empty ? "resolved" : "updated", std::move(text), now);
  outcome.changed.push_back(std::move(next));
  return outcome;
}

bool is_of_its_time(const model::Incident& incident, const model::Anomaly& anomaly) {
  if (incident.is_active() || !incident.merged_into.empty() || !incident.resolved_at) return false;
  if (anomaly.window.to <= incident.onset || anomaly.window.to > *incident.resolved_at) return false;
  return std::find(incident.services.begin(), incident.services.end(), anomaly.service) !=
         incident.services.end();
}

Outcome add_late(const model::Incident& incident, const model::Anomaly& anomaly, Time now) {
  Outcome outcome;
  model::Incident next = incident;
  const auto known = std::find_if(next.anomalies.begin(), next.anomalies.end(), [&](const auto& a) {
    return a.service == anomaly.service && a.metric == anomaly.metric;
  });
  if (known != next.anomalies.end()) {
    if (!model::worse(anomaly.severity, known->severity)) return outcome;
    *known = anomaly;
  } else {
    next.anomalies.push_back(anomaly);
  }
  next.severity = model::worst(next.severity, anomaly.severity);
  next.updated_at = now;
  say(outcome, next, "updated",
      fmt::format("documents that came late show: {}: {}", anomaly.service, anomaly.sentence), now);
  outcome.changed.push_back(std::move(next));
  return outcome;
}

}  // namespace sentinel::incidents
