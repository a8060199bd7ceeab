// Whether a metric of a service is in the middle of an incident of its own: it freezes the baseline, so that
// an incident never becomes its own normal. docs/detection.md, "Life of the baseline". Not the product's
// incident.
#pragma once

#include <cstdint>

#include "detect/grid.hpp"

namespace sentinel::detect {

enum class Turn : std::uint8_t { kNone, kOpened, kClosed, kRelearned };

class IncidentState {
 public:
  bool is_open() const { return open_; }
  // Long and never bad enough to page: new slices are normal again.
  bool is_thawed(std::int64_t slice, const Grid& grid) const;
  // The first ten minutes still teach: short false alarms must not keep the variance from learning.
  bool may_learn(std::int64_t slice, const Grid& grid) const;
  // Judges a closed slice: `fast` is the largest of the 5- and 20-min scores, `calm` whether the 5-min window
  // looks ordinary.
  Turn advance(std::int64_t slice, double fast, bool calm, const Grid& grid);

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.open_, self.opened_, self.calm_, self.worst_);
  }

 private:
  bool open_ = false;
  std::int64_t opened_ = 0;
  std::int64_t calm_ = 0;
  double worst_ = 0;
};

}  // namespace sentinel::detect
