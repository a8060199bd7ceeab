// `sentinelops explain`: asks the running service, else judges the folder's history again.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "api/prometheus_metrics.hpp"
#include "app/explain_text.hpp"
#include "app/service.hpp"
#include "app/session.hpp"
#include "base/text.hpp"
#include "engine/history.hpp"
#include "model/json.hpp"
#include "net/client.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "telemetry/embedded/embedded_telemetry.hpp"
#include "telemetry/embedded/folder_lock.hpp"

namespace sentinel::app {
namespace {

Result<nlohmann::json> from_service(const Session& session, const std::string& url,
                                    const std::string& service, std::optional<Time> at) {
  const auto transport = net::make_curl_transport({});
  net::ClientRequest request;
  request.url = fmt::format("{}/api/services/{}/explain", url, net::percent_encode(service));
  if (at) request.url += "?at=" + net::percent_encode(format_rfc3339(*at));
  if (session.environment.has("SENTINELOPS_SERVER_TOKEN"))
    request.headers.add("Authorization", "Bearer " + session.environment.get("SENTINELOPS_SERVER_TOKEN"));
  SENTINEL_ASSIGN(const auto answer, transport->send(request));
  SENTINEL_ASSIGN(auto body, model::parse_json(answer.body));
  if (answer.status == 200) return body;
  const std::string detail = body.is_object() ? body.value("detail", answer.body) : answer.body;
  return fail(answer.status == 404 ? ErrorKind::kNotFound : ErrorKind::kInternal, one_line(detail, 300));
}

Result<nlohmann::json> from_folder(const Session& session, const std::string& service,
                                   std::optional<Time> at) {
  if (session.config.telemetry.store != "embedded")
    return fail(ErrorKind::kInvalid,
                "without a running service this command needs telemetry.store: embedded");
  SENTINEL_ASSIGN(const auto lock, telemetry::FolderLock::take(session.config.telemetry.data_dir));
  NullMetrics metrics;
  telemetry::EmbeddedOptions options;
  options.folder = telemetry_folder(session.config);
  options.memory_limit_mb = session.config.telemetry.memory_limit_mb;
  SENTINEL_ASSIGN(const auto store,
                  telemetry::EmbeddedTelemetry::open(options, session.log().named("telemetry"), metrics));
  SENTINEL_ASSIGN(const auto state, state::open_sqlite_state(state_path(session.config)));
  Time moment = at.value_or(session.clock.now());
  if (!at) {
    // A folder that nothing was written to lately (an import) is explained as of its newest document.
    SENTINEL_ASSIGN(const auto status, store->status());
    const Duration step = seconds(session.config.polling.slice_seconds);
    if (status.extent) moment = std::min(moment, align_down(status.extent->to, step) + step);
  }
  const auto settings = engine_settings(session.config);
  SENTINEL_ASSIGN(const auto found, engine::History(*store, *state, settings).explain(service, moment));
  return model::to_json(found);
}

}  // namespace

int explain_command(const CommonOptions& common, const ExplainOptions& options) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  std::optional<Time> at;
  if (!options.at.empty()) {
    const auto parsed = parse_rfc3339(options.at);
    if (!parsed) {
      std::fprintf(stderr, "sentinelops: --at '%s' is no time; write it as 2026-02-20T19:20:00Z\n",
                   one_line(options.at, 60).c_str());
      return 2;
    }
    at = *parsed;
  }
  const auto owner = telemetry::owner_of(session->config.telemetry.data_dir);
  const auto found = owner && !owner->url.empty() ? from_service(*session, owner->url, options.service, at)
                                                  : from_folder(*session, options.service, at);
  if (!found) return report(found.error());
  const std::string text = common.json
                               ? found->dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
                               : explain_text(*found, session->style);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace sentinel::app
