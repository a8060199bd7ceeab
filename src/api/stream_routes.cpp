// /api/stream and what the engine's listener puts into it; the live tail of the logs.
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/context.hpp"
#include "api/log_query.hpp"
#include "api/stream_events.hpp"
#include "api/tail.hpp"
#include "api/views.hpp"
#include "model/json.hpp"

namespace sentinel::api {

using nlohmann::json;

std::string tick_event(const engine::View& view, Time now) {
  json body = {{"at", format_rfc3339(view.last_tick.value_or(now))},
               {"services", view.services.size()},
               {"anomalies", view.anomalies.size()},
               {"active_incidents", view.active_incidents},
               {"ingest_lag_seconds", view.ingest_lag ? json(seconds_of(*view.ingest_lag)) : json()}};
  if (view.blind_since) body["blind_since"] = format_rfc3339(*view.blind_since);
  if (view.telemetry_gap_since) body["telemetry_gap_since"] = format_rfc3339(*view.telemetry_gap_since);
  return dump(body);
}

std::string incident_event(const model::Incident& incident, const std::vector<model::IncidentEvent>& events,
                           Time now) {
  json own = json::array();
  for (const auto& event : events) {
    if (event.incident_id == incident.id) own.push_back(model::to_json(event));
  }
  return dump({{"incident", incident_row(incident, {}, now)}, {"events", std::move(own)}});
}

void add_stream_routes(Router& router, Context& context, Tail& tail) {
  router.raw("GET", "/api/stream", [&context](net::Request& request, const net::Responder& responder) {
    auto last = request.headers.get("Last-Event-ID");
    if (!last) last = request.param("last_event_id");
    context.feed.join(responder, last.value_or(""),
                      dump({{"version", context.version}, {"at", format_rfc3339(context.clock.now())}}));
  });
  router.raw("GET", "/api/logs/tail",
             [&context, &tail](net::Request& request, const net::Responder& responder) {
               const auto query = read_log_query(request, context.clock.now(), minutes(5));
               if (!query) return responder.send(error_response(query.error()));
               tail.join(responder, *query, context.clock.now());
             });
}

}  // namespace sentinel::api
