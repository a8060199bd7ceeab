// A service over time: what was observed, what detection expected, and why it did or did not alert.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/context.hpp"
#include "api/parameters.hpp"
#include "api/steps.hpp"
#include "api/views.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

constexpr std::size_t kPoints = 400;
constexpr Duration kMostJudged = hours(24 * 7);
constexpr std::size_t kMostPoints = 11'000;  // a week of minutes and some

json shades(const std::vector<model::Incident>& incidents, const model::TimeRange& range) {
  json list = json::array();
  for (const auto& incident : incidents) {
    const Time end = incident.resolved_at.value_or(kNever);
    if (incident.onset >= range.to || end <= range.from) continue;
    list.push_back({{"id", incident.id},
                    {"title", incident.title},
                    {"severity", model::to_string(incident.severity)},
                    {"from", format_rfc3339(incident.onset)},
                    {"to", optional_time(incident.resolved_at)}});
  }
  return list;
}

const char* unit_of(const std::string& metric) {
  if (metric.starts_with("latency")) return "ms";
  if (metric == "error_rate") return "errors";
  return metric == "silence" ? "documents" : "";
}

// What each metric was expected to be, on the steps' own times: a step shows its last judged window.
json judged_metrics(const std::vector<model::MetricSeries>& all, const model::TimeRange& range,
                    Duration step) {
  json list = json::array();
  const auto steps = static_cast<std::size_t>((range.length() + step - Duration(1)) / step);
  for (const auto& series : all) {
    std::vector<const model::SeriesPoint*> last(steps, nullptr);
    for (const auto& point : series.points) {
      const auto at = (point.at - Duration(1) - range.from) / step;
      if (at >= 0 && static_cast<std::size_t>(at) < steps) last[static_cast<std::size_t>(at)] = &point;
    }
    json row = {{"metric", series.metric}, {"unit", unit_of(series.metric)}};
    const auto column = [&](const char* name, auto value) {
      json numbers = json::array();
      for (const auto* point : last) numbers.push_back(point == nullptr ? json() : value(*point));
      row[name] = std::move(numbers);
    };
    column("observed", [](const auto& p) { return p.has_value && p.known ? json(p.observed) : json(); });
    column("expected", [](const auto& p) { return p.judged ? json(p.expected) : json(); });
    column("band_low", [](const auto& p) { return p.judged ? json(p.band_low) : json(); });
    column("band_high", [](const auto& p) { return p.judged ? json(p.band_high) : json(); });
    column("score", [](const auto& p) { return p.judged ? json(p.score) : json(); });
    list.push_back(std::move(row));
  }
  return list;
}

Result<json> series(Context& context, const Call& call) {
  const std::string& service = call.request.captures.front();
  SENTINEL_ASSIGN(auto range, range_parameters(call.request, call.now, hours(1)));
  SENTINEL_ASSIGN(const auto wanted, number_parameter(call.request, "step", 0, 60, 86'400));
  const Duration step = wanted > 0 ? Duration(seconds(static_cast<std::int64_t>(wanted)))
                                   : step_for(range, context.slice, kPoints);
  if (step % context.slice != Duration::zero() || step % Duration(minutes(1)) != Duration::zero())
    return fail(ErrorKind::kInvalid,
                fmt::format("parameter step: must be a multiple of {} s",
                            std::max<std::int64_t>(60, context.slice.count() / 1'000'000)));
  if (range.length() / step >= static_cast<std::int64_t>(kMostPoints))
    return fail(ErrorKind::kInvalid, fmt::format("parameter step: gives more than {} points", kMostPoints));
  range.from = align_down(range.from, step);
  const bool judges = range.length() <= kMostJudged;
  engine::ServicePast past;
  if (judges) {
    SENTINEL_ASSIGN(past, context.engine.past(service, range));
  } else {
    // A long stretch is drawn without expectations: replaying the detector over it would take too long.
    SENTINEL_ASSIGN(past.slices, context.telemetry.service_slices({service}, range, store_step(step)));
  }
  const auto& slices = past.slices;
  SENTINEL_ASSIGN(const auto own, context.state.incidents({.service = service, .limit = 1000}));
  const auto view = context.engine.view();
  if (slices.empty() && own.total == 0 && view->traffic->find(service) == nullptr)
    return fail(ErrorKind::kNotFound, fmt::format("service {} is not known", one_line(service, 80)));

  json judged = judged_metrics(past.metrics, range, step);

  std::map<Time, model::Slice> steps;
  for (const auto& slice : slices) {
    const Time at = align_down(slice.start, step);
    auto [entry, fresh] = steps.try_emplace(at, model::Slice{.service = service, .start = at});
    entry->second.merge(slice);
  }
  json times = json::array();
  json traffic = json::array();
  json errors = json::array();
  json p50 = json::array();
  json p99 = json::array();
  const Time first = steps.empty() ? kNever : steps.begin()->first;
  for (Time at = range.from; at < range.to; at += step) {
    times.push_back(micros(at) / 1'000'000);
    const auto found = steps.find(at);
    const bool known = at >= first;  // before the first document there is nothing, then there are zeros
    traffic.push_back(found != steps.end() ? json(found->second.docs) : known ? json(0) : json());
    errors.push_back(found != steps.end() ? json(found->second.errors) : known ? json(0) : json());
    p50.push_back(found != steps.end() ? optional_number(found->second.latency.quantile_ms(0.5)) : json());
    p99.push_back(found != steps.end() ? optional_number(found->second.latency.quantile_ms(0.99)) : json());
  }
  return json{{"service", service},
              {"from", format_rfc3339(range.from)},
              {"to", format_rfc3339(range.to)},
              {"step_seconds", step.count() / 1'000'000},
              {"times", std::move(times)},
              {"traffic", std::move(traffic)},
              {"errors", std::move(errors)},
              {"p50_ms", std::move(p50)},
              {"p99_ms", std::move(p99)},
              {"metrics", std::move(judged)},
              {"incidents", shades(own.incidents, range)}};
}

Result<json> explain(Context& context, const Call& call) {
  std::optional<Time> at;
  if (call.request.param("at")) {
    SENTINEL_ASSIGN(at, time_parameter(call.request, "at", call.now));
  }
  SENTINEL_ASSIGN(const auto found, context.engine.explain(call.request.captures.front(), at));
  return model::to_json(found);
}

}  // namespace

void add_series_routes(Router& router, Context& context) {
  router.get_slowly("/api/services/{name}/series", [&context](const Call& call) {
    const auto result = series(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
  router.get_slowly("/api/services/{name}/explain", [&context](const Call& call) {
    const auto result = explain(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
}

}  // namespace sentinel::api
