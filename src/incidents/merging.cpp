#include "incidents/merging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace sentinel::incidents {
namespace {

using model::Anomaly;
using model::Incident;
using nlohmann::json;

bool same_trouble(const Anomaly& a, const Anomaly& b) {
  return a.service == b.service && a.metric == b.metric;
}

template <class T>
bool holds(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

void forbid(std::vector<std::string>& list, const std::string& id) {
  if (!holds(list, id)) list.push_back(id);
}

}  // namespace

std::string fold(Incident& survivor, Incident& other, Time now) {
  json data = {{"survivor", survivor.id},
               {"other", other.id},
               {"state", model::to_string(other.state)},
               {"severity", model::to_string(survivor.severity)},
               {"title", survivor.title},
               {"onset", micros(survivor.onset)},
               {"anomalies", json::array()},
               {"services", json::array()}};
  for (const auto& anomaly : other.anomalies) {
    const auto known = std::find_if(survivor.anomalies.begin(), survivor.anomalies.end(),
                                    [&](const Anomaly& a) { return same_trouble(a, anomaly); });
    if (known == survivor.anomalies.end()) {
      survivor.anomalies.push_back(anomaly);
      data["anomalies"].push_back({anomaly.service, anomaly.metric});
    } else if (model::worse(anomaly.severity, known->severity)) {
      *known = anomaly;
    }
  }
  std::sort(survivor.anomalies.begin(), survivor.anomalies.end(), [](const Anomaly& a, const Anomaly& b) {
    return std::tie(a.service, a.metric) < std::tie(b.service, b.metric);
  });
  for (const auto& service : other.services) {
    if (holds(survivor.services, service)) continue;
    survivor.services.push_back(service);
    data["services"].push_back(service);
  }
  survivor.onset = std::min(survivor.onset, other.onset);
  survivor.last_bad_at = std::max(survivor.last_bad_at, other.last_bad_at);
  survivor.relapsed_at = std::max(survivor.relapsed_at, other.relapsed_at);
  if (model::worse(other.severity, survivor.severity)) survivor.title = other.title;
  survivor.severity = model::worst(survivor.severity, other.severity);
  survivor.updated_at = now;
  if (survivor.merge_suggestion == other.id) survivor.merge_suggestion.clear();
  other.merge_suggestion.clear();
  other.state = model::IncidentState::kResolved;
  other.resolved_at = now;
  other.merged_into = survivor.id;
  other.updated_at = now;
  return data.dump();
}

std::string escalation_text(model::Severity before, const Incident& other) {
  return fmt::format("{} -> {}: {}", model::to_string(before), model::to_string(other.severity), other.title);
}

Result<void> unfold(Incident& survivor, Incident& other, const std::string& data, Time now) {
  const json kept = json::parse(data, nullptr, false);
  try {
    std::set<std::pair<std::string, std::string>> taken;
    for (const auto& key : kept.at("anomalies"))
      taken.emplace(key.at(0).get<std::string>(), key.at(1).get<std::string>());
    std::erase_if(survivor.anomalies, [&](const Anomaly& a) {
      return taken.contains({a.service, a.metric});
    });
    const auto services = kept.at("services").get<std::vector<std::string>>();
    std::erase_if(survivor.services, [&](const std::string& s) { return holds(services, s); });
    std::erase_if(survivor.causes, [&](const auto& cause) { return holds(services, cause.service); });
    const auto before = model::parse_severity(kept.at("severity").get<std::string>());
    if (before) {
      survivor.severity = *before;
      for (const auto& anomaly : survivor.anomalies)
        survivor.severity = model::worst(survivor.severity, anomaly.severity);
    }
    if (survivor.title == other.title) survivor.title = kept.value("title", survivor.title);
    survivor.onset = time_from_micros(kept.at("onset").get<std::int64_t>());
    survivor.updated_at = now;
    other.state = model::parse_incident_state(kept.at("state").get<std::string>())
                      .value_or(model::IncidentState::kOpen);
  } catch (const json::exception& error) {
    return fail(ErrorKind::kCorrupt, fmt::format("the event of the merge cannot be read: {}", error.what()));
  }
  other.merged_into.clear();
  if (other.is_active()) {
    other.resolved_at.reset();
    other.unattended_since = now;
    // It gets the whole clean time again before it resolves by itself.
    other.last_bad_at = std::max(other.last_bad_at, now);
  }
  other.updated_at = now;
  keep_apart(survivor, other);
  return {};
}

Result<Incident> split_off(Incident& incident, std::span<const std::string> services, Time now) {
  std::vector<std::string> leaving(services.begin(), services.end());
  if (leaving.empty()) return fail(ErrorKind::kInvalid, "a split needs the services that leave");
  for (const auto& service : leaving) {
    if (std::none_of(incident.anomalies.begin(), incident.anomalies.end(),
                     [&](const Anomaly& a) { return a.service == service; }))
      return fail(ErrorKind::kInvalid, fmt::format("{} has no anomaly of {}; those that have: see its card",
                                                   incident.id, service));
  }
  Incident off = incident;
  const auto leaves = [&](const Anomaly& a) { return holds(leaving, a.service); };
  std::erase_if(off.anomalies, [&](const Anomaly& a) { return !leaves(a); });
  std::vector<Anomaly> staying = incident.anomalies;
  std::erase_if(staying, leaves);
  if (staying.empty())
    return fail(ErrorKind::kInvalid,
                fmt::format("nothing would be left of {}: leave one service", incident.id));
  incident.anomalies = std::move(staying);
  std::erase_if(incident.services, [&](const std::string& s) { return holds(leaving, s); });
  std::erase_if(incident.causes, [&](const auto& cause) { return holds(leaving, cause.service); });
  incident.updated_at = now;

  const auto worst =
      std::min_element(off.anomalies.begin(), off.anomalies.end(), [](const auto& a, const auto& b) {
        if (a.severity != b.severity) return model::worse(a.severity, b.severity);
        return a.score > b.score;
      });
  off.dedup_key = worst->dedup_key();
  off.id = model::incident_id(now, off.dedup_key);
  if (off.id == incident.id) off.id += "s";
  off.severity = worst->severity;
  off.title =
      fmt::format("{}: {} ({})", worst->service, worst->sentence.empty() ? worst->metric : worst->sentence,
                  model::to_string(worst->severity));
  off.created_at = now;
  off.unattended_since = now;
  off.updated_at = now;
  off.last_bad_at = std::max(off.last_bad_at, now);
  off.services = std::move(leaving);
  std::erase_if(off.causes, [&](const auto& cause) { return !holds(off.services, cause.service); });
  off.analysis.reset();
  off.runbooks.clear();
  off.suppressed = 0;
  off.reopened = 0;
  off.apart.clear();
  off.merge_suggestion.clear();
  keep_apart(incident, off);
  return off;
}

Result<Pair> pair_of(const std::string& data) {
  const json kept = json::parse(data, nullptr, false);
  if (!kept.is_object() || !kept.contains("survivor") || !kept["survivor"].is_string() ||
      !kept.contains("other") || !kept["other"].is_string())
    return fail(ErrorKind::kCorrupt, "the event does not say which incidents it joined");
  return Pair{kept["survivor"].get<std::string>(), kept["other"].get<std::string>()};
}

void keep_apart(Incident& a, Incident& b) {
  forbid(a.apart, b.id);
  forbid(b.apart, a.id);
}

}  // namespace sentinel::incidents
