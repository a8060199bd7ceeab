// What each service has sent lately: sparklines and the figures of the last five minutes. Made once per tick
// from the slices that are in memory anyway. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "detect/detector.hpp"

namespace sentinel::engine {

struct ServiceTraffic {
  std::string service;
  std::vector<std::uint32_t> docs;    // per slice, oldest first, as long as FleetTraffic::slices
  std::vector<std::uint32_t> errors;  // of the same slices
  double docs_per_minute = 0;         // of the last five minutes
  double error_share = 0;             // 0..1 of the documents of the last five minutes
  std::optional<double> p99_ms;       // of the last five minutes
  std::optional<Time> last_seen;      // start of the newest slice with documents
};

struct FleetTraffic {
  Duration slice{};
  std::size_t slices = 0;                // entries of each sparkline, 60 at most
  std::optional<Time> newest;            // start of the last entry
  std::vector<ServiceTraffic> services;  // by name

  const ServiceTraffic* find(const std::string& service) const;
};

// `services` are sorted. The newest open slice is still filling: it is in the sparkline, and the figures of
// five minutes end before it.
FleetTraffic traffic_of(const std::deque<detect::FleetSlice>& closed,
                        std::span<const detect::FleetSlice> open, const std::vector<std::string>& services,
                        Duration slice);

}  // namespace sentinel::engine
