// What the routes work with. One file of routes per part of the document; each adds its routes to the Router.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/feed.hpp"
#include "api/prometheus_metrics.hpp"
#include "api/rendered.hpp"
#include "api/router.hpp"
#include "engine/engine.hpp"
#include "state/store.hpp"
#include "telemetry/store.hpp"

namespace sentinel::api {

class Tail;

// All that is referred to outlives the API and the server it was registered with.
struct Context {
  telemetry::TelemetryStore& telemetry;
  state::StateStore& state;
  engine::Engine& engine;
  PrometheusMetrics& metrics;
  const Clock& clock;
  Log log;
  Access& access;
  Feed& feed;
  RenderedAnswers& rendered;
  std::string version;
  Time started;
  Duration interval;                                          // between ticks
  Duration slice;                                             // length
  std::vector<std::pair<std::string, std::string>> topology;  // configured calls: caller, callee
  std::function<model::Runbook(const model::Incident&, const std::vector<model::IncidentEvent>&)>
      draft_runbook;
  std::function<std::string()> config_json;                 // EffectiveConfig of the document
  std::function<Result<std::string>(Time now)> spend_json;  // Spend of the document
};

void add_incident_routes(Router& router, Context& context);
void add_command_routes(Router& router, Context& context);
void add_silence_routes(Router& router, Context& context);
void add_runbook_routes(Router& router, Context& context);
void add_service_routes(Router& router, Context& context);
void add_series_routes(Router& router, Context& context);
void add_topology_routes(Router& router, Context& context);
void add_log_routes(Router& router, Context& context);
void add_trace_routes(Router& router, Context& context);
void add_operation_routes(Router& router, Context& context);
void add_stream_routes(Router& router, Context& context, Tail& tail);
void add_session_routes(Router& router, Context& context);

}  // namespace sentinel::api
