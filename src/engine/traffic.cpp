#include "engine/traffic.hpp"

#include <algorithm>
#include <unordered_map>

namespace sentinel::engine {
namespace {

constexpr std::size_t kSparkline = 60;
constexpr Duration kFigures = minutes(5);

}  // namespace

const ServiceTraffic* FleetTraffic::find(const std::string& service) const {
  const auto at = std::lower_bound(
      services.begin(), services.end(), service,
      [](const ServiceTraffic& item, const std::string& name) { return item.service < name; });
  return at != services.end() && at->service == service ? &*at : nullptr;
}

FleetTraffic traffic_of(const std::deque<detect::FleetSlice>& closed,
                        std::span<const detect::FleetSlice> open, const std::vector<std::string>& services,
                        Duration slice) {
  std::vector<const detect::FleetSlice*> shown;
  for (const auto& fleet : closed) shown.push_back(&fleet);
  for (const auto& fleet : open) shown.push_back(&fleet);
  if (shown.size() > kSparkline)
    shown.erase(shown.begin(), shown.end() - static_cast<std::ptrdiff_t>(kSparkline));

  FleetTraffic traffic{.slice = slice, .slices = shown.size(), .newest = std::nullopt, .services = {}};
  if (!shown.empty()) traffic.newest = shown.back()->start;
  std::unordered_map<std::string_view, std::size_t> place;
  traffic.services.reserve(services.size());
  for (const auto& service : services) {
    place.emplace(service, traffic.services.size());
    traffic.services.push_back({.service = service,
                                .docs = std::vector<std::uint32_t>(shown.size()),
                                .errors = std::vector<std::uint32_t>(shown.size()),
                                .p99_ms = std::nullopt,
                                .last_seen = std::nullopt});
  }

  // The slice that is still filling would pull every rate down; without any other it has to do.
  const std::size_t whole = shown.size() > 1 ? shown.size() - 1 : shown.size();
  const std::size_t figures = std::min<std::size_t>(
      whole, std::max<std::size_t>(1, static_cast<std::size_t>(kFigures.count() / slice.count())));
  std::vector<model::Slice> sums(services.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const bool counted = i >= whole - figures && i < whole;
    for (const auto& one : shown[i]->services) {
      const auto found = place.find(one.service);
      if (found == place.end()) continue;  // detection does not know it yet
      ServiceTraffic& item = traffic.services[found->second];
      item.docs[i] = static_cast<std::uint32_t>(std::min<std::uint64_t>(one.docs, UINT32_MAX));
      item.errors[i] = static_cast<std::uint32_t>(std::min<std::uint64_t>(one.errors, UINT32_MAX));
      if (one.docs > 0) item.last_seen = shown[i]->start;
      if (!counted) continue;
      sums[found->second].docs += one.docs;
      sums[found->second].errors += one.errors;
      sums[found->second].latency.merge(one.latency);
    }
  }
  const double length = seconds_of(slice) / 60 * static_cast<double>(figures);
  for (std::size_t s = 0; s < sums.size() && figures > 0; ++s) {
    ServiceTraffic& item = traffic.services[s];
    item.docs_per_minute = static_cast<double>(sums[s].docs) / length;
    if (sums[s].docs > 0)
      item.error_share = static_cast<double>(sums[s].errors) / static_cast<double>(sums[s].docs);
    item.p99_ms = sums[s].latency.quantile_ms(0.99);
  }
  return traffic;
}

}  // namespace sentinel::engine
