// Who calls whom over a stretch of time, and the same step by step for replay.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/context.hpp"
#include "api/parameters.hpp"
#include "api/steps.hpp"
#include "api/views.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

constexpr std::size_t kMostFrames = 500;

// One step of the replay.
struct Frame {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> nodes;  // documents, errors
  std::map<std::pair<std::string, std::string>, std::pair<std::uint64_t, std::uint64_t>> edges;
};

json frames_json(const std::map<Time, Frame>& frames) {
  json list = json::array();
  for (const auto& [at, frame] : frames) {
    json nodes = json::array();
    for (const auto& [service, sums] : frame.nodes)
      nodes.push_back({{"service", service}, {"docs", sums.first}, {"errors", sums.second}});
    json edges = json::array();
    for (const auto& [names, sums] : frame.edges) {
      edges.push_back({{"caller", names.first},
                       {"callee", names.second},
                       {"calls", sums.first},
                       {"errors", sums.second}});
    }
    list.push_back({{"at", format_rfc3339(at)}, {"nodes", std::move(nodes)}, {"edges", std::move(edges)}});
  }
  return list;
}

Result<json> topology(Context& context, const Call& call) {
  SENTINEL_ASSIGN(auto range, range_parameters(call.request, call.now, minutes(15)));
  SENTINEL_ASSIGN(const auto seconds_wanted, number_parameter(call.request, "step", 0, 60, 86'400));
  const Duration wanted = seconds(static_cast<std::int64_t>(seconds_wanted));
  if (wanted % Duration(minutes(1)) != Duration::zero())
    return fail(ErrorKind::kInvalid, "parameter step: must be a multiple of 60");
  if (wanted > Duration::zero() && range.length() / wanted >= static_cast<std::int64_t>(kMostFrames))
    return fail(ErrorKind::kInvalid, fmt::format("parameter step: gives more than {} frames", kMostFrames));
  const Duration step = wanted > Duration::zero() ? wanted : step_for(range, context.slice, 60);
  range.from = align_down(range.from, step);

  SENTINEL_ASSIGN(const auto slices, context.telemetry.slices(range, store_step(step)));
  SENTINEL_ASSIGN(const auto calls, context.telemetry.calls(range, store_step(step)));
  SENTINEL_ASSIGN(const auto page, context.state.incidents({.limit = 1000}));
  const auto view = context.engine.view();
  const auto states = service_states(*view, page.incidents);

  struct Node {
    std::uint64_t docs = 0;
    std::uint64_t errors = 0;
    model::LatencyHistogram latency;
  };
  std::map<std::string, Node> nodes;
  std::map<Time, Frame> frames;
  for (const auto& slice : slices) {
    Node& node = nodes[slice.service];
    node.docs += slice.docs;
    node.errors += slice.errors;
    node.latency.merge(slice.latency);
    auto& sums = frames[align_down(slice.start, step)].nodes[slice.service];
    sums.first += slice.docs;
    sums.second += slice.errors;
  }
  for (const auto& one : calls) {
    auto& sums = frames[align_down(one.start, step)].edges[{one.caller, one.callee}];
    sums.first += one.calls;
    sums.second += one.errors;
  }
  std::vector<model::Incident> active;
  for (const auto& incident : page.incidents) {
    if (incident.is_active() ||
        (incident.onset < range.to && incident.resolved_at.value_or(kNever) > range.from))
      active.push_back(incident);
  }
  json edges = json::array();
  for (const auto& edge : edges_of(calls, active, *view->calls, context.topology)) {
    nodes[edge.caller];
    nodes[edge.callee];
    edges.push_back(edge_json(edge));
  }
  json node_list = json::array();
  for (const auto& [service, node] : nodes) {
    const auto state = states.find(service);
    node_list.push_back({{"service", service},
                         {"status", status_word(state == states.end() ? std::nullopt : state->second.worst)},
                         {"docs", node.docs},
                         {"errors", node.errors},
                         {"p99_ms", optional_number(node.latency.quantile_ms(0.99))}});
  }
  return json{{"from", format_rfc3339(range.from)},
              {"to", format_rfc3339(range.to)},
              {"nodes", std::move(node_list)},
              {"edges", std::move(edges)},
              {"frames", wanted > Duration::zero() ? frames_json(frames) : json::array()}};
}

}  // namespace

void add_topology_routes(Router& router, Context& context) {
  router.get_slowly("/api/topology", [&context](const Call& call) {
    const auto result = topology(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
}

}  // namespace sentinel::api
