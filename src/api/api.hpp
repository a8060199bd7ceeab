// The REST API: the four routes of the original, then log search, ledger, runbooks, health and metrics. It
// reads and formats; it decides nothing. Handlers block on their stores and are called on server threads.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/answer.hpp"
#include "api/prometheus_metrics.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "model/anomaly.hpp"
#include "net/server.hpp"
#include "state/store.hpp"
#include "telemetry/store.hpp"

namespace sentinel::api {

// What the API shows of the last tick; made by the engine's owner, read as a whole.
struct Status {
  std::vector<std::string> services;      // known to detection
  std::vector<model::Anomaly> anomalies;  // of the last tick
  std::optional<Time> last_tick;
  std::optional<Time> blind_since;  // the store has not answered since then
  std::string blind_reason;
  std::optional<Time> telemetry_gap_since;               // the fleet has sent nothing since then
  std::vector<std::pair<std::string, Duration>> stages;  // of the last tick, in order
};

class Api {
 public:
  // All outlive the Api and the server it was registered with.
  struct Deps {
    telemetry::TelemetryStore& telemetry;
    state::StateStore& state;
    PrometheusMetrics& metrics;
    const Clock& clock;
    std::function<Status()> status;  // any thread
    Log log;
  };
  explicit Api(Deps deps) : deps_(std::move(deps)) {}
  void register_routes(net::Server& server);

 private:
  using Handle = net::Response (Api::*)(const net::Request&) const;
  void get(net::Server& server, const char* pattern, Handle handle);

  net::Response incidents(const net::Request& request) const;
  net::Response incident(const net::Request& request) const;
  net::Response services(const net::Request& request) const;
  net::Response health(const net::Request& request) const;
  net::Response ready(const net::Request& request) const;
  net::Response logs(const net::Request& request) const;
  net::Response ledger(const net::Request& request) const;
  net::Response runbooks(const net::Request& request) const;
  net::Response exposition(const net::Request& request) const;

  Deps deps_;
};

}  // namespace sentinel::api
