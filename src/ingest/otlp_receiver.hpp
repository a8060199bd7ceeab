// OTLP/HTTP: POST /v1/logs, /v1/traces and /v1/metrics in protobuf or JSON, answered in the same encoding
// after the rows are durable. What is refused for now gets 429 or 503: an exporter repeats these and drops
// everything else.
#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "ingest/otlp.hpp"
#include "net/server.hpp"
#include "telemetry/store.hpp"

namespace sentinel::ingest {

class OtlpReceiver {
 public:
  // All outlive the server it is registered with.
  struct Deps {
    telemetry::TelemetrySink& sink;
    const Clock& clock;
    Log log;
    Metrics& metrics;
  };
  explicit OtlpReceiver(Deps deps);
  void register_routes(net::Server& server);

 private:
  void receive(OtlpSignal signal, net::Request& request, const net::Responder& responder);

  Deps deps_;
  Counter& records_;
  Counter& rejected_;
};

}  // namespace sentinel::ingest
