#include "engine/history.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "engine/replay.hpp"

namespace sentinel::engine {

Result<model::ServiceExplanation> History::replay(const std::string& service, model::TimeRange shown) const {
  const Duration step = settings_.detect.slice;
  SENTINEL_ASSIGN(const auto status, telemetry_.status());
  const Time to = align_down(shown.to, step);
  Time from = align_down(to - settings_.history, step);
  if (status.extent) from = std::max(from, std::min(to, align_down(status.extent->from, step)));
  SENTINEL_ASSIGN(const auto past, read_past(telemetry_, state_, settings_, service, {from, to}));
  if (past.slices.empty() && past.metrics.empty()) {
    return fail(ErrorKind::kNotFound,
                fmt::format("no document of service '{}' in the {} before {}", one_line(service, 80),
                            format_duration(std::max(step, to - from)), format_rfc3339(to)));
  }
  Replay replay(settings_, service, from);
  Replay::Series series;
  replay.fold(past, to, shown.from, series);

  model::ServiceExplanation out;
  out.service = service;
  out.at = to;
  out.replayed = true;
  out.metrics = replay.explain();
  for (const auto& metric : out.metrics)
    out.series.push_back({metric.metric, std::move(series[metric.metric])});
  return out;
}

Result<model::ServiceExplanation> History::explain(const std::string& service, Time at) const {
  return replay(service, {at - hours(1), at});
}

Result<std::vector<model::MetricSeries>> History::series(const std::string& service, model::TimeRange range,
                                                         const std::string& metric) const {
  if (range.empty()) return fail(ErrorKind::kInvalid, "series: the stretch of time is empty");
  SENTINEL_ASSIGN(auto all, replay(service, range));
  if (!metric.empty()) std::erase_if(all.series, [&](const auto& one) { return one.metric != metric; });
  return std::move(all.series);
}

}  // namespace sentinel::engine
