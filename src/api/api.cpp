#include "api/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/parameters.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

// One row of the list: what the original's page reads, and the state.
json incident_row(const model::Incident& incident) {
  json row = {{"id", incident.id},
              {"title", incident.title},
              {"severity", model::to_string(incident.severity)},
              {"state", model::to_string(incident.state)},
              {"created_at", format_rfc3339(incident.created_at)},
              {"updated_at", format_rfc3339(incident.updated_at)},
              {"dedup_key", incident.dedup_key},
              {"services", incident.services},
              {"anomaly_count", incident.anomalies.size()},
              {"has_analysis", incident.analysis.has_value()}};
  if (incident.resolved_at) row["resolved_at"] = format_rfc3339(*incident.resolved_at);
  if (incident.analysis) {
    row["root_cause"] = incident.analysis->root_cause;
    row["confidence"] = model::to_string(incident.analysis->confidence);
  }
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

}  // namespace

void Api::get(net::Server& server, const char* pattern, Handle handle) {
  server.route("GET", pattern, [this, handle](net::Request& request, const net::Responder& responder) {
    responder.send((this->*handle)(request));
  });
}

void Api::register_routes(net::Server& server) {
  get(server, "/api/incidents", &Api::incidents);
  get(server, "/api/incidents/*", &Api::incident);
  get(server, "/api/services", &Api::services);
  get(server, "/api/health", &Api::health);
  get(server, "/api/logs", &Api::logs);
  get(server, "/api/ledger", &Api::ledger);
  get(server, "/api/runbooks", &Api::runbooks);
  get(server, "/healthz", &Api::health);
  get(server, "/readyz", &Api::ready);
  get(server, "/metrics", &Api::exposition);
}

