#include "api/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/json.hpp"
#include "model/silence_json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

constexpr std::size_t kMostQuestions = 100;  // to a model, about one incident

bool is_silenced(const model::Incident& incident, const std::vector<model::Silence>& silences, Time now) {
  return !incident.anomalies.empty() &&
         std::all_of(incident.anomalies.begin(), incident.anomalies.end(), [&](const auto& anomaly) {
           return std::any_of(silences.begin(), silences.end(), [&](const auto& silence) {
             return silence.matches(anomaly, now, incident.patterns);
           });
         });
}

// What the row has beyond the fields of the stored form.
void add_row_fields(json& row, const model::Incident& incident, const std::vector<model::Silence>& silences,
                    Time now) {
  if (incident.analysis) row["summary"] = incident.analysis->summary;
  if (!incident.causes.empty()) {
    row["cause_service"] = incident.causes.front().service;
    row["cause_probability"] = incident.causes.front().probability;
  }
  row["silenced"] = incident.is_active() && is_silenced(incident, silences, now);
}

// What a model's part in it has cost, all questions together, and what was sent: by the question whose answer
// stands there, else by the newest.
void add_asked(json& analysis, const std::vector<model::AnalysisRecord>& asked) {
  double usd = 0;
  for (const auto& question : asked) usd += question.usd;
  const auto answered = std::find_if(asked.rbegin(), asked.rend(),
                                     [](const auto& question) { return question.outcome == "answered"; });
  const auto& shown = answered != asked.rend() ? *answered : asked.back();
  analysis["cost_usd"] = usd;
  analysis["questions"] = asked.size();
  analysis["sent"] = shown.sent;
  analysis["sent_at"] = format_rfc3339(shown.asked_at);
  analysis["sent_to"] = shown.model;
}

}  // namespace

json optional_number(const std::optional<double>& value) { return value ? json(*value) : json(); }
json optional_time(const std::optional<Time>& value) { return value ? json(format_rfc3339(*value)) : json(); }

json incident_row(const model::Incident& incident, const std::vector<model::Silence>& silences, Time now) {
  model::Incident slim = incident;
  const std::size_t anomalies = incident.anomalies.size();
  slim.anomalies.clear();
  slim.causes.clear();
  slim.links.clear();
  slim.patterns.clear();
  slim.events.clear();
  slim.runbooks.clear();
  json row = model::to_json(slim);
  for (const char* part :
       {"anomalies", "causes", "links", "patterns", "correlated_events", "matched_runbooks", "analysis"})
    row.erase(part);
  row["anomaly_count"] = anomalies;
  add_row_fields(row, incident, silences, now);
  return row;
}

json incident_detail(const model::Incident& incident, const std::vector<model::IncidentEvent>& timeline,
                     const std::vector<model::Silence>& silences,
                     const std::vector<model::AnalysisRecord>& asked, Time now) {
  json body = model::to_json(incident);
  add_row_fields(body, incident, silences, now);
  if (incident.analysis && !asked.empty()) add_asked(body["analysis"], asked);
  body["timeline"] = json::array();
  for (const auto& event : timeline) body["timeline"].push_back(model::to_json(event));
  if (!incident.merge_suggestion.empty()) {
    // The timeline tells why; the newest suggestion is the one that stands.
    const auto why =
        std::find_if(timeline.rbegin(), timeline.rend(), [](const auto& e) { return e.kind == "suggested"; });
    json suggestion = {{"id", incident.merge_suggestion},
                       {"reason", why != timeline.rend() ? why->text : ""}};
    body["merge_suggestions"] = json::array();
    body["merge_suggestions"].push_back(std::move(suggestion));
  }
  return body;
}

Result<json> read_incident(state::StateStore& state, const std::string& id, Time now) {
  SENTINEL_ASSIGN(const auto found, state.incident(id));
  if (!found) return fail(ErrorKind::kNotFound, fmt::format("incident {} not found", one_line(id, 60)));
  SENTINEL_ASSIGN(const auto timeline, state.timeline(id));
  SENTINEL_ASSIGN(const auto silences, state.silences());
  SENTINEL_ASSIGN(const auto asked,
                  state.analyses({.incident_id = id, .bodies = true, .limit = kMostQuestions}));
  return incident_detail(*found, timeline, silences, asked, now);
}

