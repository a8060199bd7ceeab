#include "app/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "api/api.hpp"
#include "api/prometheus_metrics.hpp"
#include "api/web_app.hpp"
#include "app/analysis/setup.hpp"
#include "app/analysis/spend.hpp"
#include "app/cluster.hpp"
#include "app/cluster_documents.hpp"
#include "app/notifier.hpp"
#include "app/runbook_sync.hpp"
#include "app/slack_buttons.hpp"
#include "ingest/es_dialect.hpp"
#include "ingest/otlp_receiver.hpp"
#include "net/address.hpp"
#include "net/server.hpp"
#include "runbooks/learn.hpp"
#include "runbooks/runbooks.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "telemetry/elasticsearch/esql.hpp"
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

// Who may use the API, or why the server must not start like this.
Result<api::AccessOptions> access_options(const Config& config, const Environment& environment,
                                          const Address& address) {
  const auto& server = config.server;
  api::AccessOptions access;
  access.token = environment.get("SENTINELOPS_SERVER_TOKEN");
  access.viewer_token = environment.get("SENTINELOPS_VIEWER_TOKEN");
  access.tls = !server.tls_cert_file.empty();
  access.proxy_user_header = server.proxy_user_header;
  access.proxies = server.trusted_proxies;
  access.operators = server.operators;
  for (const auto& proxy : server.trusted_proxies) {
    if (!net::is_network(proxy)) {
      return fail(
          ErrorKind::kInvalid,
          fmt::format("server.trusted_proxies: '{}' is no address and no network (10.0.0.0/8)", proxy));
    }
  }
  if (server.proxy_user_header.empty() != server.trusted_proxies.empty()) {
    return fail(ErrorKind::kInvalid,
                "server.proxy_user_header and server.trusted_proxies: set both or neither");
  }
  if (!access.viewer_token.empty() && access.token.empty()) {
    return fail(ErrorKind::kInvalid, "SENTINELOPS_VIEWER_TOKEN needs SENTINELOPS_SERVER_TOKEN beside it");
  }
  if (!is_loopback(address.host) && access.token.empty() && access.proxy_user_header.empty()) {
    return fail(ErrorKind::kInvalid, fmt::format("server.listen: {} can be reached from other machines: set "
                                                 "SENTINELOPS_SERVER_TOKEN, or listen on 127.0.0.1",
                                                 config.server.listen));
  }
  // A page that makes its own name point here must find no open server. Where a token is needed anyway, the
  // server is called by names that only its operator knows.
  access.hosts = server.allowed_hosts;
  access.check_host = is_loopback(address.host) || !server.allowed_hosts.empty();
  for (const char* name : {"localhost", "127.0.0.1", "::1"}) access.hosts.emplace_back(name);
  access.hosts.push_back(address.host);
  return access;
}

}  // namespace

std::string state_path(const Config& config) { return config.telemetry.data_dir + "/state.db"; }
std::string telemetry_folder(const Config& config) { return config.telemetry.data_dir + "/telemetry"; }

struct Service::Impl {
  Impl(Config c, Environment e, Log l, const Clock& k)
      : config(std::move(c)), environment(std::move(e)), log(l), clock(k) {}

  Result<void> open_stores();
  Result<void> start_engine(Time now, const std::function<void(double)>& progress);
  telemetry::TelemetryStore& source() {
    return cluster ? static_cast<telemetry::TelemetryStore&>(cluster->store()) : *store;
  }
  Result<void> serve();
  void maintain(Time now);
  Result<void> start_analyst(Time now);
  void read_runbooks();

