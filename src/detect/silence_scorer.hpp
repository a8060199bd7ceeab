// Documents that do not come: is a service silent, or has its traffic dropped? Judged on closed slices only,
// because a late or half-filled slice looks like a drop. docs/detection.md, "Silence". Not thread-safe.
#pragma once

#include <array>
#include <cstdint>

#include "detect/count_score.hpp"
#include "detect/dispersion.hpp"
#include "detect/grid.hpp"
#include "detect/ring_buffer.hpp"
#include "detect/season.hpp"

namespace sentinel::detect {

struct SilenceScore {
  HorizonScore best;                  // z is kNoScore unless traffic is below the expected
  std::array<HorizonScore, 3> tried;  // windows that expect 16, 32, 64 documents
  std::int64_t quiet_slices = 0;      // since the last document

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.best, self.tried, self.quiet_slices);
  }
};

class SilenceScorer {
 public:
  SilenceScorer(Grid grid, std::int64_t first);

  SilenceScore close(std::uint64_t docs, bool known);
  // Documents of a closed slice came late. True: an open silence ended by that, or was none.
  bool amend(std::int64_t index, std::uint64_t docs, bool known);

  // Documents that one slice usually holds; 0 before there is any.
  double level() const { return level_; }
  // Whether silence of this service can be judged at all: enough traffic and history.
  bool is_judged() const;
  bool incident_open() const { return open_; }
  // Slices since the silence opened; only while incident_open().
  std::int64_t open_for() const { return now_ - opened_; }
  const SilenceScore& last() const { return last_; }
  std::size_t bytes() const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.first_, self.now_, self.block_, self.closed_, self.docs_, self.level_, self.updates_,
            self.season_, self.dispersion_, self.open_, self.opened_, self.quiet_slices_, self.week_,
            self.last_);
  }

 private:
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFF;
  double season_of(std::int64_t b) const { return season_[static_cast<std::size_t>(b & 31)]; }
  HorizonScore score(double count, bool& stop) const;
  double known_variance(double expected, double plain, double season) const;
  void give_up();
  // Tries the windows as of the newest slice; the shortest one that could be judged, or null.
  const HorizonScore* judge();

  Grid grid_;
  std::int64_t first_;
  std::int64_t now_;
  std::int64_t block_;
  std::int64_t closed_;             // when the last incident ended
  RingBuffer<std::uint32_t> docs_;  // of the last two hours
  double level_ = 0;
  std::int64_t updates_ = 0;
  std::array<double, 32> season_;  // <= 1, of the last blocks, by block modulo 32
  Dispersion dispersion_{kPriorTraffic};
  bool open_ = false;
  std::int64_t opened_ = 0;
  std::int64_t quiet_slices_ = 0;
  WeekOfRatios<Habit::kQuiet> week_{5};
  SilenceScore last_;
};

}  // namespace sentinel::detect