net::Response Api::incidents(const net::Request& request) const {
  state::IncidentQuery query;
  const auto limit = number_parameter(request, "limit", 50, 1, 1000);
  if (!limit) return error_response(limit.error());
  const auto offset = number_parameter(request, "offset", 0, 0, 1'000'000'000);
  if (!offset) return error_response(offset.error());
  query.limit = *limit;
  query.offset = *offset;
  if (const auto word = request.param("state"); word && *word == "active") {
    query.active_only = true;
  } else if (word) {
    query.state = model::parse_incident_state(*word);
    if (!query.state)
      return error_response(400, "parameter state: use open, acknowledged, resolved or active");
  }
  if (const auto word = request.param("severity")) {
    query.min_severity = model::parse_severity(*word);
    if (!query.min_severity) return error_response(400, "parameter severity: use P1, P2, P3 or P4");
  }
  if (const auto service = request.param("service")) query.service = *service;
  const auto page = deps_.state.incidents(query);
  if (!page) return error_response(page.error());
  json rows = json::array();
  for (const auto& incident : page->incidents) rows.push_back(incident_row(incident));
  return net::Response::json(200, dump({{"total", page->total}, {"incidents", std::move(rows)}}));
}

net::Response Api::incident(const net::Request& request) const {
  const std::string& id = request.captures.front();
  const auto found = deps_.state.incident(id);
  if (!found) return error_response(found.error());
  if (!*found) return error_response(404, fmt::format("incident {} not found", one_line(id, 60)));
  const auto history = deps_.state.timeline(id);
  if (!history) return error_response(history.error());
  json body = model::to_json(**found);
  body["timeline"] = json::array();
  for (const auto& event : *history) body["timeline"].push_back(model::to_json(event));
  return net::Response::json(200, dump(body));
}

net::Response Api::services(const net::Request&) const {
  const Status status = deps_.status();
  struct Row {
    std::optional<model::Severity> worst;
    json anomalies = json::array();
    std::optional<model::Incident> last;
    int count = 0;
    bool active = false;
  };
  std::map<std::string, Row> rows;
  for (const auto& service : status.services) rows[service];
  const auto page = deps_.state.incidents({.limit = 1000});
  if (!page) return error_response(page.error());
  for (const auto& incident : page->incidents) {  // newest first
    for (const auto& service : incident.services) {
      Row& row = rows[service];
      ++row.count;
      if (!row.last) row.last = incident;
      if (incident.is_active())
        row.worst = row.worst ? model::worst(*row.worst, incident.severity) : incident.severity;
    }
  }
  for (const auto& anomaly : status.anomalies) {
    Row& row = rows[anomaly.service];
    row.anomalies.push_back(model::to_json(anomaly));
    row.worst = row.worst ? model::worst(*row.worst, anomaly.severity) : anomaly.severity;
  }
  json list = json::array();
  for (auto& [service, row] : rows) {
    json item = {{"service", service},
                 {"status", status_word(row.worst)},
                 {"incident_count", row.count},
                 {"anomalies", std::move(row.anomalies)}};
    item["last_incident_id"] = row.last ? json(row.last->id) : json();
    item["last_incident_at"] = row.last ? json(format_rfc3339(row.last->created_at)) : json();
    item["worst_severity"] = row.worst ? json(model::to_string(*row.worst)) : json();
    list.push_back(std::move(item));
  }
  return net::Response::json(200, dump({{"services", std::move(list)}}));
}

net::Response Api::health(const net::Request&) const {
  const Status status = deps_.status();
  const auto page = deps_.state.incidents({.limit = 1});
  json body = {{"status", page && !status.blind_since ? "ok" : "degraded"},
               {"incidents_tracked", page ? page->total : 0}};
  if (!page) body["state_store"] = page.error().text();
  if (status.last_tick) body["last_tick"] = format_rfc3339(*status.last_tick);
  if (status.blind_since) {
    body["blind_since"] = format_rfc3339(*status.blind_since);
    body["blind_reason"] = status.blind_reason;
  }
  if (status.telemetry_gap_since) body["telemetry_gap_since"] = format_rfc3339(*status.telemetry_gap_since);
  body["services"] = status.services.size();
  for (const auto& [name, took] : status.stages) body["stages_ms"][name] = seconds_of(took) * 1000;
  if (const auto store = deps_.telemetry.status()) {
    body["store"] = {{"kind", store->kind}, {"rows", store->rows}, {"bytes_on_disk", store->bytes_on_disk}};
    if (store->last_ingest) body["store"]["last_ingest"] = format_rfc3339(*store->last_ingest);
  } else {
    body["status"] = "degraded";
    body["store"] = {{"error", store.error().text()}};
  }
  return net::Response::json(200, dump(body));
}

// Ready once a tick has run: a load balancer may send traffic, a script may ask for incidents.
net::Response Api::ready(const net::Request&) const {
  const Status status = deps_.status();
  if (!status.last_tick) return error_response(503, "the first tick has not run yet");
  return net::Response::json(200,
                             dump({{"status", "ready"}, {"last_tick", format_rfc3339(*status.last_tick)}}));
}

net::Response Api::logs(const net::Request& request) const {
  const Time now = deps_.clock.now();
  telemetry::EventQuery query;
  const auto range = range_parameters(request, now, hours(24));
  if (!range) return error_response(range.error());
  const auto limit = number_parameter(request, "limit", 50, 1, 10'000);
  if (!limit) return error_response(limit.error());
  const auto offset = number_parameter(request, "offset", 0, 0, 1'000'000'000);
  if (!offset) return error_response(offset.error());
  query.range = *range;
  query.limit = *limit;
  query.offset = *offset;
  if (const auto text = request.param("q")) query.text = *text;
  if (const auto trace = request.param("trace")) query.trace_ids = {std::string(*trace)};
  for (const auto& [name, value] : request.query) {
    if (name == "service") query.services.push_back(value);
  }
  if (const auto word = request.param("level")) {
    query.min_level = model::parse_level(*word);
    if (*query.min_level == model::Level::kNone)
      return error_response(400, "parameter level: use debug, info, warning, error or fatal");
  }
  query.oldest_first = request.param("order") == "asc";
  const auto events = deps_.telemetry.events(query);
  if (!events) return error_response(events.error());
  const auto total = deps_.telemetry.count(query);
  if (!total) return error_response(total.error());
  json list = json::array();
  for (const auto& event : *events) list.push_back(model::to_json(event));
  return net::Response::json(200, dump({{"total", *total}, {"events", std::move(list)}}));
}

net::Response Api::ledger(const net::Request& request) const {
  const auto range = range_parameters(request, deps_.clock.now(), hours(24));
  if (!range) return error_response(range.error());
  const auto entries = deps_.state.ledger(*range);
  if (!entries) return error_response(entries.error());
  json list = json::array();
  std::map<std::string, int> counts;
  for (const auto& entry : *entries) {
    ++counts[std::string(model::to_string(entry.coverage))];
    json item = {{"slice", format_rfc3339(entry.slice)},
                 {"coverage", model::to_string(entry.coverage)},
                 {"judged_at", format_rfc3339(entry.judged_at)},
                 {"docs", entry.docs},
                 {"late_docs", entry.late_docs}};
    if (!entry.note.empty()) item["note"] = entry.note;
    list.push_back(std::move(item));
  }
  return net::Response::json(200, dump({{"counts", counts}, {"slices", std::move(list)}}));
}

net::Response Api::runbooks(const net::Request& request) const {
  json list = json::array();
  if (const auto text = request.param("q"); text && !text->empty()) {
    const auto matches = deps_.state.search_runbooks({.services = {std::string(*text)},
                                                      .tags = {std::string(*text)},
                                                      .text = std::string(*text),
                                                      .limit = 50});
    if (!matches) return error_response(matches.error());
    for (const auto& match : *matches) list.push_back(model::to_json(match));
  } else {
    const auto all = deps_.state.runbooks();
    if (!all) return error_response(all.error());
    for (const auto& runbook : *all) list.push_back(model::to_json(runbook));
  }
  return net::Response::json(200, dump({{"total", list.size()}, {"runbooks", std::move(list)}}));
}

net::Response Api::exposition(const net::Request&) const {
  net::Response response = net::Response::text(200, deps_.metrics.text());
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace sentinel::api
