// How SentinelOps itself is: coverage, spend, delivery, configuration, health, metrics, and this API's
// document.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/context.hpp"
#include "api/openapi.hpp"
#include "api/parameters.hpp"
#include "base/text.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

Result<json> ledger(Context& context, const Call& call) {
  SENTINEL_ASSIGN(const auto range, range_parameters(call.request, call.now, hours(24)));
  SENTINEL_ASSIGN(const auto step_seconds, number_parameter(call.request, "step", 0, 60, 604'800));
  SENTINEL_ASSIGN(const auto entries, context.state.ledger(range));
  json counts = {{"evaluated", 0}, {"late", 0}, {"gap", 0}};
  json slices = json::array();
  struct Bucket {
    std::map<model::Coverage, int> slices;
    std::uint64_t docs = 0;
    std::uint64_t late_docs = 0;
  };
  std::map<Time, Bucket> buckets;
  const Duration step = seconds(static_cast<std::int64_t>(step_seconds));
  for (const auto& entry : entries) {
    counts[std::string(model::to_string(entry.coverage))] =
        counts[std::string(model::to_string(entry.coverage))].get<int>() + 1;
    if (step > Duration::zero()) {
      Bucket& bucket = buckets[align_down(entry.slice, step)];
      ++bucket.slices[entry.coverage];
      bucket.docs += entry.docs;
      bucket.late_docs += entry.late_docs;
      continue;
    }
    json item = {{"slice", format_rfc3339(entry.slice)},
                 {"coverage", model::to_string(entry.coverage)},
                 {"judged_at", format_rfc3339(entry.judged_at)},
                 {"docs", entry.docs},
                 {"late_docs", entry.late_docs}};
    if (!entry.note.empty()) item["note"] = entry.note;
    slices.push_back(std::move(item));
  }
  json bucket_list = json::array();
  for (auto& [at, bucket] : buckets) {
    bucket_list.push_back({{"at", format_rfc3339(at)},
                           {"evaluated", bucket.slices[model::Coverage::kEvaluated]},
                           {"late", bucket.slices[model::Coverage::kLate]},
                           {"gap", bucket.slices[model::Coverage::kGap]},
                           {"docs", bucket.docs},
                           {"late_docs", bucket.late_docs}});
  }
  const auto lag = context.engine.view()->ingest_lag;
  return json{{"counts", std::move(counts)},
              {"slice_seconds", context.slice.count() / 1'000'000},
              {"ingest_lag_seconds", lag ? json(seconds_of(*lag)) : json()},
              {"slices", std::move(slices)},
              {"buckets", std::move(bucket_list)}};
}

using Status = state::OutboxRow::Status;
constexpr std::pair<Status, const char*> kStatuses[] = {{Status::kPending, "pending"},
                                                        {Status::kDelivered, "delivered"},
                                                        {Status::kParked, "parked"},
                                                        {Status::kCoalesced, "coalesced"}};

std::string status_text(Status status) {
  for (const auto& [value, word] : kStatuses) {
    if (value == status) return word;
  }
  return "unknown";
}

json outbox_row(const state::OutboxRow& row) {
  return {{"id", row.id},
          {"key", row.key},
          {"channel", row.channel},
          {"incident_id", row.incident_id},
          {"event_number", row.event_number},
          {"status", status_text(row.status)},
          {"attempts", row.attempts},
          {"last_error", row.last_error},
          {"created_at", format_rfc3339(row.created_at)},
          {"due_at", format_rfc3339(row.due_at)}};
}

Result<json> outbox(Context& context, const Call& call) {
  SENTINEL_ASSIGN(const auto limit, number_parameter(call.request, "limit", 50, 1, 1000));
  std::vector<std::string> words;
  for (const auto& [value, word] : kStatuses) words.emplace_back(word);
  SENTINEL_ASSIGN(const auto wanted, word_parameter(call.request, "status", words));
  const auto incident = call.request.param("incident").value_or("");
  SENTINEL_ASSIGN(const auto all, context.state.outbox(std::nullopt, 100'000));  // oldest first
  struct Channel {
    std::map<Status, int> counts;
    std::string last_error;
    bool failing = false;
  };
  std::map<std::string, Channel> channels;
  json rows = json::array();
  for (auto row = all.rbegin(); row != all.rend(); ++row) {
    Channel& channel = channels[row->channel];
    // The newest row that was tried tells how the channel is.
    const bool tried = row->attempts > 0 || row->status != Status::kPending;
    if (tried && channel.counts.empty())
      channel.failing = row->status == Status::kPending || row->status == Status::kParked;
    if (tried) ++channel.counts[row->status];
    if (!tried) ++channel.counts[Status::kPending];
    if (channel.last_error.empty() && channel.failing) channel.last_error = row->last_error;
    if (rows.size() < limit && (!wanted || status_text(row->status) == *wanted) &&
        (incident.empty() || row->incident_id == incident))
      rows.push_back(outbox_row(*row));
  }
  json list = json::array();
  for (auto& [name, channel] : channels) {
    json item = {{"channel", name},
                 {"status", channel.failing                          ? "failing"
                            : channel.counts[Status::kDelivered] > 0 ? "ok"
                                                                     : "idle"},
                 {"pending", channel.counts[Status::kPending]},
                 {"parked", channel.counts[Status::kParked]},
                 {"delivered", channel.counts[Status::kDelivered]}};
    if (!channel.last_error.empty()) item["last_error"] = channel.last_error;
    list.push_back(std::move(item));
  }
  return json{{"rows", std::move(rows)}, {"channels", std::move(list)}};
}

using Repair = std::function<Result<state::OutboxRow>(std::int64_t id, const Call& call)>;

net::Response repair(Context& context, const Call& call, const Repair& command) {
  const std::string& text = call.request.captures.front();
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 1)
    return error_response(404, fmt::format("message {} not found", one_line(text, 40)));
  const auto row = command(id, call);
  if (!row) return error_response(row.error());
  context.feed.publish("outbox", dump({{"id", row->id}}));
  return json_answer(200, outbox_row(*row));
}

json health(Context& context, Time now) {
  const auto view = context.engine.view();
  const auto page = context.state.incidents({.limit = 1});
  json body = {{"status", page && !view->blind_since ? "ok" : "degraded"},
               {"incidents_tracked", page ? page->total : 0},
               {"active_incidents", view->active_incidents},
               {"version", context.version},
               {"started_at", format_rfc3339(context.started)},
               {"services", view->services.size()},
               {"interval_seconds", context.interval.count() / 1'000'000},
               {"ticks", view->ticks},
               {"failed_ticks", view->failed_ticks},
               {"ingest_lag_seconds", view->ingest_lag ? json(seconds_of(*view->ingest_lag)) : json()},
               {"stages_ms", json::object()},
               {"streams", context.feed.clients()}};
  if (!page) body["state_store"] = page.error().text();
  if (view->last_tick) body["last_tick"] = format_rfc3339(*view->last_tick);
  if (view->blind_since) {
    body["blind_since"] = format_rfc3339(*view->blind_since);
    body["blind_reason"] = view->blind_reason;
  }
  if (view->telemetry_gap_since) body["telemetry_gap_since"] = format_rfc3339(*view->telemetry_gap_since);
  for (const auto& gap : view->telemetry_gaps) {
    body["telemetry_gaps"].push_back(
        {{"source", gap.source}, {"since", format_rfc3339(gap.since)}, {"text", gap.text}});
  }
  for (const auto& source : view->sources) {
    body["sources"].push_back({{"source", source.source},
                               {"last_heard", format_rfc3339(source.last_heard)},
                               {"lag_seconds", seconds_of(source.lag)},
                               {"docs_per_minute", source.docs_per_minute},
                               {"in_gap", source.in_gap}});
  }
  for (const auto& [name, took] : view->stages) body["stages_ms"][name] = seconds_of(took) * 1000;
  if (const auto entries = context.state.ledger({now - hours(24), now})) {
    body["coverage"] = {{"evaluated", 0}, {"late", 0}, {"gap", 0}};
    std::map<std::string, int> counts;
    for (const auto& entry : *entries) ++counts[std::string(model::to_string(entry.coverage))];
    for (const auto& [word, count] : counts) body["coverage"][word] = count;
  }
  if (const auto store = context.telemetry.status()) {
    body["store"] = {{"kind", store->kind}, {"rows", store->rows}, {"bytes_on_disk", store->bytes_on_disk}};
    if (store->last_ingest) body["store"]["last_ingest"] = format_rfc3339(*store->last_ingest);
  } else {
    body["status"] = "degraded";
    body["store"] = {{"error", store.error().text()}};
  }
  return body;
}

}  // namespace

void add_operation_routes(Router& router, Context& context) {
  router.get_slowly("/api/ledger", [&context](const Call& call) {
    const auto result = ledger(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
  router.get_slowly("/api/outbox", [&context](const Call& call) {
    const auto result = outbox(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
  router.write("POST", "/api/outbox/{id}/retry", [&context](const Call& call) {
    return repair(context, call,
                  [&](std::int64_t id, const Call& c) { return context.engine.retry_message(id, c.now); });
  });
  router.write("POST", "/api/outbox/{id}/drop", [&context](const Call& call) {
    return repair(context, call, [&](std::int64_t id, const Call& c) {
      return context.engine.drop_message(id, c.caller.user, c.now);
    });
  });
  router.get_slowly("/api/spend", [&context](const Call& call) {
    const auto body = context.spend_json(call.now);
    return body ? net::Response::json(200, *body) : error_response(body.error());
  });
  router.get("/api/config",
             [&context](const Call&) { return net::Response::json(200, context.config_json()); });
  router.get("/api/health", [&context](const Call& call) {
    return context.rendered.answer(call.request, RenderedAnswers::Shows::kTicks,
                                   [&]() -> Result<std::string> { return dump(health(context, call.now)); });
  });
  // Without a token anybody may ask, so it tells nothing but that it lives.
  router.get("/healthz", [](const Call&) { return json_answer(200, {{"status", "ok"}}); });
  // Ready once a tick has run: a load balancer may send traffic, a script may ask for incidents.
  router.get("/readyz", [&context](const Call&) {
    const auto view = context.engine.view();
    if (!view->last_tick) return error_response(503, "the first tick has not run yet");
    return json_answer(200, {{"status", "ready"}, {"last_tick", format_rfc3339(*view->last_tick)}});
  });
  router.get("/metrics", [&context](const Call& call) {
    const bool open = wants_open_metrics(call.request.headers.get("Accept").value_or(""));
    net::Response response =
        net::Response::text(200, open ? context.metrics.open_metrics() : context.metrics.text());
    response.headers.set("Content-Type", open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                              : "text/plain; version=0.0.4; charset=utf-8");
    response.headers.set("Vary", "Accept");
    return response;
  });
  router.get("/api/openapi.json", [](const Call& call) {
    static const std::string document(openapi_json());
    static const std::string tag = tag_of(document);
    return tagged_answer(call.request, "application/json", document, tag);
  });
}

}  // namespace sentinel::api
