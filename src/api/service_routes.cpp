// Services as the last tick left them: state, traffic, sparkline; one service with its neighbours.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "api/answer.hpp"
#include "api/context.hpp"
#include "api/views.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

constexpr std::size_t kIncidents = 1000;  // that count for a service, the newest

bool is_silenced(const std::string& service, const std::vector<model::Silence>& silences, Time now) {
  // Whole services only: a silence of one metric or severity leaves others to be heard.
  return std::any_of(silences.begin(), silences.end(), [&](const auto& silence) {
    return silence.covers(now) && silence.metric == "*" && silence.severities.empty() &&
           silence.pattern.empty() && glob_match(silence.service, service);
  });
}

json service_row(const std::string& service, const ServiceState& state, const engine::ServiceTraffic* traffic,
                 const std::vector<model::Silence>& silences, Time now) {
  json row = {{"service", service},
              {"status", status_word(state.worst)},
              {"incident_count", state.incidents},
              {"active_incident_id", state.active_incident.empty() ? json() : json(state.active_incident)},
              {"last_incident_id", state.last_incident.empty() ? json() : json(state.last_incident)},
              {"last_incident_at", optional_time(state.last_incident_at)},
              {"worst_severity", state.worst ? json(model::to_string(*state.worst)) : json()},
              {"anomalies", json::array()},
              {"docs_per_minute", traffic != nullptr ? traffic->docs_per_minute : 0.0},
              {"error_share", traffic != nullptr ? traffic->error_share : 0.0},
              {"p99_ms", traffic != nullptr ? optional_number(traffic->p99_ms) : json()},
              {"traffic", traffic != nullptr ? json(traffic->docs) : json::array()},
              {"errors", traffic != nullptr ? json(traffic->errors) : json::array()},
              {"last_seen", traffic != nullptr ? optional_time(traffic->last_seen) : json()},
              {"silenced", is_silenced(service, silences, now)}};
  for (const auto& anomaly : state.anomalies) row["anomalies"].push_back(model::to_json(anomaly));
  return row;
}

Result<std::string> render_list(Context& context, Time now) {
  const auto view = context.engine.view();
  SENTINEL_ASSIGN(const auto page, context.state.incidents({.limit = kIncidents}));
  SENTINEL_ASSIGN(const auto silences, context.state.silences());
  const auto states = service_states(*view, page.incidents);
  // Worst first; among equals who has an incident, then the larger share of errors, then the name.
  std::vector<std::tuple<int, int, double, std::string>> order;
  for (const auto& [service, state] : states) {
    const auto* traffic = view->traffic->find(service);
    order.emplace_back(state.worst ? static_cast<int>(*state.worst) : 9,
                       state.active_incident.empty() ? 1 : 0, traffic != nullptr ? -traffic->error_share : 0,
                       service);
  }
  std::sort(order.begin(), order.end());
  json rows = json::array();
  for (const auto& [worst, quiet, share, service] : order)
    rows.push_back(service_row(service, states.at(service), view->traffic->find(service), silences, now));
  return dump({{"services", std::move(rows)},
               {"slice_seconds", context.slice.count() / 1'000'000},
               {"newest_slice", optional_time(view->traffic->newest)}});
}

Result<json> one(Context& context, const std::string& service, Time now) {
  const auto view = context.engine.view();
  SENTINEL_ASSIGN(const auto page, context.state.incidents({.limit = kIncidents}));
  SENTINEL_ASSIGN(const auto silences, context.state.silences());
  const auto states = service_states(*view, page.incidents);
  const auto found = states.find(service);
  if (found == states.end())
    return fail(ErrorKind::kNotFound, fmt::format("service {} is not known", one_line(service, 80)));
  json body = service_row(service, found->second, view->traffic->find(service), silences, now);
  SENTINEL_ASSIGN(const auto calls,
                  context.telemetry.calls({align_down(now - minutes(60), minutes(1)), now}, minutes(1)));
  std::vector<model::Incident> active;
  for (const auto& incident : page.incidents) {
    if (incident.is_active()) active.push_back(incident);
  }
  body["callers"] = json::array();
  body["callees"] = json::array();
  for (const auto& edge : edges_of(calls, active, *view->calls, context.topology)) {
    if (edge.callee == service) body["callers"].push_back(edge_json(edge));
    if (edge.caller == service) body["callees"].push_back(edge_json(edge));
  }
  SENTINEL_ASSIGN(const auto own, context.state.incidents({.service = service, .limit = 50}));
  body["incidents"] = json::array();
  for (const auto& incident : own.incidents)
    body["incidents"].push_back(incident_row(incident, silences, now));
  return body;
}

}  // namespace

void add_service_routes(Router& router, Context& context) {
  router.get("/api/services", [&context](const Call& call) {
    return context.rendered.answer(call.request, RenderedAnswers::Shows::kTicks,
                                   [&] { return render_list(context, call.now); });
  });
  router.get_slowly("/api/services/{name}", [&context](const Call& call) {
    const auto result = one(context, call.request.captures.front(), call.now);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
}

}  // namespace sentinel::api
