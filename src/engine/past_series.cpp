#include "engine/past_series.hpp"

#include <algorithm>

#include "engine/history.hpp"

namespace sentinel::engine {
namespace {

constexpr std::size_t kMostServices = 32;
constexpr Duration kShown = hours(25);  // a day, aligned down to the steps of a chart

}  // namespace

std::optional<PastSeries::Kept> PastSeries::take(const std::string& service, std::uint64_t& forgotten) {
  const std::lock_guard lock(mutex_);
  const auto counted = forgotten_.find(service);
  forgotten = counted == forgotten_.end() ? 0 : counted->second;
  const auto found = kept_.find(service);
  if (found == kept_.end()) return std::nullopt;
  std::optional<Kept> kept(std::move(found->second));
  kept_.erase(found);
  return kept;
}

void PastSeries::put(const std::string& service, Kept kept, std::uint64_t forgotten) {
  const std::lock_guard lock(mutex_);
  const auto counted = forgotten_.find(service);
  // What came late while this was folded may not be in it.
  if (forgotten != (counted == forgotten_.end() ? 0 : counted->second)) return;
  kept.used = ++uses_;
  kept_.insert_or_assign(service, std::move(kept));
  if (kept_.size() > kMostServices) {
    kept_.erase(std::min_element(kept_.begin(), kept_.end(),
                                 [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
}

void PastSeries::forget(const std::string& service, Time slice) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(service);
  if (found == kept_.end()) {
    ++forgotten_[service];
  } else if (slice < found->second.replay.until()) {
    kept_.erase(found);
  }
}

Result<PastSeries::Kept> PastSeries::begin(const std::string& service, Time shown, Time to) const {
  const Duration step = settings_.detect.slice;
  SENTINEL_ASSIGN(const auto status, telemetry_.status());
  Time from = align_down(to - settings_.history, step);
  if (status.extent) from = std::max(from, std::min(to, align_down(status.extent->from, step)));
  SENTINEL_ASSIGN(auto past, read_past(telemetry_, state_, settings_, service, {from, to}));
  Kept kept{.replay = Replay(settings_, service, from), .from = shown, .points = {}, .slices = {}};
  kept.replay.fold(past, to, shown, kept.points);
  for (auto& slice : past.slices) {
    if (slice.start >= shown) kept.slices.push_back(std::move(slice));
  }
  return kept;
}

Result<ServicePast> PastSeries::past(const std::string& service, model::TimeRange range,
                                     std::optional<Time> settled) {
  const Duration step = settings_.detect.slice;
  const Time to = align_down(range.to, step);
  const Time end = align_down(range.to - Duration(1), step) + step;  // with the slice that is being filled
  const Time fold_to = settled ? std::min(to, align_down(*settled, step)) : to;
  const bool keeps = settled && range.from >= *settled - kShown + hours(1) && range.to > *settled;

  std::uint64_t forgotten = 0;
  std::optional<Kept> kept;
  if (keeps) kept = take(service, forgotten);
  if (!kept || kept->from > range.from || kept->replay.until() > fold_to) {
    const Time shown = keeps ? align_down(*settled - kShown, step) : range.from;
    SENTINEL_ASSIGN(auto fresh, begin(service, shown, fold_to));
    kept = std::move(fresh);
  }
  // What is new: the settled part is kept, the rest may change yet.
  SENTINEL_ASSIGN(const auto news,
                  read_past(telemetry_, state_, settings_, service, {kept->replay.until(), end}));
  for (const auto& slice : news.slices) {
    if (slice.start >= kept->replay.until() && slice.start < fold_to) kept->slices.push_back(slice);
  }
  kept->replay.fold(news, fold_to, kept->from, kept->points);

  ServicePast out;
  for (const auto& slice : kept->slices) {
    if (slice.start >= range.from && slice.start < range.to) out.slices.push_back(slice);
  }
  for (const auto& slice : news.slices) {
    if (slice.start >= fold_to && slice.start < range.to) out.slices.push_back(slice);
  }
  SENTINEL_ASSIGN(auto open, kept->replay.copy());
  Replay::Series tail;
  open.fold(news, to, range.from, tail);
  for (const auto& metric : open.explain()) {
    model::MetricSeries series{metric.metric, {}};
    for (const auto* part : {&kept->points[metric.metric], &tail[metric.metric]}) {
      for (const auto& point : *part) {
        if (point.at > range.from) series.points.push_back(point);
      }
    }
    out.metrics.push_back(std::move(series));
  }
  if (!keeps) return out;
  // What is older than a day from now on is not asked for any more.
  kept->from = std::max(kept->from, align_down(*settled - kShown, step));
  std::erase_if(kept->slices, [&](const auto& slice) { return slice.start < kept->from; });
  for (auto& [metric, points] : kept->points)
    std::erase_if(points, [&](const auto& point) { return point.at <= kept->from; });
  put(service, std::move(*kept), forgotten);
  return out;
}

}  // namespace sentinel::engine
