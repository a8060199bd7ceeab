// Latency of one service, method `robust`: are more requests slower than the service's own limits than usual?
// Slow requests are counted like errors, in three channels: the bulk (slowest 10 % of the baseline), the tail
// (1 %) and far (twice the tail's limit). A fold over closed slices. docs/detection.md, "Latency". Not
// thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "detect/count_score.hpp"
#include "detect/dispersion.hpp"
#include "detect/grid.hpp"
#include "detect/incident_state.hpp"
#include "detect/latency_baseline.hpp"
#include "detect/latency_slices.hpp"
#include "detect/season.hpp"

namespace sentinel::detect {

inline constexpr std::array<const char*, 3> kChannelNames = {"p90", "p99", "far"};

struct LatencySlice {
  const model::LatencyHistogram* histogram = nullptr;  // null: no request
  bool known = true;
};

struct LatencyScore {
  // 5 min and 20 min of each channel, 60 min of p90 and p99, then 3 min of p90: when most requests are slow,
  // the newest minutes alone say so, and the five hold two that were ordinary.
  std::array<HorizonScore, 9> horizons;
  double z = kNoScore;
  int best = 0;
};

class LatencyScorer {
 public:
  LatencyScorer(Grid grid, std::int64_t first);

  LatencyScore close(const LatencySlice& slice);
  // `all_quantiles`: also where nothing is unusual `value` holds the window's quantile, for `explain`.
  LatencyScore preview(std::span<const LatencySlice> open, bool all_quantiles = false) const;

  // As of ErrorScorer. The baseline of a past window is that of now, which may hold some of its slices.
  bool amend(std::int64_t index, const LatencySlice& slice);
  LatencyScore judge_past(std::int64_t index) const;

  bool incident_open() const { return core_.incident.is_open(); }
  std::size_t bytes() const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    Core::visit(self.core_, archive);
    archive(self.before_newest_, self.slices_);
    for (auto& week : self.week5_) archive(week);
    for (auto& week : self.week60_) archive(week);
  }

 private:
  struct Channel {
    Dispersion d5{kPriorShort}, d20{kPriorShort}, d60{kPriorHour};
    TailCalibration tail5, tail20, tail60;
    std::array<double, 16> factor;  // of the last blocks, by block modulo 16
    double last_mu0 = 0;
    double hour_factor = 1;
    double hour_factor_before = 1;

    Channel() : factor{} { factor.fill(1); }
    double factor_of(std::int64_t b) const { return factor[static_cast<std::size_t>(b & 15)]; }
    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.d5, self.d20, self.d60, self.tail5, self.tail20, self.tail60, self.factor, self.last_mu0,
              self.hour_factor, self.hour_factor_before);
    }
  };
  // What a preview copies: everything but the slices and the weeks.
  struct Core {
    Core(Grid g, std::int64_t first_slice);
    Grid grid;
    std::int64_t first;
    std::int64_t now;
    std::int64_t block;
    LatencyBaseline baseline;
    std::array<Channel, 3> channels;
    IncidentState incident;
    Standing standing;
    std::array<Easing, 5> easing;  // of the three channels, then the hour's two

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.first, self.now, self.block, self.baseline, self.incident, self.standing, self.easing);
      for (auto& channel : self.channels) archive(channel);
    }
  };
  struct Window;
  enum WindowIndex : std::uint8_t { kNewest, kFive, kNewestAndBefore, kTwenty, kSixty };
  using Windows = std::array<Window, 5>;

  void begin_slice(Core& core) const;
  void admit(Core& core) const;
  // Windows end with core.now, which may lie before the newest closed slice (judge_past).
  void count(const Core& core, std::span<const LatencySlice> open, const LatencyLimits& limits,
             Windows& out) const;
  double quantile_ms(const Core& core, std::span<const LatencySlice> open, int minutes, double q) const;
  // `limit`: of the three channels, then the hour's two.
  static bool is_easing(const Core& core, const Windows& windows, std::size_t limit, const HorizonScore& h);
  // `horizon`: its place in LatencyScore::horizons.
  HorizonScore score_short(const Core& core, const LatencyLimits& limits, const Windows& windows,
                           std::size_t horizon, std::optional<LatencyBaseline::Before>& before) const;
  HorizonScore score_hour(const Core& core, const LatencyLimits& limits, const Windows& windows,
                          std::size_t horizon) const;
  LatencyScore score(const Core& core, std::span<const LatencySlice> open, bool all_quantiles) const;
  static void hold(const Standing& standing, std::optional<double> before, LatencyScore& score);
  void learn(const LatencyScore& score, bool known);
  void relearn();

  Core core_;
  Standing before_newest_;  // as the newest closed slice was judged
  LatencySlices slices_;
  std::array<WeekOfBlocks, 3> week5_;
  std::array<WeekOfRatios<Habit::kBusy>, 2> week60_{WeekOfRatios<Habit::kBusy>{6},
                                                    WeekOfRatios<Habit::kBusy>{6}};
};

}  // namespace sentinel::detect
