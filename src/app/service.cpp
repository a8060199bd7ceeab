#include "app/service.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

#include "api/api.hpp"
#include "api/prometheus_metrics.hpp"
#include "api/web_app.hpp"
#include "app/notifier.hpp"
#include "app/notify_routes.hpp"
#include "ingest/es_dialect.hpp"
#include "ingest/otlp_receiver.hpp"
#include "net/server.hpp"
#include "runbooks/runbooks.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "telemetry/embedded/embedded_telemetry.hpp"
#include "telemetry/embedded/folder_lock.hpp"

namespace sentinel::app {
namespace {

// Below /api an error is {"detail"}; everywhere else it is Elasticsearch's, which shippers read.
net::Response render_error(std::string_view path, int status, std::string_view detail) {
  if (path.starts_with("/api") || path == "/metrics" || path == "/healthz" || path == "/readyz")
    return api::error_response(status, detail);
  const char* type = status == 404   ? "resource_not_found_exception"
                     : status == 413 ? "content_too_long_exception"
                     : status == 429 ? "es_rejected_execution_exception"
                                     : "illegal_argument_exception";
  return ingest::EsDialect::error(status, type, detail);
}

bool is_loopback(const std::string& host) { return host.starts_with("127.") || host == "::1"; }

}  // namespace

std::string state_path(const Config& config) { return config.telemetry.data_dir + "/state.db"; }
std::string telemetry_folder(const Config& config) { return config.telemetry.data_dir + "/telemetry"; }

struct Service::Impl {
  Impl(Config c, Environment e, Log l, const Clock& k)
      : config(std::move(c)), environment(std::move(e)), log(l), clock(k) {}

  Result<void> open_stores();
  Result<void> serve();
  void maintain(Time now);
  api::Status status() const;

  Config config;
  Environment environment;
  Log log;
  const Clock& clock;
  api::PrometheusMetrics metrics;
  std::optional<telemetry::FolderLock> lock;
  std::unique_ptr<telemetry::EmbeddedTelemetry> store;
  std::unique_ptr<state::StateStore> state;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<ingest::EsDialect> dialect;
  std::unique_ptr<ingest::OtlpReceiver> otlp;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<net::Server> server;
  std::unique_ptr<Notifier> notifier;
  std::string url;
  Time next_maintenance{};
};

Service::Service(Config config, Environment environment, Log log, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(environment), log, clock)) {}
Service::~Service() { stop(); }

engine::Engine& Service::engine() { return *impl_->engine; }
state::StateStore& Service::state() { return *impl_->state; }
telemetry::TelemetryStore& Service::telemetry() { return *impl_->store; }
telemetry::TelemetrySink& Service::sink() { return *impl_->store; }
std::string Service::url() const { return impl_->url; }

Result<void> Service::Impl::open_stores() {
  if (config.telemetry.store != "embedded") {
    return fail(ErrorKind::kInvalid,
                "telemetry.store: elasticsearch cannot be read by this version; set telemetry.store: "
                "embedded and point your shippers at this service's _bulk");
  }
  SENTINEL_ASSIGN(auto taken, telemetry::FolderLock::take(config.telemetry.data_dir));
  lock.emplace(std::move(taken));
  SENTINEL_ASSIGN(state, state::open_sqlite_state(state_path(config)));
  telemetry::EmbeddedOptions options;
  options.folder = telemetry_folder(config);
  options.retention = hours(config.telemetry.retention_hours);
  options.disk_budget_bytes = static_cast<std::uint64_t>(config.telemetry.disk_budget_gb * 1e9);
  options.memory_limit_mb = config.telemetry.memory_limit_mb;
  SENTINEL_ASSIGN(store, telemetry::EmbeddedTelemetry::open(options, log.named("telemetry"), metrics));
  SENTINEL_ASSIGN(const int seeded, runbooks::seed_if_empty(*state));
  if (seeded > 0) log.info("runbooks.seeded", {{"count", seeded}});
  return {};
}

api::Status Service::Impl::status() const {
  const auto view = engine->view();
  api::Status s;
  s.services = view->services;
  s.anomalies = view->anomalies;
  s.last_tick = view->last_tick;
  s.blind_since = view->blind_since;
  s.blind_reason = view->blind_reason;
  s.telemetry_gap_since = view->telemetry_gap_since;
  s.stages = view->stages;
  return s;
}

