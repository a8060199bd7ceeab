// Who calls whom, learned from what was seen: how often, and when last. A cron job that calls once a night
// and a dependency that only fails over are in no window of ten minutes; the graph remembers them.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "correlate/correlate.hpp"
#include "model/cause.hpp"
#include "model/slice.hpp"

namespace sentinel::correlate {

// Not thread-safe. Bounded: beyond `max_edges` those seen longest ago are forgotten, as is every edge that
// was not seen for `memory`.
class CallGraph {
 public:
  struct Options {
    std::size_t max_edges = 20'000;
    Duration memory = hours(8 * 24);
    Duration half_life = hours(24);  // of counts: what was busy last week is not busy today
  };
  explicit CallGraph(Options options) : options_(options) {}
  CallGraph() : CallGraph(Options{}) {}

  // Each slice once: what begins before the newest slice learned is left out, so that stretches may overlap.
  void learn(std::span<const model::CallSlice> calls, Time now);

  // By (caller, callee); `calls` as of `now`, decayed.
  std::vector<model::Link> links(Time now) const;
  std::vector<TopologyEdge> topology() const;
  std::size_t size() const { return edges_.size(); }

  std::string snapshot() const;
  static Result<CallGraph> restore(Options options, std::string_view snapshot);

 private:
  struct Edge {
    double calls = 0;  // as of last_seen
    double errors = 0;
    Time last_seen;
  };
  double decay(Duration age) const;
  void forget(Time now);

  Options options_;
  std::map<std::pair<std::string, std::string>, Edge> edges_;
  Time learned_until_{};
};

}  // namespace sentinel::correlate
