// The REST API, the live stream and the metrics of a running service, as docs/openapi.yaml describes them. It
// reads views and stores, gives commands to the engine, and decides nothing. Handlers are called on server
// threads; those that may scan a store run on threads of their own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/access.hpp"
#include "api/answer.hpp"
#include "api/prometheus_metrics.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "engine/engine.hpp"
#include "net/server.hpp"
#include "state/store.hpp"
#include "telemetry/store.hpp"

namespace sentinel::api {

class Api {
 public:
  // All outlive the Api.
  struct Deps {
    telemetry::TelemetryStore& telemetry;
    state::StateStore& state;
    engine::Engine& engine;
    PrometheusMetrics& metrics;
    const Clock& clock;
    Log log;
  };
  struct Options {
    std::string version;
    Duration interval = seconds(30);                            // between ticks
    Duration slice = seconds(60);                               // length
    std::vector<std::pair<std::string, std::string>> topology;  // configured calls: caller, callee
    AccessOptions access;
    // A runbook drafted from an incident and its timeline.
    std::function<model::Runbook(const model::Incident&, const std::vector<model::IncidentEvent>&)>
        draft_runbook;
    std::function<std::string()> config_json;                 // EffectiveConfig of the document
    std::function<Result<std::string>(Time now)> spend_json;  // Spend of the document
  };
  Api(Deps deps, Options options);
  ~Api();  // after the server stopped

  // Before the server starts. Takes its after() and asks for nothing else; refuse() is for its before().
  void register_routes(net::Server& server);
  std::optional<Access::Refusal> refuse(const net::Request& request) const;
  // Of every response, the page's included: what keeps a browser from being used against its user.
  static void secure(const net::Request& request, net::Response& response, bool tls);

  const std::vector<std::string>& routes() const;  // "GET /api/incidents/{id}", as in the document

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::api
