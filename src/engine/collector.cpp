#include "engine/collector.hpp"

#include <algorithm>

namespace sentinel::engine {
namespace {
// Of one service each, in a page: about 10 MB. A start holds two pages.
constexpr std::size_t kSlicesInPage = 60'000;
constexpr Duration kFirstPage = minutes(30);
}  // namespace

Result<std::vector<detect::FleetSlice>> Collector::closed(model::TimeRange range) const {
  const Duration step = settings_.detect.slice;
  std::vector<detect::FleetSlice> fleet;
  for (Time start = range.from; start < range.to; start += step) fleet.push_back({.start = start});
  if (fleet.empty()) return fleet;
  const auto at = [&](Time start) -> detect::FleetSlice& {
    return fleet[static_cast<std::size_t>((start - range.from) / step)];
  };

  SENTINEL_ASSIGN(auto slices, store_.slices(range, step));
  for (auto& slice : slices) at(slice.start).services.push_back(std::move(slice));
  if (!settings_.detect.metrics.empty()) {
    std::vector<std::string> names;
    for (const auto& metric : settings_.detect.metrics) names.push_back(metric.name);
    SENTINEL_ASSIGN(auto metrics, store_.metrics(range, step, names));
    for (auto& metric : metrics) at(metric.start).metrics.push_back(std::move(metric));
  }
  return fleet;
}

Result<Collected> Collector::collect(Time now) const {
  const Duration step = settings_.detect.slice;
  const Time closed_end = std::max(next_, closed_until(now));
  const Time page_end = next_ + page();
  Collected collected;
  collected.complete = closed_end <= page_end;
  // A backlog is closed page by page; only the last page also sees the open slices.
  const Time to = collected.complete ? align_down(now, step) + step : page_end;
  SENTINEL_ASSIGN(auto fleet, closed({next_, std::max(next_, to)}));
  for (auto& slice : fleet)
    (slice.start < closed_end ? collected.closing : collected.open).push_back(std::move(slice));
  return collected;
}

Result<std::vector<model::Slice>> Collector::again(const std::map<Time, std::set<std::string>>& wanted) {
  std::vector<model::Slice> found;
  if (wanted.empty()) return found;
  std::set<std::string> services;
  for (const auto& [start, names] : wanted) services.insert(names.begin(), names.end());
  const Duration step = settings_.detect.slice;
  const model::TimeRange range{wanted.begin()->first, wanted.rbegin()->first + step};
  SENTINEL_ASSIGN(found, store_.service_slices({services.begin(), services.end()}, range, step));
  std::erase_if(found, [&](const model::Slice& slice) {
    const auto names = wanted.find(slice.start);
    return names == wanted.end() || !names->second.contains(slice.service);
  });
  for (const auto& slice : found) {
    for (auto& fleet : recent_) {
      if (fleet.start != slice.start) continue;
      const auto held = std::find_if(fleet.services.begin(), fleet.services.end(),
                                     [&](const auto& s) { return s.service == slice.service; });
      if (held != fleet.services.end()) {
        *held = slice;
      } else {
        fleet.services.push_back(slice);
      }
    }
  }
  return found;
}

Duration Collector::page() const {
  if (fleet_ == 0) return std::min(settings_.page, kFirstPage);
  const auto slices = static_cast<std::int64_t>(std::max<std::size_t>(1, kSlicesInPage / fleet_));
  return std::min(settings_.page, slices * settings_.detect.slice);
}

void Collector::advance(const std::vector<detect::FleetSlice>& closed) {
  if (closed.empty()) return;
  next_ = closed.back().start + settings_.detect.slice;
  fleet_ = 0;
  for (const auto& slice : closed) {
    fleet_ = std::max(fleet_, slice.services.size());
    if (slice.start >= next_ - settings_.recent) recent_.push_back(slice);
  }
  while (!recent_.empty() && recent_.front().start < next_ - settings_.recent) recent_.pop_front();
}

}  // namespace sentinel::engine
