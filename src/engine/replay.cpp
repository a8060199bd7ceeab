#include "engine/replay.hpp"

#include <algorithm>
#include <set>

namespace sentinel::engine {
namespace {

// Below these a change of latency is too small for any alert (docs/detection.md, "Score").
constexpr double kLeastRatio = 1.15;
constexpr double kLeastMs = 10;

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

detect::Settings alone(const Settings& settings) {
  detect::Settings detect = settings.detect;
  detect.finds_fleet_gaps = false;
  return detect;
}

Duration charted_length(const Settings& settings) {
  return settings.detect.method == detect::Method::kZscore ? settings.detect.lookback : Duration(minutes(5));
}

std::size_t slices_in(Duration length, const Settings& settings) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, length / settings.detect.slice));
}

}  // namespace

void RecentSlices::push(const model::Slice* slice) {
  held_.push_back(slice != nullptr ? *slice : model::Slice{});
  if (held_.size() > slices_) held_.pop_front();
}

model::Slice RecentSlices::sum() const {
  model::Slice all;
  for (const auto& slice : held_) {
    all.docs += slice.docs;
    all.errors += slice.errors;
    all.latency.merge(slice.latency);
  }
  return all;
}

Result<StoredPast> read_past(telemetry::TelemetryStore& telemetry, state::StateStore& state,
                             const Settings& settings, const std::string& service, model::TimeRange range) {
  StoredPast past;
  if (range.empty()) return past;
  SENTINEL_ASSIGN(past.slices, telemetry.service_slices({service}, range, settings.detect.slice));
  if (!settings.detect.metrics.empty()) {
    std::vector<std::string> names;
    for (const auto& metric : settings.detect.metrics) names.push_back(metric.name);
    SENTINEL_ASSIGN(past.metrics, telemetry.metrics(range, settings.detect.slice, names));
    std::erase_if(past.metrics, [&](const auto& m) { return m.service != service; });
  }
  SENTINEL_ASSIGN(past.ledger, state.ledger(range));
  return past;
}

Replay::Replay(const Settings& settings, std::string service, Time from)
    : settings_(&settings),
      service_(std::move(service)),
      length_(charted_length(settings)),
      detector_(alone(settings)),
      recent_(slices_in(length_, settings)),
      until_(from) {}

Replay::Replay(const Replay& other, detect::Detector detector)
    : settings_(other.settings_),
      service_(other.service_),
      length_(other.length_),
      detector_(std::move(detector)),
      recent_(other.recent_),
      until_(other.until_) {}

Result<Replay> Replay::copy() const {
  SENTINEL_ASSIGN(auto detector, detect::Detector::restore(alone(*settings_), detector_.snapshot()));
  return Replay(*this, std::move(detector));
}

void Replay::fold(const StoredPast& past, Time to, Time shown, Series& series) {
  const Duration step = settings_->detect.slice;
  std::set<Time> gaps;
  for (const auto& entry : past.ledger) {
    if (entry.coverage == model::Coverage::kGap) gaps.insert(entry.slice);
  }
  const auto begins_before = [](const auto& slice, Time at) { return slice.start < at; };
  auto next = std::lower_bound(past.slices.begin(), past.slices.end(), until_, begins_before);
  auto next_metric = std::lower_bound(past.metrics.begin(), past.metrics.end(), until_, begins_before);
  for (; until_ < to; until_ += step) {
    detect::FleetSlice fleet{.start = until_, .known = !gaps.contains(until_)};
    const model::Slice* own = nullptr;
    if (next != past.slices.end() && next->start == until_) {
      fleet.services.push_back(*next);
      own = &*next++;
    }
    for (; next_metric != past.metrics.end() && next_metric->start == until_; ++next_metric)
      fleet.metrics.push_back(*next_metric);
    recent_.push(own);
    (void)detector_.close(fleet);
    const Time end = until_ + step;
    if (end <= shown) continue;
    const model::Slice window = recent_.sum();
    for (const auto& explanation : detector_.explain(service_, {})) {
      auto point = point_of(explanation, window, length_);
      point.at = end;
      point.known = fleet.known;
      series[explanation.metric].push_back(point);
    }
  }
}

}  // namespace sentinel::engine
