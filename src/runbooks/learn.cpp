#include "runbooks/learn.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace sentinel::runbooks {
namespace {

constexpr std::string_view kOurselves = "sentinelops";           // the actor of what nobody did
constexpr std::string_view kNoReasonGiven = "resolved by hand";  // what incidents::resolve writes then

void add_once(std::vector<std::string>& list, std::string_view item) {
  item = trim(item);
  if (item.empty() || std::find(list.begin(), list.end(), item) != list.end()) return;
  list.emplace_back(item);
}

std::string leading_service(const model::Incident& incident) {
  if (!incident.causes.empty()) return incident.causes.front().service;
  return incident.services.empty() ? std::string() : incident.services.front();
}

// "P2" and "(P1)" belong to the one outage, not to the kind of trouble.
std::string without_severity(const std::string& title) {
  const auto open = title.rfind(" (");
  if (open == std::string::npos || title.back() != ')') return title;
  const bool severity = model::parse_severity(title.substr(open + 2, title.size() - open - 3)).has_value();
  return severity ? title.substr(0, open) : title;
}

std::string title_of(const model::Incident& incident) {
  const std::string service = leading_service(incident);
  // Patterns come by falling interest.
  for (const auto& pattern : incident.patterns) {
    if (pattern.change == model::Pattern::Change::kNew && pattern.services.contains(service))
      return service + ": " + one_line(pattern.text, 100);
  }
  return one_line(without_severity(incident.title));
}

std::string root_cause_of(const model::Incident& incident) {
  if (incident.analysis && !incident.analysis->root_cause.empty()) return incident.analysis->root_cause;
  if (incident.causes.empty()) return {};
  std::vector<std::string> reasons;
  for (const auto& evidence : incident.causes.front().evidence) {
    if (evidence.weight > 0) add_once(reasons, evidence.sentence);
  }
  const std::string& service = incident.causes.front().service;
  return reasons.empty() ? service : fmt::format("{}: {}", service, join(reasons, "; "));
}

std::vector<std::string> steps_of(const model::Incident& incident,
                                  std::span<const model::IncidentEvent> timeline) {
  std::vector<std::string> steps;
  for (const auto& event : timeline) {
    if (event.actor == kOurselves) continue;
    const bool reason = event.kind == "resolved" && event.text != kNoReasonGiven;
    if (event.kind == "commented" || reason) add_once(steps, event.text);
  }
  if (steps.empty() && incident.analysis) steps = incident.analysis->remediation_steps;
  return steps;
}

}  // namespace

model::Runbook draft_from(const model::Incident& incident, std::span<const model::IncidentEvent> timeline) {
  model::Runbook draft;
  draft.id = model::runbook_id(incident.id);
  draft.title = title_of(incident);
  draft.incident_date = format_rfc3339(incident.created_at).substr(0, 10);
  for (const auto& service : incident.services) add_once(draft.services_affected, service);
  draft.root_cause = root_cause_of(incident);
  draft.resolution_steps = steps_of(incident, timeline);
  for (const auto& anomaly : incident.anomalies) add_once(draft.tags, anomaly.metric);
  return draft;
}

}  // namespace sentinel::runbooks
