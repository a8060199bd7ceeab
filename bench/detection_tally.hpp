// Counting of the acceptance simulator: false alerts, recall and delay from one score per 30-s slot of the
// measured week. docs/detection.md, "Acceptance".
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "detection_world.hpp"

namespace sentinel::bench {

inline constexpr std::array<double, 4> kThresholds = {2.0, 2.5, 3.5, 5.0};  // P4, P3, P2, P1

struct Alerts {
  std::array<double, 4> count{};
  double services = 0;

  // One score per slot from kFirstMeasured on; alerts of one severity are at least 30 min apart.
  void add(const std::vector<float>& z) {
    services += 1;
    for (std::size_t s = 0; s < 4; ++s) {
      std::size_t next = 0;
      for (std::size_t i = 0; i < z.size(); ++i) {
        if (z[i] < kThresholds[s] || i < next) continue;
        count[s] += 1;
        next = i + 30 * kSlotsPerMinute;
      }
    }
  }
  void add(const Alerts& other) {
    services += other.services;
    for (std::size_t s = 0; s < 4; ++s) count[s] += other.count[s];
  }
  double per_100(std::size_t s) const { return services > 0 ? 100 * count[s] / services : 0; }
};

struct Recall {
  double incidents = 0;
  std::array<double, 4> found{};
  std::array<std::vector<double>, 4> delay;  // minutes
  double alerting_slots = 0;                 // P4+, from the first alert to a minute after the end
  double slots_since_alert = 0;

  void add(const std::vector<float>& z, const std::vector<Trouble>& troubles, int last_minutes = 75) {
    for (const Trouble& t : troubles) {
      if (t.end > kSlots - last_minutes * kSlotsPerMinute) continue;
      incidents += 1;
      const int to = std::min(kSlots, t.end + kSlotsPerMinute);
      for (std::size_t s = 0; s < 4; ++s) {
        for (int slot = std::max(t.begin, kFirstMeasured); slot < to; ++slot) {
          if (z[static_cast<std::size_t>(slot - kFirstMeasured)] < kThresholds[s]) continue;
          found[s] += 1;
          delay[s].push_back((slot + 1 - t.begin) * kSlotSeconds / 60.0);
          if (s > 0) break;
          for (; slot < to; ++slot) {
            slots_since_alert += 1;
            alerting_slots += z[static_cast<std::size_t>(slot - kFirstMeasured)] >= kThresholds[0] ? 1 : 0;
          }
          break;
        }
      }
    }
  }
  void add(const Recall& other) {
    incidents += other.incidents;
    alerting_slots += other.alerting_slots;
    slots_since_alert += other.slots_since_alert;
    for (std::size_t s = 0; s < 4; ++s) {
      found[s] += other.found[s];
      delay[s].insert(delay[s].end(), other.delay[s].begin(), other.delay[s].end());
    }
  }
  double percent(std::size_t s) const { return incidents > 0 ? 100 * found[s] / incidents : 0; }
  double median_delay(std::size_t s) const {
    if (delay[s].empty()) return 0;
    std::vector<double> sorted = delay[s];
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

// About one incident a day in the measured week.
inline std::vector<Trouble> daily_troubles(Rng& rng, const Trouble& kind, int minutes,
                                           double gap_hours = 24) {
  std::vector<Trouble> out;
  double start = kFirstMeasured + (100 + rng.uniform() * 720) * kSlotsPerMinute;
  while (start + minutes * kSlotsPerMinute < kSlots) {
    Trouble t = kind;
    t.begin = static_cast<int>(start);
    t.end = t.begin + minutes * kSlotsPerMinute;
    out.push_back(t);
    start += gap_hours * 60 * kSlotsPerMinute * rng.uniform(0.8, 1.2);
  }
  return out;
}

}  // namespace sentinel::bench