Result<void> Service::Impl::serve() {
  const auto address = parse_listen(config.server.listen);
  if (!address) return fail(ErrorKind::kInvalid, "server.listen: no address");
  const std::string token = environment.get("SENTINELOPS_SERVER_TOKEN");
  if (!is_loopback(address->host) && token.empty()) {
    return fail(ErrorKind::kInvalid, fmt::format("server.listen: {} can be reached from other machines: set "
                                                 "SENTINELOPS_SERVER_TOKEN, or listen on 127.0.0.1",
                                                 config.server.listen));
  }
  net::ServerOptions options;
  options.address = address->host;
  options.port = address->port;
  options.threads = static_cast<unsigned>(config.server.threads);
  options.tls_cert_file = config.server.tls_cert_file;
  options.tls_key_file = config.server.tls_key_file;
  server = std::make_unique<net::Server>(options, log.named("net"), metrics);
  server->error_renderer(render_error);
  if (token.empty()) {
    server->before([](const net::Request& request) { return api::WebApp().answer(request); });
  } else {
    server->before([token](const net::Request& request) -> std::optional<net::Response> {
      if (auto page = api::WebApp().answer(request)) return page;
      // Slack proves itself by its signature.
      if (request.path == kSlackPath) return std::nullopt;
      if (request.path == "/healthz" || request.path == "/readyz") return std::nullopt;
      const auto given = request.headers.get("Authorization");
      // Every byte is looked at, whatever differs first.
      const std::string wanted = "Bearer " + token;
      const std::string have(given.value_or(""));
      unsigned differs = wanted.size() == have.size() ? 0 : 1;
      for (std::size_t i = 0; i < wanted.size(); ++i)
        differs |= static_cast<unsigned>(static_cast<unsigned char>(wanted[i]) ^
                                         static_cast<unsigned char>(i < have.size() ? have[i] : 0));
      if (differs == 0) return std::nullopt;
      net::Response response =
          render_error(request.path, 401, "a token is required: Authorization: Bearer ...");
      response.headers.set("WWW-Authenticate", "Bearer");
      return response;
    });
  }
  api = std::make_unique<api::Api>(
      api::Api::Deps{*store, *state, metrics, clock, [this] { return status(); }, log.named("api")});
  api->register_routes(*server);
  register_notify_routes(*server, *engine, *state, clock, environment.get("SLACK_SIGNING_SECRET"));
  dialect = std::make_unique<ingest::EsDialect>(
      ingest::EsDialect::Deps{*store, clock, log.named("ingest"), metrics},
      ingest::EsDialect::Options{config.elasticsearch.metrics_index, config.fields});
  for (const char* prefix : {"", "/es", "/insert/elasticsearch"}) dialect->register_routes(*server, prefix);
  otlp = std::make_unique<ingest::OtlpReceiver>(
      ingest::OtlpReceiver::Deps{*store, clock, log.named("ingest"), metrics});
  otlp->register_routes(*server);
  SENTINEL_TRY(server->start());
  url = fmt::format("{}://{}:{}", options.tls_cert_file.empty() ? "http" : "https",
                    address->host == "0.0.0.0" ? "127.0.0.1" : address->host, server->port());
  SENTINEL_TRY(lock->announce(url));
  log.info("server.listening", {{"url", url}});
  return {};
}

Result<void> Service::start(Options options, const std::function<void(double)>& progress) {
  SENTINEL_TRY(impl_->open_stores());
  const Time now = impl_->clock.now();
  auto settings = engine_settings(impl_->config);
  settings.channels = channel_policies(impl_->config, impl_->environment);
  impl_->engine = std::make_unique<engine::Engine>(
      engine::Engine::Deps{*impl_->store, *impl_->state, impl_->log.named("engine"), impl_->metrics},
      std::move(settings));
  SENTINEL_TRY(impl_->engine->start(now, progress));
  impl_->notifier = std::make_unique<Notifier>(
      Notifier::Deps{*impl_->state, *impl_->engine, impl_->clock, impl_->log.named("notify"), impl_->metrics},
      impl_->config, impl_->environment);
  impl_->notifier->start();
  if (options.serve) SENTINEL_TRY(impl_->serve());
  return {};
}

void Service::Impl::maintain(Time now) {
  if (now < next_maintenance) return;
  next_maintenance = now + minutes(1);
  if (const auto done = store->maintain(now); !done)
    log.warning("telemetry.maintenance.failed", {{"error", done.error().text()}});
}

Result<engine::TickReport> Service::tick() {
  const Time now = impl_->clock.now();
  auto report = impl_->engine->tick(now);
  while (report && report->backlog) report = impl_->engine->tick(now);
  impl_->notifier->after_tick(*impl_->engine->view(), now);
  impl_->maintain(now);
  return report;
}

void Service::run_until(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  const auto interval = std::chrono::seconds(impl_->config.polling.interval_seconds);
  auto next = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    (void)tick();  // its failure is logged and counted by the engine
    next = std::max(next + interval, std::chrono::steady_clock::now());
    std::unique_lock lock(mutex);
    wake.wait_until(lock, stop, next, [] { return false; });
  }
}

bool Service::settle_messages(Duration longest) { return impl_->notifier->settle(longest); }

void Service::stop() {
  if (impl_->server) impl_->server->stop();
  impl_->server.reset();
  impl_->notifier.reset();
  if (impl_->engine && impl_->state) {
    if (const auto saved = impl_->engine->flush(impl_->clock.now()); !saved)
      impl_->log.warning("detector.snapshot.failed", {{"error", saved.error().text()}});
  }
  if (impl_->store) impl_->store->close();
  if (impl_->engine) impl_->log.info("sentinelops.stopped");
  impl_->engine.reset();
  impl_->store.reset();
  impl_->state.reset();
  impl_->lock.reset();
}

}  // namespace sentinel::app