  Config config;
  Environment environment;
  Log log;
  const Clock& clock;
  api::PrometheusMetrics metrics;
  std::optional<telemetry::FolderLock> lock;
  std::unique_ptr<telemetry::EmbeddedTelemetry> store;  // one of these two
  std::unique_ptr<Cluster> cluster;
  std::unique_ptr<telemetry::Connection> writing;  // to the cluster, for what is mirrored there
  std::optional<IncidentMirror> mirror;
  std::unique_ptr<state::StateStore> state;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<net::Transport> model_transport;
  std::unique_ptr<Analyst> analyst;  // none where nothing may be sent
  std::unique_ptr<ingest::EsDialect> dialect;
  std::unique_ptr<ingest::OtlpReceiver> otlp;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<net::Server> server;
  std::unique_ptr<Notifier> notifier;
  std::string url;
  Time next_maintenance{};
  // A cluster may be away when the service starts: the engine begins when it answers.
  mutable std::mutex waiting_mutex;
  std::optional<Time> waiting_since;
  bool engine_started = false;
  bool waits_for_cluster = false;  // a service does, a single pass does not
};

Service::Service(Config config, Environment environment, Log log, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(environment), log, clock)) {}
Service::~Service() { stop(); }

engine::Engine& Service::engine() { return *impl_->engine; }
state::StateStore& Service::state() { return *impl_->state; }
telemetry::TelemetryStore& Service::telemetry() { return impl_->source(); }
telemetry::TelemetrySink& Service::sink() { return *impl_->store; }
std::string Service::url() const { return impl_->url; }

Result<void> Service::Impl::open_stores() {
  SENTINEL_ASSIGN(auto taken, telemetry::FolderLock::take(config.telemetry.data_dir));
  lock.emplace(std::move(taken));
  SENTINEL_ASSIGN(state, state::open_sqlite_state(state_path(config)));
  SENTINEL_ASSIGN(const int seeded, runbooks::seed_if_empty(*state));
  if (seeded > 0) log.info("runbooks.seeded", {{"count", seeded}});
  if (config.telemetry.store == "elasticsearch") {
    SENTINEL_ASSIGN(cluster, Cluster::open(config, environment, clock, log.named("telemetry")));
    writing = open_connection(cluster->transport(), config, environment, clock, log.named("telemetry"));
    if (!config.incidents.mirror_index.empty()) {
      SENTINEL_TRY(telemetry::check_index(config.incidents.mirror_index, "incidents.mirror_index"));
      mirror.emplace(*writing, config.incidents.mirror_index, log.named("incidents"));
    }
    return {};
  }
  telemetry::EmbeddedOptions options;
  options.folder = telemetry_folder(config);
  options.retention = hours(config.telemetry.retention_hours);
  options.disk_budget_bytes = static_cast<std::uint64_t>(config.telemetry.disk_budget_gb * 1e9);
  options.memory_limit_mb = config.telemetry.memory_limit_mb;
  SENTINEL_ASSIGN(store, telemetry::EmbeddedTelemetry::open(options, log.named("telemetry"), metrics));
  return {};
}

