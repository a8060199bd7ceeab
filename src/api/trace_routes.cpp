// One trace: its spans as a waterfall and its log lines.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/context.hpp"
#include "api/parameters.hpp"
#include "api/trace.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

constexpr std::size_t kMostRows = 10'000;

Result<json> trace(Context& context, const Call& call) {
  const std::string& id = call.request.captures.front();
  telemetry::EventQuery query;
  SENTINEL_ASSIGN(query.range, range_parameters(call.request, call.now + minutes(5), hours(7 * 24)));
  query.trace_ids = {id};
  query.oldest_first = true;
  query.limit = kMostRows;
  SENTINEL_ASSIGN(const auto events, context.telemetry.events(query));
  if (events.empty())
    return fail(ErrorKind::kNotFound,
                fmt::format("trace {} has no documents in that time", one_line(id, 60)));
  Time from = kNever;
  Time to = Time::min();
  for (const auto& event : events) {
    from = std::min(from, event.began());
    to = std::max(to, event.time);
  }
  json spans = json::array();
  for (const auto& span : waterfall(events)) {
    const model::LogEvent& event = *span.event;
    json row = {{"span_id", span.id},
                {"parent_id", span.parent},
                {"service", event.service},
                {"name", event.message},
                {"kind", model::to_string(event.span_kind)},
                {"start", format_rfc3339(event.began())},
                {"offset_ms", seconds_of(event.began() - from) * 1000},
                {"duration_ms", static_cast<double>(event.duration_ms)},
                {"depth", span.depth},
                {"failed", event.failed()},
                {"inferred", span.inferred}};
    if (!event.peer.empty()) row["peer"] = event.peer;
    if (event.status_code != 0) row["status_code"] = event.status_code;
    spans.push_back(std::move(row));
  }
  json logs = json::array();
  for (const auto& event : events) {
    if (!event.is_span) logs.push_back(model::to_json(event));
  }
  return json{{"trace_id", id},
              {"from", format_rfc3339(from)},
              {"to", format_rfc3339(to)},
              {"duration_ms", seconds_of(to - from) * 1000},
              {"spans", std::move(spans)},
              {"logs", std::move(logs)}};
}

}  // namespace

void add_trace_routes(Router& router, Context& context) {
  router.get_slowly("/api/traces/{id}", [&context](const Call& call) {
    const auto result = trace(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
}

}  // namespace sentinel::api
