// How rare a count is: the steps from (observed, expected, variance) to a score that every count shares:
// screen, tail, calibration, looks, caps. docs/detection.md, "Score".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "detect/dispersion.hpp"
#include "detect/tail.hpp"
#include "model/severity.hpp"

namespace sentinel::detect {

// Running 99 % quantile of a metric's own raw scores: heavy-tailed services are judged by their own tail.
class TailCalibration {
 public:
  void feed(double raw, double step);
  double factor() const;  // >= 1: the raw score is divided by it
  // log P after calibration; never below `logp`.
  double calibrated(double logp, double raw) const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.q99_);
  }

 private:
  double q99_ = 2.33;
};

// The severity a score may not reach, and the score held just below it. The state always uses the default
// thresholds; a user's own only change what is reported.
enum class Cap : std::uint8_t { kNone, kBelowP1, kBelowP2, kBelowP3, kBelowP4 };
double capped(double z, Cap cap, const model::Thresholds& thresholds = {});

// One horizon (and channel) of one metric at one slice: all that the sentence and `explain` need.
struct HorizonScore {
  bool scored = false;
  int minutes = 0;
  std::uint8_t channel = 0;
  double observed = 0;
  double expected = 0;
  double variance = 1;
  double z = kNoScore;  // after everything
  double raw = 0;       // before calibration, looks, leave-out and caps
  // How it came about.
  double z_tail = kNoScore;    // after looks
  double z_spread = kNoScore;  // without the largest slices; kNoScore: not tried
  double calibration = 1;
  double season = 1;
  Cap cap = Cap::kNone;       // the gate that was missed
  double z_free = kNoScore;   // before the gate
  double z_alone = kNoScore;  // before it had to stand; kNoScore: that changed nothing
  bool screened = false;
  bool by_time = false;   // exposure is time, not documents
  bool easing = false;    // what the window holds is over (class Easing)
  double exposure = 0;    // other documents (errors), requests (latency)
  double base_value = 0;  // latency: ms that is normal; gauge: usual deviation
  double value = 0;       // latency: ms now; gauge: mean now
  double limit = 0;       // latency: ms above which a request counts
  // For learning only.
  double mu0 = 0;
  double known = 0;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.scored, self.minutes, self.channel, self.observed, self.expected, self.variance, self.z,
            self.raw, self.z_tail, self.z_spread, self.calibration, self.season, self.cap, self.z_free,
            self.z_alone, self.screened, self.by_time, self.exposure, self.base_value, self.value, self.limit,
            self.mu0, self.known);
  }
};

// What the last slices scored, for the rule that an alert must stand: a score counts in full only when the
// slice before agrees, else half a unit less; the hour's when five slices in a row agree. Chance peaks are
// one slice wide; what is really wrong stays, and what is grossly wrong does not need the half unit.
class Standing {
 public:
  Standing() { clear(); }
  void clear() {
    fast_.fill(kNoScore);
    hour_.fill(kNoScore);
  }
  // Of a closed slice, as scored before this rule.
  void push(double fast, double hour);
  // `before`: the fast score of the slice before; that of the newest closed one unless given.
  void hold_fast(HorizonScore& h, std::optional<double> before = {}) const;
  void hold_hour(HorizonScore& h) const;
  // Whether P1 has been reached in the two slices before, too.
  bool long_p1() const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.fast_, self.hour_);
  }

 private:
  std::array<double, 2> fast_;  // newest first
  std::array<double, 4> hour_;
};

// Whether what a window holds is over, although it will remember it for a while: the newest minutes are
// ordinary, and they would not be if the rate of the minutes before them had gone on. A service with too few
// requests to tell is never taken for recovered. Once over, it is over until the newest minutes are bad
// again.
class Easing {
 public:
  static constexpr int kNewestMinutes = 3;
  static constexpr int kBeforeMinutes = 5;  // directly before the newest
  struct Stretch {
    double observed = 0;
    double exposure = 0;
  };
  // `rate`: what is expected per unit of exposure.
  bool judge(const Stretch& newest, const Stretch& before, double rate, const Dispersion& noise) const;
  // What was judged of a closed slice.
  void push(bool eased) { eased_ = eased; }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.eased_);
  }

 private:
  bool eased_ = false;
};

// Screen, tail, calibration and looks; sets raw, z_tail, z. `screen` in standard deviations.
void score_upper(HorizonScore& h, double screen, double looks, const TailCalibration& calibration);
// A score without the `top` errors of the `largest` of `window` slices: one slice alone never alerts.
void leave_out(HorizonScore& h, double top, int largest, double window);
// Applies an effect gate to the score.
void apply_cap(HorizonScore& h, Cap cap);

}  // namespace sentinel::detect