Result<void> Service::Impl::serve() {
  const auto address = parse_listen(config.server.listen);
  if (!address) return fail(ErrorKind::kInvalid, "server.listen: no address");
  SENTINEL_ASSIGN(const auto access, access_options(config, environment, *address));
  net::ServerOptions options;
  options.address = address->host;
  options.port = address->port;
  options.threads = static_cast<unsigned>(config.server.threads);
  options.tls_cert_file = config.server.tls_cert_file;
  options.tls_key_file = config.server.tls_key_file;
  server = std::make_unique<net::Server>(options, log.named("net"), metrics);
  server->error_renderer(render_error);
  api::Api::Options api_options;
  api_options.version = SENTINEL_VERSION;
  api_options.interval = seconds(config.polling.interval_seconds);
  api_options.slice = seconds(config.polling.slice_seconds);
  for (const auto& edge : config.topology) api_options.topology.emplace_back(edge.caller, edge.callee);
  api_options.access = access;
  api_options.draft_runbook = [](const model::Incident& incident,
                                 const std::vector<model::IncidentEvent>& timeline) {
    return runbooks::draft_from(incident, timeline);
  };
  api_options.config_json = [this] { return config_json(config, environment); };
  api_options.spend_json = [this](Time now) { return spend_json(config, environment, *state, now); };
  api = std::make_unique<api::Api>(
      api::Api::Deps{source(), *state, *engine, metrics, clock, log.named("api")}, std::move(api_options));
  server->before([this](const net::Request& request) -> std::optional<net::Response> {
    if (auto page = api::WebApp().answer(request)) return page;
    if (request.path == kSlackPath) return std::nullopt;  // Slack proves itself by its signature
    const auto refusal = api->refuse(request);
    if (!refusal) return std::nullopt;
    net::Response response = render_error(request.path, refusal->status, refusal->detail);
    if (refusal->status == 401) response.headers.set("WWW-Authenticate", "Bearer");
    return response;
  });
  api->register_routes(*server);
  // Where Socket Mode is set up, the buttons come that way only.
  register_slack_route(*server, *engine, clock,
                       environment.has("SLACK_APP_TOKEN") ? "" : environment.get("SLACK_SIGNING_SECRET"));
  // With a cluster, shippers write to it: nothing is taken in here.
  if (store) {
    dialect = std::make_unique<ingest::EsDialect>(
        ingest::EsDialect::Deps{*store, clock, log.named("ingest"), metrics},
        ingest::EsDialect::Options{config.elasticsearch.metrics_index, config.fields});
    for (const char* prefix : {"", "/es", "/insert/elasticsearch"}) dialect->register_routes(*server, prefix);
    otlp = std::make_unique<ingest::OtlpReceiver>(
        ingest::OtlpReceiver::Deps{*store, clock, log.named("ingest"), metrics});
    otlp->register_routes(*server);
  }
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
  settings.model_note = no_model_because(impl_->config, impl_->environment);
  settings.channels = channel_policies(impl_->config, impl_->environment);
  impl_->engine = std::make_unique<engine::Engine>(
      engine::Engine::Deps{impl_->source(), *impl_->state, impl_->log.named("engine"), impl_->metrics},
      settings);
  impl_->waits_for_cluster = impl_->cluster != nullptr && options.serve;
  const auto started = impl_->start_engine(now, progress);
  if (!started && !impl_->waits_for_cluster) return started;
  if (settings.model_note.empty()) SENTINEL_TRY(impl_->start_analyst(now));
  impl_->notifier = std::make_unique<Notifier>(
      Notifier::Deps{*impl_->state, *impl_->engine, impl_->clock, impl_->log.named("notify"), impl_->metrics},
      impl_->config, impl_->environment);
  impl_->notifier->start();
  if (options.serve) SENTINEL_TRY(impl_->serve());
  return {};
}

Result<void> Service::Impl::start_analyst(Time now) {
  const auto settings = analyst_settings(config, environment);
  if (const auto warning = analyze::model_warning(settings.question.model, now))
    log.warning("analyzer.model", {{"text", *warning}});
  model_transport = net::make_curl_transport({.user_agent = "sentinelops"});
  analyst = std::make_unique<Analyst>(
      Analyst::Deps{*engine, *state, *model_transport, clock, log.named("analyze"), metrics}, settings);
  auto started = analyst->start();
  if (!started) return fail(std::move(started).error(), "analyzer.redact_patterns");
  return {};
}

Result<void> Service::Impl::start_engine(Time now, const std::function<void(double)>& progress) {
  if (cluster) cluster->store().connection().forgive();
  auto started = engine->start(now, progress);
  const std::lock_guard waiting(waiting_mutex);
  engine_started = started.has_value();
  if (started) {
    if (waiting_since) log.info("telemetry.back", {{"after", format_duration(now - *waiting_since)}});
    waiting_since.reset();
    return {};
  }
  // Told once per outage; /api/health carries it on.
  if (!waiting_since) {
    waiting_since = now;
    if (cluster && waits_for_cluster) log.error("telemetry.unreachable", {{"error", started.error().text()}});
  }
  engine->note_blind(*waiting_since, started.error().text());
  return started;
}

