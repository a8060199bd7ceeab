// `sentinelops topology`: who calls whom, as the running service sees it; without one, as it was learned and
// as the configuration says.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "app/service.hpp"
#include "app/session.hpp"
#include "base/text.hpp"
#include "correlate/call_graph.hpp"
#include "engine/engine.hpp"
#include "model/json.hpp"
#include "net/client.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "telemetry/embedded/folder_lock.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;

Result<json> ask_service(const Session& session, const std::string& url, Duration since) {
  const auto transport = net::make_curl_transport({.verify = !url.starts_with("https://127.")});
  net::ClientRequest request;
  request.url = fmt::format("{}/api/topology?from={}", url,
                            net::percent_encode(format_rfc3339(session.clock.now() - since)));
  if (session.environment.has("SENTINELOPS_SERVER_TOKEN"))
    request.headers.set("Authorization", "Bearer " + session.environment.get("SENTINELOPS_SERVER_TOKEN"));
  SENTINEL_ASSIGN(const auto answer, transport->send(request));
  SENTINEL_ASSIGN(auto body, model::parse_json(answer.body));
  if (answer.status != 200 || !body.contains("edges") || !body["edges"].is_array()) {
    return fail(ErrorKind::kUnavailable, fmt::format("the service at {} answered with status {}: {}", url,
                                                     answer.status, one_line(answer.body, 200)));
  }
  return body["edges"];
}

json edge(const std::string& caller, const std::string& callee, const char* source) {
  return {{"caller", caller}, {"callee", callee},  {"source", source},   {"calls", 0.0},
          {"errors", 0.0},    {"p99_ms", nullptr}, {"error_share", 0.0}, {"last_seen", nullptr}};
}

Result<json> read_alone(const Session& session) {
  std::map<std::pair<std::string, std::string>, json> edges;
  for (const auto& known : session.config.topology)
    edges[{known.caller, known.callee}] = edge(known.caller, known.callee, "topology");
  if (std::filesystem::exists(state_path(session.config))) {
    SENTINEL_ASSIGN(const auto state,
                    state::open_sqlite_state(state_path(session.config), state::OpenMode::kRead));
    SENTINEL_ASSIGN(const auto blob, state->blob(engine::kCallGraphBlob));
    if (blob) {
      SENTINEL_ASSIGN(const auto graph, correlate::CallGraph::restore({}, *blob));
      for (const auto& link : graph.links(session.clock.now())) {
        json row = edge(link.caller, link.callee, "learned");
        row["calls"] = link.calls;
        row["errors"] = link.errors;
        row["error_share"] = link.calls > 0 ? link.errors / link.calls : 0.0;
        row["last_seen"] = format_rfc3339(link.last_seen);
        edges[{link.caller, link.callee}] = std::move(row);
      }
    }
  }
  json list = json::array();
  for (auto& [names, row] : edges) list.push_back(std::move(row));
  return list;
}

std::string count(const json& edge, const char* name) { return fmt::format("{:.0f}", edge.value(name, 0.0)); }

std::vector<std::string> row_of(const json& edge, Time now) {
  const json seen = edge.value("last_seen", json());
  const auto at = seen.is_string() ? parse_time(seen.get<std::string>()) : std::nullopt;
  // Whole seconds: what lies between two clocks is no age.
  const Duration age =
      at ? std::max(Duration(seconds(1)), Duration((now - *at) / seconds(1) * seconds(1))) : Duration::zero();
  return {one_line(edge.value("caller", ""), 40),   one_line(edge.value("callee", ""), 40),
          at ? count(edge, "calls") : "-",          at ? count(edge, "errors") : "-",
          at ? format_duration(age) + " ago" : "-", one_line(edge.value("source", ""), 20)};
}

}  // namespace

int topology_command(const CommonOptions& common, const std::string& since) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto length = parse_duration(since);
  if (!length || *length <= Duration::zero()) {
    std::fprintf(stderr, "sentinelops: --since '%s' is no stretch of time; use 15m, 1h or 7d\n",
                 since.c_str());
    return 2;
  }
  const auto owner = telemetry::owner_of(session->config.telemetry.data_dir);
  const auto edges =
      owner && !owner->url.empty() ? ask_service(*session, owner->url, *length) : read_alone(*session);
  if (!edges) return report(edges.error());
  // A table is for eyes, JSON for whatever reads a pipe.
  if (common.json || ::isatty(STDOUT_FILENO) == 0) {
    std::fputs((edges->dump(2, ' ', false, json::error_handler_t::replace) + "\n").c_str(), stdout);
    return 0;
  }
  if (edges->empty()) {
    std::fputs("no call between services is known yet: spans, trace ids or `topology:` tell them\n", stdout);
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"CALLER", "CALLEE", "CALLS", "ERRORS", "LAST SEEN", "KNOWN FROM"}};
  for (const auto& one : *edges) rows.push_back(row_of(one, session->clock.now()));
  std::fputs(table(rows, session->style).c_str(), stdout);
  return 0;
}

}  // namespace sentinel::app
