#include "detect/source_watch.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {

constexpr Duration kLearns = minutes(10);     // before a source can be missed
constexpr Duration kLeastQuiet = minutes(2);  // a pause of a shipper's own batching is shorter
constexpr double kSurelyMissing = 16;         // documents: e^-16 is certain
constexpr double kTimesOrdinary = 3;     // longer than its own pauses, for shippers that send now and then
constexpr double kMemorySeconds = 1800;  // of the rate
constexpr double kQuietMemorySeconds = 86400;  // of the longest pause
constexpr double kFirstSeconds = 30;           // what the first call is taken to cover
constexpr Duration kStoreAway = minutes(5);    // between calls
constexpr Duration kForgotten = hours(24);     // a host that was taken away
constexpr Duration kServiceForgotten = hours(1);
constexpr std::size_t kLeastServices = 2;

}  // namespace

bool SourceWatch::is_due(const Source& source, Time now) const {
  const Duration quiet = now - source.last;
  return source.last - source.first >= kLearns && quiet >= kLeastQuiet &&
         source.per_second * seconds_of(quiet) >= kSurelyMissing &&
         seconds_of(quiet) > kTimesOrdinary * source.ordinary_quiet;
}

void SourceWatch::take(std::span<const model::Arrival> arrivals, Time now) {
  const Duration since_last = started_ ? now - now_ : Duration::zero();
  const bool was_away = since_last > kStoreAway;
  const double elapsed = started_ ? std::max(1.0, seconds_of(since_last)) : kFirstSeconds;
  started_ = true;
  now_ = now;
  struct Came {
    double docs = 0;
    Duration lag{};
    std::vector<std::string> services;
  };
  std::map<std::string, Came> came;
  for (const auto& arrival : arrivals) {
    Came& one = came[arrival.source];
    one.docs += static_cast<double>(arrival.docs);
    one.lag = std::max(one.lag, arrival.max_lag);
    one.services.push_back(arrival.service);
  }
  const double keep = std::exp(-elapsed / kMemorySeconds);
  for (auto& [name, source] : sources_) {
    if (was_away) source.last = now;  // what it sent meanwhile nobody saw
    source.ordinary_quiet *= std::exp(-elapsed / kQuietMemorySeconds);
    // The rate stands still while nothing is due: a gap does not become the normal.
    if (!source.in_gap && !was_away && now - source.last <= kLeastQuiet) {
      const auto found = came.find(name);
      const double docs = found == came.end() ? 0 : found->second.docs;
      source.per_second += (1 - keep) * (docs / elapsed - source.per_second);
    }
  }
  for (const auto& [name, one] : came) {
    auto [it, fresh] = sources_.try_emplace(name);
    Source& source = it->second;
    if (fresh) {
      source.first = now;
      source.per_second = one.docs / elapsed;
    } else if (!was_away && !source.in_gap) {
      source.ordinary_quiet = std::max(source.ordinary_quiet, seconds_of(now - source.last));
    }
    source.last = now;
    source.lag = one.lag;
    source.in_gap = false;
    for (const auto& service : one.services) source.services[service] = now;
  }
  for (auto it = sources_.begin(); it != sources_.end();) {
    Source& source = it->second;
    // As long as the source sends, a service that it carries no more is not its own.
    std::erase_if(source.services, [&](const auto& s) { return source.last - s.second > kServiceForgotten; });
    source.in_gap = !it->first.empty() && source.services.size() >= kLeastServices &&
                    (source.in_gap || is_due(source, now));
    it = now - source.last > kForgotten ? sources_.erase(it) : std::next(it);
  }
}

std::vector<SourceGap> SourceWatch::gaps() const {
  std::vector<SourceGap> out;
  for (const auto& [name, source] : sources_) {
    if (!source.in_gap) continue;
    SourceGap gap{name, source.last, {}};
    for (const auto& [service, heard] : source.services) gap.services.push_back(service);
    out.push_back(std::move(gap));
  }
  return out;
}

std::map<std::string, Time> SourceWatch::unheard() const {
  std::map<std::string, Time> out;
  for (const auto& [name, source] : sources_) {
    if (!source.in_gap) continue;
    for (const auto& [service, heard] : source.services) {
      auto [it, fresh] = out.try_emplace(service, heard);
      it->second = std::max(it->second, heard);
    }
  }
  for (const auto& [name, source] : sources_) {
    if (source.in_gap) continue;
    for (const auto& [service, heard] : source.services) {
      const auto it = out.find(service);
      // Another source has carried it since, or did until then and is not missed yet.
      if (it != out.end() && heard + kLeastQuiet >= it->second) out.erase(it);
    }
  }
  return out;
}

std::vector<SourceReport> SourceWatch::sources() const {
  std::vector<SourceReport> out;
  for (const auto& [name, source] : sources_)
    out.push_back({name, source.last, source.lag, 60 * source.per_second, source.in_gap});
  return out;
}

}  // namespace sentinel::detect
