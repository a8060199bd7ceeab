// Any other number of a service (CPU %, queue length): is its 5-minute mean away from its level of the last
// hour and its daily habit by more than its usual deviation? docs/detection.md, "Gauges". Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "detect/count_score.hpp"
#include "detect/grid.hpp"
#include "detect/incident_state.hpp"
#include "detect/ring_buffer.hpp"

namespace sentinel::detect {

struct GaugeSlice {
  std::uint64_t count = 0;
  double sum = 0;
  bool known = true;
};

// Upward deviations only; for a drop feed negated sums.
class GaugeScorer {
 public:
  GaugeScorer(Grid grid, std::int64_t first);

  // value = mean now, expected = level + habit, base_value = usual deviation.
  HorizonScore close(const GaugeSlice& slice);
  HorizonScore preview(std::span<const GaugeSlice> open) const;

  bool incident_open() const { return core_.incident.is_open(); }
  std::size_t bytes() const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    Core::visit(self.core_, archive);
    for (auto& day : self.residuals_) archive.optional_block(day);
  }

 private:
  struct Recent {
    std::uint64_t count = 0;
    double sum = 0;
    bool flagged = false;
    bool known = true;

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.count, self.sum, self.flagged, self.known);
    }
  };
  struct Admitted {
    std::uint64_t count = 0;
    double sum = 0;

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.count, self.sum);
    }
  };
  struct Core {
    Core(Grid g, std::int64_t first_slice);
    Grid grid;
    std::int64_t first;
    std::int64_t now;
    RingBuffer<Recent> recent;
    RingBuffer<Admitted> ring;
    double deviation = 0;  // running mean of |e| at block ends
    std::int64_t deviations = 0;
    TailCalibration tail;
    IncidentState incident;
    std::array<double, 2> last_z{kNoScore, kNoScore};

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.first, self.now, self.recent, self.ring, self.deviation, self.deviations, self.tail,
              self.incident, self.last_z);
    }
  };
  static constexpr std::size_t kBlocks = 288;
  using Day = std::array<float, kBlocks>;  // residuals; NaN: none

  static void take(Core& core, const GaugeSlice& slice);
  // `lone`: z before the rule that a lone slice needs half a unit more.
  HorizonScore score(const Core& core, double& lone) const;
  double habit(std::int64_t block) const;
  void put_residual(std::int64_t block, float residual);
  void relearn();

  Core core_;
  std::array<std::unique_ptr<Day>, 7> residuals_;
};

}  // namespace sentinel::detect