json silence_row(const model::Silence& silence, Time now) {
  json row = model::to_json(silence);
  row["status"] = silence.ends_at <= now ? "expired" : silence.covers(now) ? "active" : "pending";
  return row;
}

std::string_view status_word(std::optional<model::Severity> worst) {
  if (!worst) return "healthy";
  switch (*worst) {
    case model::Severity::kP1:
      return "critical";
    case model::Severity::kP2:
      return "warning";
    default:
      return "degraded";
  }
}

std::map<std::string, ServiceState> service_states(const engine::View& view,
                                                   const std::vector<model::Incident>& incidents) {
  std::map<std::string, ServiceState> states;
  for (const auto& service : view.services) states[service];
  const auto note = [](ServiceState& state, model::Severity severity) {
    state.worst = state.worst ? model::worst(*state.worst, severity) : severity;
  };
  for (const auto& incident : incidents) {
    for (const auto& service : incident.services) {
      ServiceState& state = states[service];
      ++state.incidents;
      if (state.last_incident.empty()) {
        state.last_incident = incident.id;
        state.last_incident_at = incident.created_at;
      }
      if (!incident.is_active()) continue;
      if (state.active_incident.empty()) state.active_incident = incident.id;
      note(state, incident.severity);
    }
  }
  for (const auto& anomaly : view.anomalies) {
    ServiceState& state = states[anomaly.service];
    state.anomalies.push_back(anomaly);
    note(state, anomaly.severity);
  }
  return states;
}

std::vector<Edge> edges_of(const std::vector<model::CallSlice>& calls,
                           const std::vector<model::Incident>& active,
                           const std::vector<model::Link>& learned,
                           const std::vector<std::pair<std::string, std::string>>& configured) {
  struct Sum {
    Edge edge;
    model::LatencyHistogram latency;
  };
  std::map<std::pair<std::string, std::string>, Sum> found;
  for (const auto& call : calls) {
    Sum& sum = found[{call.caller, call.callee}];
    sum.edge.source = "span";
    sum.edge.calls += static_cast<double>(call.calls);
    sum.edge.errors += static_cast<double>(call.errors);
    sum.edge.last_seen = std::max(sum.edge.last_seen.value_or(call.start), call.start);
    sum.latency.merge(call.latency);
  }
  for (const auto& incident : active) {
    for (const auto& link : incident.links) {
      Sum& sum = found[{link.caller, link.callee}];
      if (!sum.edge.source.empty()) continue;
      sum.edge.source = model::to_string(link.source);
      sum.edge.calls = link.calls;
      sum.edge.errors = link.errors;
      sum.edge.last_seen = link.last_seen;
    }
  }
  for (const auto& link : learned) {
    Sum& sum = found[{link.caller, link.callee}];
    if (!sum.edge.source.empty()) continue;
    sum.edge.source = "learned";
    sum.edge.calls = link.calls;
    sum.edge.errors = link.errors;
    sum.edge.last_seen = link.last_seen;
  }
  for (const auto& pair : configured) {
    Sum& sum = found[pair];
    if (sum.edge.source.empty()) sum.edge.source = "topology";
  }
  std::vector<Edge> edges;
  for (auto& [names, sum] : found) {
    sum.edge.caller = names.first;
    sum.edge.callee = names.second;
    sum.edge.p99_ms = sum.latency.quantile_ms(0.99);
    edges.push_back(std::move(sum.edge));
  }
  return edges;
}

json edge_json(const Edge& edge) {
  return {{"caller", edge.caller},
          {"callee", edge.callee},
          {"source", edge.source},
          {"calls", edge.calls},
          {"errors", edge.errors},
          {"error_share", edge.calls > 0 ? edge.errors / edge.calls : 0.0},
          {"p99_ms", optional_number(edge.p99_ms)},
          {"last_seen", optional_time(edge.last_seen)}};
}

}  // namespace sentinel::api
