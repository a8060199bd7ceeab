// The fleet's slices in the order of time, asked from the store: which are closed now, which are still open.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "detect/detector.hpp"
#include "engine/settings.hpp"
#include "telemetry/store.hpp"

namespace sentinel::engine {

// What one tick has to judge. Slices are without holes: one in which nobody sent anything is there, empty.
struct Collected {
  std::vector<detect::FleetSlice> closing;  // in order; each is final now
  std::vector<detect::FleetSlice> open;     // directly after them, the newest last
  bool complete = true;  // false: more closed slices wait (a backlog is taken page by page)
};

// Not thread-safe. Legal order: begin_at() once, then collect() and, when its slices were taken in,
// advance().
class Collector {
 public:
  Collector(telemetry::TelemetryStore& store, const Settings& settings)
      : store_(store), settings_(settings) {}

  // The first slice to close.
  void begin_at(Time slice) { next_ = slice; }
  Time next() const { return next_; }
  void forget() {  // as new
    recent_.clear();
    fleet_ = 0;
  }

  // At most a page() of closed slices; one query for all services (and one for metrics, when any is
  // configured).
  Result<Collected> collect(Time now) const;
  // Closed slices of a stretch, for the cache and for history; at most a page. Only asks the store: it may
  // run while another thread calls anything here but collect() and again().
  Result<std::vector<detect::FleetSlice>> closed(model::TimeRange range) const;
  // How much of the past to ask for at once: `settings.page`, and less where that would be more slices of
  // services than fit a modest memory. Short until the first advance() has shown the size of the fleet.
  Duration page() const;
  // The closing slices were taken in: they are cached, and the next collect() starts behind them.
  void advance(const std::vector<detect::FleetSlice>& closed);
  // Closed slices of these services as they are now, by one query: what is cached of them is replaced.
  Result<std::vector<model::Slice>> again(const std::map<Time, std::set<std::string>>& wanted);
  // The end of the slices that are closed at `now`.
  Time closed_until(Time now) const { return align_down(now - settings_.settle, settings_.detect.slice); }

  const std::deque<detect::FleetSlice>& recent() const { return recent_; }

 private:
  telemetry::TelemetryStore& store_;
  const Settings& settings_;
  Time next_{};
  std::size_t fleet_ = 0;  // the most services that one slice of the newest advance() held
  std::deque<detect::FleetSlice> recent_;
};

}  // namespace sentinel::engine