// The runbooks of the cluster's index are searched in the local store: they are there when the cluster is
// not.
void Service::Impl::read_runbooks() {
  static constexpr const char* kTaken = "runbooks.of_index";
  const auto found = read_runbook_index(*writing, config.elasticsearch.runbook_index);
  if (!found) {
    log.debug("runbooks.index.unread", {{"error", found.error().text()}});
    return;
  }
  if (!*found) return;  // no index
  const auto known = state->runbooks();
  const auto taken = state->blob(kTaken);
  if (!known || !taken) return;
  const auto changes = runbook_changes(**found, *known, read_ids(taken->value_or("")));
  bool whole = true;
  for (const auto& runbook : changes.put) whole = state->put_runbook(runbook) && whole;
  for (const auto& id : changes.removed) whole = state->remove_runbook(id) && whole;
  if (std::string ids = write_ids(changes.taken); whole && ids != taken->value_or("")) {
    state::Change change;
    change.blobs.emplace_back(kTaken, std::move(ids));
    (void)state->commit(change);
  }
  if (!changes.put.empty() || !changes.removed.empty())
    log.info("runbooks.read", {{"index", config.elasticsearch.runbook_index},
                               {"changed", static_cast<std::int64_t>(changes.put.size())},
                               {"removed", static_cast<std::int64_t>(changes.removed.size())}});
}

void Service::Impl::maintain(Time now) {
  if (now < next_maintenance) return;
  next_maintenance = now + minutes(cluster ? 5 : 1);
  if (cluster) {
    read_runbooks();
    return;
  }
  if (const auto done = store->maintain(now); !done)
    log.warning("telemetry.maintenance.failed", {{"error", done.error().text()}});
}

Result<engine::TickReport> Service::tick() {
  const Time now = impl_->clock.now();
  if (!impl_->engine_started) {
    if (auto started = impl_->start_engine(now, {}); !started) {
      impl_->notifier->after_tick(*impl_->engine->view(), now);  // whoever waits hears of this blindness too
      return tl::unexpected<Error>(std::move(started).error());
    }
  }
  if (impl_->cluster) impl_->maintain(now);  // runbooks first: this tick may need them
  auto report = impl_->engine->tick(now);
  auto changed = report ? report->changed : std::vector<model::Incident>();
  while (report && report->backlog) {
    report = impl_->engine->tick(now);
    if (report) changed.insert(changed.end(), report->changed.begin(), report->changed.end());
  }
  if (impl_->mirror && !changed.empty()) impl_->mirror->write(changed);
  impl_->notifier->after_tick(*impl_->engine->view(), now);
  impl_->maintain(now);
  if (impl_->analyst) impl_->analyst->consider(changed);
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

bool Service::wait_for_analyses(std::chrono::milliseconds most) {
  return !impl_->analyst || impl_->analyst->wait_idle(most);
}
bool Service::settle_messages(Duration longest) { return impl_->notifier->settle(longest); }

void Service::stop() {
  if (impl_->analyst) impl_->analyst->stop();
  impl_->analyst.reset();
  if (impl_->server) impl_->server->stop();
  impl_->api.reset();  // it listens to the engine, and its threads use the server's connections
  impl_->server.reset();
  impl_->notifier.reset();
  if (impl_->cluster) impl_->cluster->interrupt();
  if (impl_->engine && impl_->state && impl_->engine_started) {
    if (const auto saved = impl_->engine->flush(impl_->clock.now()); !saved)
      impl_->log.warning("detector.snapshot.failed", {{"error", saved.error().text()}});
  }
  if (impl_->store) impl_->store->close();
  if (impl_->engine) impl_->log.info("sentinelops.stopped");
  impl_->engine.reset();
  impl_->store.reset();
  impl_->mirror.reset();
  impl_->writing.reset();
  impl_->cluster.reset();
  impl_->state.reset();
  impl_->lock.reset();
}

}  // namespace sentinel::app
