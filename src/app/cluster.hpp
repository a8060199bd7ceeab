// The Elasticsearch that the configuration names, opened as the telemetry store.
#pragma once

#include <atomic>
#include <memory>

#include "app/config.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/client.hpp"
#include "telemetry/elasticsearch/elasticsearch_telemetry.hpp"

namespace sentinel::app {

// Owns what the store needs. Thread-safe as the store is.
class Cluster {
 public:
  // Nothing is sent yet. `clock` outlives it. kInvalid: settings that contradict each other.
  static Result<std::unique_ptr<Cluster>> open(const Config& config, const Environment& environment,
                                               const Clock& clock, Log log);
  ~Cluster();
  telemetry::ElasticsearchTelemetry& store() { return *store_; }
  net::Transport& transport() { return *transport_; }
  // Questions and pauses under way end; later ones fail.
  void interrupt();

 private:
  Cluster() = default;
  std::unique_ptr<net::Transport> transport_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<telemetry::ElasticsearchTelemetry> store_;
};

// How the configuration and the environment say that the cluster is reached.
telemetry::ConnectionOptions connection_options(const Config& config, const Environment& environment);
net::CurlOptions curl_options(const Config& config);
// One connection with the same settings, for what is written (runbooks, mirrored incidents).
std::unique_ptr<telemetry::Connection> open_connection(net::Transport& transport, const Config& config,
                                                       const Environment& environment, const Clock& clock,
                                                       Log log);

}  // namespace sentinel::app
