// The curves of services with what was expected, for charts that are asked for again and again: the folded
// past of the services looked at last is kept, and only what is new is read and folded.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/replay.hpp"

namespace sentinel::engine {

// What a chart of a service shows.
struct ServicePast {
  std::vector<model::Slice> slices;          // that begin in the range, oldest first
  std::vector<model::MetricSeries> metrics;  // points at the ends of slices in (range.from, range.to]
};

// Thread-safe; two who ask for the same service at once may both do the work. Bounded: the last day of at
// most 32 services, about 1 MB each with four metrics.
class PastSeries {
 public:
  PastSeries(telemetry::TelemetryStore& telemetry, state::StateStore& state, const Settings& settings)
      : telemetry_(telemetry), state_(state), settings_(settings) {}

  // `settled`: documents for slices before it are not expected any more. Longer ranges than a day, and those
  // that end long ago, are folded anew. A service without documents has no slices and no metrics.
  Result<ServicePast> past(const std::string& service, model::TimeRange range, std::optional<Time> settled);
  // A document of this slice came late: what was folded of it is not true any more. Quick.
  void forget(const std::string& service, Time slice);

 private:
  struct Kept {
    Replay replay;
    Time from;  // shown since then
    Replay::Series points;
    std::deque<model::Slice> slices;
    std::uint64_t used = 0;
  };
  Result<Kept> begin(const std::string& service, Time shown, Time to) const;
  std::optional<Kept> take(const std::string& service, std::uint64_t& forgotten);
  void put(const std::string& service, Kept kept, std::uint64_t forgotten);

  telemetry::TelemetryStore& telemetry_;
  state::StateStore& state_;
  const Settings& settings_;
  std::mutex mutex_;
  std::map<std::string, Kept> kept_;
  std::map<std::string, std::uint64_t> forgotten_;  // how often, while somebody may have been at work
  std::uint64_t uses_ = 0;
};

}  // namespace sentinel::engine
