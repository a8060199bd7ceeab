// One service's stored slices, folded through a detector of its own: what History and PastSeries are made of.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "detect/detector.hpp"
#include "engine/settings.hpp"
#include "model/explanation.hpp"
#include "state/store.hpp"
#include "telemetry/store.hpp"

namespace sentinel::engine {

// The newest slices of the service, for what a window really held: detection leaves flagged slices out.
class RecentSlices {
 public:
  explicit RecentSlices(std::size_t slices) : slices_(slices) {}

  void push(const model::Slice* slice);
  model::Slice sum() const;

 private:
  std::size_t slices_;
  std::deque<model::Slice> held_;
};

// What the store holds of a service over a stretch of time.
struct StoredPast {
  std::vector<model::Slice> slices;
  std::vector<model::MetricSlice> metrics;
  std::vector<model::LedgerEntry> ledger;
};
Result<StoredPast> read_past(telemetry::TelemetryStore& telemetry, state::StateStore& state,
                             const Settings& settings, const std::string& service, model::TimeRange range);

// Not thread-safe. Slices are folded in the order of time, without holes.
class Replay {
 public:
  using Series = std::map<std::string, std::vector<model::SeriesPoint>>;

  Replay(const Settings& settings, std::string service, Time from);
  Replay(Replay&&) noexcept = default;
  Replay& operator=(Replay&&) noexcept = default;

  // Slices from the end of what was folded to `to`; of those that end after `shown` the points of each metric
  // are added to `series`.
  void fold(const StoredPast& past, Time to, Time shown, Series& series);
  Time until() const { return until_; }  // the end of what was folded
  std::vector<model::Explanation> explain() const { return detector_.explain(service_, {}); }
  // The same once more, to be folded on its own. An error says that the copy could not be read.
  Result<Replay> copy() const;

 private:
  Replay(const Replay& other, detect::Detector detector);

  const Settings* settings_;
  std::string service_;
  Duration length_;  // of the windows that a chart shows
  detect::Detector detector_;
  RecentSlices recent_;
  Time until_;
};

}  // namespace sentinel::engine
