#include "engine/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "base/text.hpp"

namespace sentinel::engine {
namespace {

// Below these a change of latency is too small for any alert (docs/detection.md, "Score").
constexpr double kLeastRatio = 1.15;
constexpr double kLeastMs = 10;

// The newest slices of the service, for what a window really held: detection leaves flagged slices out.
class Recent {
 public:
  explicit Recent(std::size_t slices) : slices_(slices) {}

  void push(const model::Slice* slice) {
    held_.push_back(slice != nullptr ? *slice : model::Slice{});
    if (held_.size() > slices_) held_.pop_front();
  }
  model::Slice sum() const {
    model::Slice all;
    for (const auto& slice : held_) {
      all.docs += slice.docs;
      all.errors += slice.errors;
      all.latency.merge(slice.latency);
    }
    return all;
  }

 private:
  std::size_t slices_;
  std::deque<model::Slice> held_;
};

// The window of `length` that a chart follows; of latency the p99, or p90 where there is no p99.
const model::Explanation::Horizon* charted(const model::Explanation& e, Duration length) {
  const model::Explanation::Horizon* found = nullptr;
  for (const auto& h : e.horizons) {
    const bool fits = e.metric == model::kSilence || h.length == length;
    if (!h.scored || !fits || h.channel == "far") continue;
    if (found == nullptr || h.channel == "p99") found = &h;
    if (e.metric == model::kSilence) break;  // the shortest
  }
  return found;
}

model::SeriesPoint point_of(const model::Explanation& e, const model::Slice& window, Duration length) {
  model::SeriesPoint p;
  p.score = e.score;
  p.severity = e.severity;
  const auto* h = charted(e, length);
  p.judged = h != nullptr;
  if (e.metric == model::kErrorRate) {
    p.observed = static_cast<double>(window.errors);
  } else if (e.metric == model::kSilence) {
    p.observed = static_cast<double>(window.docs);
  } else if (e.metric == model::kLatencyP99 || e.metric == model::kLatencyP95) {
    const double q = e.metric == model::kLatencyP95 ? 0.95 : h != nullptr && h->channel == "p90" ? 0.9 : 0.99;
    p.has_value = window.latency.total() > 0;
    p.observed = window.latency.quantile_ms(q).value_or(0);
  } else {
    p.has_value = h != nullptr;
    p.observed = h != nullptr ? h->observed : 0;
  }
  if (h == nullptr) return p;
  p.expected = h->expected;
  p.band_low = h->band_low;
  p.band_high = h->band_high;
  if (h->normal_ms) {
    p.expected = *h->normal_ms;
    p.band_low = 0;
    p.band_high = std::max(kLeastRatio * p.expected, p.expected + kLeastMs);
  } else if (e.metric == model::kSilence) {
    // Its windows are as long as its traffic needs; the chart counts per `length`.
    const double scale = seconds_of(length) / std::max(1.0, seconds_of(h->length));
    p.expected *= scale;
    p.band_low *= scale;
    p.band_high *= scale;
  }
  return p;
}

}  // namespace

Result<model::ServiceExplanation> History::replay(const std::string& service, model::TimeRange shown) const {
  const Duration step = settings_.detect.slice;
  const Duration length =
      settings_.detect.method == detect::Method::kZscore ? settings_.detect.lookback : Duration(minutes(5));
  SENTINEL_ASSIGN(const auto status, telemetry_.status());
  const Time to = align_down(shown.to, step);
  Time from = align_down(to - settings_.history, step);
  if (status.extent) from = std::max(from, std::min(to, align_down(status.extent->from, step)));
  SENTINEL_ASSIGN(const auto slices, telemetry_.service_slices(service, {from, to}, step));
  std::vector<model::MetricSlice> metrics;
  if (!settings_.detect.metrics.empty()) {
    std::vector<std::string> names;
    for (const auto& metric : settings_.detect.metrics) names.push_back(metric.name);
    SENTINEL_ASSIGN(metrics, telemetry_.metrics({from, to}, step, names));
    std::erase_if(metrics, [&](const auto& m) { return m.service != service; });
  }
  if (slices.empty() && metrics.empty()) {
    return fail(ErrorKind::kNotFound,
                fmt::format("no document of service '{}' in the {} before {}", one_line(service, 80),
                            format_duration(std::max(step, to - from)), format_rfc3339(to)));
  }
  SENTINEL_ASSIGN(const auto ledger, state_.ledger({from, to}));
  std::set<Time> gaps;
  for (const auto& entry : ledger) {
    if (entry.coverage == model::Coverage::kGap) gaps.insert(entry.slice);
  }

  detect::Settings alone = settings_.detect;
  alone.finds_fleet_gaps = false;
  detect::Detector detector(alone);
  Recent recent(static_cast<std::size_t>(std::max<std::int64_t>(1, length / step)));
  std::map<std::string, std::vector<model::SeriesPoint>> series;
  auto next = slices.begin();
  auto next_metric = metrics.begin();
  for (Time start = from; start < to; start += step) {
    detect::FleetSlice fleet{.start = start, .known = !gaps.contains(start)};
    const model::Slice* own = nullptr;
    if (next != slices.end() && next->start == start) {
      fleet.services.push_back(*next);
      own = &*next++;
    }
    for (; next_metric != metrics.end() && next_metric->start == start; ++next_metric)
      fleet.metrics.push_back(*next_metric);
    recent.push(own);
    (void)detector.close(fleet);
    const Time end = start + step;
    if (end <= shown.from) continue;
    const model::Slice window = recent.sum();
    for (const auto& explanation : detector.explain(service, {})) {
      auto point = point_of(explanation, window, length);
      point.at = end;
      point.known = fleet.known;
      series[explanation.metric].push_back(point);
    }
  }

  model::ServiceExplanation out;
  out.service = service;
  out.at = to;
  out.replayed = true;
  out.metrics = detector.explain(service, {});
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
