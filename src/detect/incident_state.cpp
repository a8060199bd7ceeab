#include "detect/incident_state.hpp"

#include <algorithm>

namespace sentinel::detect {
namespace {
// The default thresholds always drive the state: a user's own change only what is reported.
constexpr double kOpens = 2.0;
constexpr double kStaysFrozen = 3.5;
constexpr int kLearnMinutes = 10;
constexpr int kThawMinutes = 30;
constexpr int kRelearnMinutes = 240;
}  // namespace

bool IncidentState::is_thawed(std::int64_t slice, const Grid& grid) const {
  return open_ && slice - opened_ > grid.slices(kThawMinutes) && worst_ < kStaysFrozen;
}

bool IncidentState::may_learn(std::int64_t slice, const Grid& grid) const {
  return !open_ || slice - opened_ < grid.slices(kLearnMinutes);
}

Turn IncidentState::advance(std::int64_t slice, double fast, bool calm, const Grid& grid) {
  if (!open_) {
    if (fast < kOpens) return Turn::kNone;
    open_ = true;
    opened_ = slice;
    calm_ = 0;
    worst_ = fast;
    return Turn::kOpened;
  }
  worst_ = std::max(worst_, fast);
  calm_ = calm ? calm_ + 1 : 0;
  if (calm_ >= grid.per_block()) {
    open_ = false;
    return Turn::kClosed;
  }
  if (slice - opened_ > grid.slices(kRelearnMinutes)) {
    open_ = false;
    return Turn::kRelearned;
  }
  return Turn::kNone;
}

}  // namespace sentinel::detect
