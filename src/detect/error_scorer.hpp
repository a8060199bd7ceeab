// Error counts of one service, method `robust`: is the number of errors in the last 5, 20 and 60 minutes more
// than its traffic, its habits and its own noise explain? A fold over closed slices. docs/detection.md,
// "Error counts". Not thread-safe; preview() is const and keeps nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "detect/count_score.hpp"
#include "detect/dispersion.hpp"
#include "detect/grid.hpp"
#include "detect/incident_state.hpp"
#include "detect/ring_buffer.hpp"
#include "detect/season.hpp"

namespace sentinel::detect {

struct ErrorSlice {
  std::uint64_t docs = 0;
  std::uint64_t errors = 0;
  bool known = true;
};

struct ErrorScore {
  std::array<HorizonScore, 3> horizons;  // 5, 20, 60 min
  double z = kNoScore;                   // the largest
  int best = 0;                          // the horizon that gave it
};

class ErrorScorer {
 public:
  // `first` is the slice of the service's first document.
  ErrorScorer(Grid grid, std::int64_t first);

  // The slice after the newest one.
  ErrorScore close(const ErrorSlice& slice);
  // Judges the newest of `open`, which follow the newest closed slice; that one when there are none.
  ErrorScore preview(std::span<const ErrorSlice> open) const;

  // Documents of a closed slice came late: what is held of it in the windows and in the baseline becomes
  // `slice`. False: it is too old to be held. What was learned from it stays; the incident flag follows the
  // next slices.
  bool amend(std::int64_t index, const ErrorSlice& slice);
  // Judges the window that ended with a closed slice of the last hour, against what is known now.
  ErrorScore judge_past(std::int64_t index) const;

  bool incident_open() const { return core_.incident.is_open(); }
  std::size_t bytes() const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    Core::visit(self.core_, archive);
    archive(self.week5_, self.week60_);
  }

 private:
  struct Recent {
    std::uint64_t errors = 0;
    std::uint64_t others = 0;  // the exposure: documents that are no errors
    bool flagged = false;
    bool known = true;

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.errors, self.others, self.flagged, self.known);
    }
  };
  struct Admitted {
    std::int64_t slice = 0;
    double errors = 0;  // divided by the factor of their block
    std::uint64_t others = 0;

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.slice, self.errors, self.others);
    }
  };
  // What a preview copies: everything but the week.
  struct Core {
    Core(Grid g, std::int64_t first_slice);
    Grid grid;
    std::int64_t first;
    std::int64_t now;    // newest slice taken; first - 1 before any
    std::int64_t block;  // whose factors are computed
    RingBuffer<Recent> recent;
    RingBuffer<Admitted> ring;
    double long_errors = 0;  // what fell off the ring, with a memory of one day
    double long_others = 0;
    double long_slices = 0;
    std::int64_t long_count = 0;
    Dispersion d5{kPriorShort}, d20{kPriorShort}, d60{kPriorHour};
    TailCalibration tail5, tail20, tail60;
    IncidentState incident;
    Easing easing;
    double last_mu0 = 0;
    std::array<double, 16> factor;  // of the last blocks, by block modulo 16
    double hour_factor = 1;         // f60 of this block and of the one before
    double hour_factor_before = 1;

    double factor_of(std::int64_t b) const { return factor[static_cast<std::size_t>(b & 15)]; }

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.first, self.now, self.block, self.recent, self.ring, self.long_errors, self.long_others,
              self.long_slices, self.long_count, self.d5, self.d20, self.d60, self.tail5, self.tail20,
              self.tail60, self.incident, self.easing, self.last_mu0, self.factor, self.hour_factor,
              self.hour_factor_before);
    }
  };
  struct Baseline;
  struct Window;
  struct Lesson {  // what D5 and D20 learn from
    bool valid = false;
    double observed = 0;
    double predicted = 0;
    double known = 0;
    bool full = false;  // the baseline held its 55 min
  };

  void take(Core& core, const ErrorSlice& slice) const;
  static void admit(Core& core);
  static Baseline baseline(const Core& core, int window);
  static Window window(const Core& core, int slices, bool skip_flagged, int largest);
  static void note_easing(const Core& core, HorizonScore& h);
  static HorizonScore score_short(const Core& core, int minutes, Lesson& lesson);
  static HorizonScore score_hour(const Core& core);
  static ErrorScore score(const Core& core, Lesson& lesson5, Lesson& lesson20);
  void learn(const ErrorScore& score, const Lesson& lesson5, const Lesson& lesson20);
  void relearn();

  Core core_;
  WeekOfBlocks week5_;
  WeekOfRatios<Habit::kBusy> week60_{6};
};

}  // namespace sentinel::detect
