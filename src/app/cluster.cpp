#include "app/cluster.hpp"

#include <thread>

#include "ingest/ingest.hpp"

namespace sentinel::app {
namespace {

// Waits in small steps, so that a stop does not wait for a pause between two attempts.
bool wait_unless(const std::atomic<bool>& stopping, Duration wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  while (!stopping && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(
        milliseconds(50), end - std::chrono::steady_clock::now()));
  return !stopping;
}

}  // namespace

telemetry::ConnectionOptions connection_options(const Config& config, const Environment& environment) {
  telemetry::ConnectionOptions options;
  options.hosts = config.elasticsearch.hosts;
  options.api_key = environment.get("ELASTICSEARCH_API_KEY");
  options.user = config.elasticsearch.user;
  options.password = environment.get("ELASTICSEARCH_PASSWORD");
  options.bearer = environment.get("ELASTICSEARCH_BEARER_TOKEN");
  options.timeout = seconds(config.elasticsearch.timeout_seconds);
  // Two attempts that time out, and their pause, end before the deadline.
  options.deadline = options.timeout * 2 + seconds(5);
  return options;
}

net::CurlOptions curl_options(const Config& config) {
  net::CurlOptions options;
  options.ca_file = config.elasticsearch.ca_file;
  options.pinned_fingerprint = config.elasticsearch.fingerprint;
  options.verify = !config.elasticsearch.insecure;
  options.proxy = config.elasticsearch.proxy;
  return options;
}

Result<std::unique_ptr<Cluster>> Cluster::open(const Config& config, const Environment& environment,
                                               const Clock& clock, Log log) {
  std::unique_ptr<Cluster> cluster(new Cluster());
  telemetry::ElasticsearchOptions options;
  options.connection = connection_options(config, environment);
  if (!options.connection.user.empty() && options.connection.password.empty() &&
      options.connection.api_key.empty())
    return fail(ErrorKind::kInvalid,
                "elasticsearch.user: needs the environment variable ELASTICSEARCH_PASSWORD");
  options.log_index = config.elasticsearch.log_index;
  options.metrics_index = config.elasticsearch.metrics_index;
  options.fields = config.fields;
  if (config.elasticsearch.engine == "esql") options.engine = telemetry::ElasticsearchOptions::Engine::kEsql;
  if (config.elasticsearch.engine == "search")
    options.engine = telemetry::ElasticsearchOptions::Engine::kSearch;
  auto parser = std::make_shared<ingest::DocumentParser>(config.fields);
  options.read_document = [parser](std::string_view json, Time fallback, model::DocumentBatch& out) {
    return parser->add(json, false, ingest::DocumentClass::kLog, fallback, out);
  };
  if (config.elasticsearch.insecure)
    log.warning("elasticsearch.insecure", {{"reason",
                                            "certificates are not verified: anybody on the way can read and "
                                            "change what is asked; set elasticsearch.ca_file instead"}});
  cluster->transport_ = net::make_curl_transport(curl_options(config));
  cluster->store_ = std::make_unique<telemetry::ElasticsearchTelemetry>(
      *cluster->transport_, std::move(options),
      net::RetryTime{[&clock] { return clock.now(); },
                     [self = cluster.get()](Duration wait) { return wait_unless(self->stopping_, wait); }},
      log);
  return cluster;
}

Cluster::~Cluster() { interrupt(); }

void Cluster::interrupt() {
  stopping_ = true;
  if (store_) store_->interrupt();
}

std::unique_ptr<telemetry::Connection> open_connection(net::Transport& transport, const Config& config,
                                                       const Environment& environment, const Clock& clock,
                                                       Log log) {
  return std::make_unique<telemetry::Connection>(transport, connection_options(config, environment),
                                                 net::RetryTime{[&clock] { return clock.now(); },
                                                                [](Duration wait) {
                                                                  std::this_thread::sleep_for(wait);
                                                                  return true;
                                                                }},
                                                 log);
}

}  // namespace sentinel::app
