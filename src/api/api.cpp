#include "api/api.hpp"

#include "api/context.hpp"
#include "api/stream_events.hpp"
#include "api/tail.hpp"
#include "base/hash.hpp"
#include "base/metrics.hpp"

namespace sentinel::api {
namespace {

// Searches scan: more of them at once only make each slower, and the tick with them.
constexpr std::size_t kWorkers = 2;

// The view in numbers, for those who watch over SentinelOps.
struct ViewGauges {
  explicit ViewGauges(Metrics& metrics)
      : incidents(metrics.gauge("sentinelops_engine_active_incidents", "Incidents that are not resolved.")),
        services(metrics.gauge("sentinelops_engine_services", "Services known to detection.")),
        lag(metrics.gauge("sentinelops_engine_ingest_lag_seconds",
                          "Longest time between a document and its arrival, in the last tick.")),
        blind(metrics.gauge("sentinelops_engine_blind", "1 while the telemetry store does not answer.")),
        gap(metrics.gauge("sentinelops_engine_telemetry_gap", "1 while the whole fleet sends nothing.")) {}

  void set(const engine::View& view) {
    incidents.set(static_cast<double>(view.active_incidents));
    services.set(static_cast<double>(view.services.size()));
    lag.set(view.ingest_lag ? seconds_of(*view.ingest_lag) : 0);
    blind.set(view.blind_since ? 1 : 0);
    gap.set(view.telemetry_gap_since ? 1 : 0);
  }

  Gauge& incidents;
  Gauge& services;
  Gauge& lag;
  Gauge& blind;
  Gauge& gap;
};

}  // namespace

struct Api::Impl {
  Impl(Deps d, Options o)
      : deps(d),
        options(std::move(o)),
        access(options.access, deps.clock),
        idempotency(deps.state, deps.log),
        feed(hex(static_cast<std::uint64_t>(micros(deps.clock.now())), 1), {}, deps.metrics),
        tail(deps.telemetry, deps.clock),
        context{deps.telemetry,
                deps.state,
                deps.engine,
                deps.metrics,
                deps.clock,
                deps.log,
                access,
                feed,
                rendered,
                options.version,
                deps.clock.now(),
                options.interval,
                options.slice,
                options.topology,
                options.draft_runbook,
                options.config_json,
                options.spend_json},
        gauges(deps.metrics),
        workers(kWorkers) {}

  Deps deps;
  Options options;
  Access access;
  RenderedAnswers rendered;
  Idempotency idempotency;
  Feed feed;
  Tail tail;
  Context context;
  ViewGauges gauges;
  std::unique_ptr<Router> router;
  Workers workers;  // ends first: its jobs use all the others
};

Api::Api(Deps deps, Options options) : impl_(std::make_unique<Impl>(deps, std::move(options))) {
  Impl* self = impl_.get();
  deps.engine.set_listener({.changed =
                                [self](const std::vector<model::Incident>& changed,
                                       const std::vector<model::IncidentEvent>& events) {
                                  self->rendered.changed();
                                  const Time now = self->deps.clock.now();
                                  for (const auto& incident : changed)
                                    self->feed.publish("incident", incident_event(incident, events, now));
                                },
                            .ticked =
                                [self](const engine::View& view) {
                                  self->rendered.ticked();
                                  self->feed.publish("tick", tick_event(view, self->deps.clock.now()));
                                }});
}

Api::~Api() { impl_->deps.engine.set_listener({}); }

void Api::register_routes(net::Server& server) {
  Impl& self = *impl_;
  self.router = std::make_unique<Router>(
      Router::Deps{server, self.access, self.idempotency, self.workers, self.deps.clock, self.deps.log});
  add_incident_routes(*self.router, self.context);
  add_command_routes(*self.router, self.context);
  add_silence_routes(*self.router, self.context);
  add_runbook_routes(*self.router, self.context);
  add_service_routes(*self.router, self.context);
  add_series_routes(*self.router, self.context);
  add_topology_routes(*self.router, self.context);
  add_log_routes(*self.router, self.context);
  add_trace_routes(*self.router, self.context);
  add_operation_routes(*self.router, self.context);
  add_stream_routes(*self.router, self.context, self.tail);
  add_session_routes(*self.router, self.context);
  const bool tls = self.options.access.tls;
  server.after(
      [tls](const net::Request& request, net::Response& response) { secure(request, response, tls); });
}

std::optional<Access::Refusal> Api::refuse(const net::Request& request) const {
  return impl_->access.refuse(request);
}

void Api::secure(const net::Request& request, net::Response& response, bool tls) {
  const auto add = [&](const char* name, const char* value) {
    if (!response.headers.get(name)) response.headers.add(name, value);
  };
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Resource-Policy", "same-origin");
  // What is not the page runs nothing at all, should a browser ever show it.
  add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (request.path.starts_with("/api")) add("Cache-Control", "private, no-cache");
  if (tls) add("Strict-Transport-Security", "max-age=31536000");
}

const std::vector<std::string>& Api::routes() const {
  static const std::vector<std::string> none;
  return impl_->router ? impl_->router->routes() : none;
}

}  // namespace sentinel::api
