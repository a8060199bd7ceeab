// When something happens again and again: a cron rule for its starts, in a time zone, and how long it lasts.
// Pure but for the zone's data (base/zone.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/zone.hpp"

namespace sentinel::model {

// Five fields as cron(5) has them: minute hour day-of-month month day-of-week; lists, ranges, steps, names
// (JAN, SUN), 7 is Sunday. When both days are restricted, either is enough.
class CronRule {
 public:
  static Result<CronRule> parse(std::string_view text);
  bool matches(const WallTime& wall) const;

 private:
  std::uint64_t minutes_ = 0;
  std::uint64_t hours_ = 0;
  std::uint64_t days_ = 0;
  std::uint64_t months_ = 0;
  std::uint64_t weekdays_ = 0;
  bool any_day_ = true;
  bool any_weekday_ = true;
};

struct Recurrence {
  std::string rule;  // "0 2 * * SUN"
  Duration length{};
  std::string zone = "UTC";
  friend bool operator==(const Recurrence&, const Recurrence&) = default;
};

inline constexpr Duration kLongestRecurrence = hours(7 * 24);

// kInvalid with what would be right.
Result<void> check(const Recurrence& recurrence);
// The window that `now` is in; none between two. A recurrence that check() refuses has no windows.
std::optional<Time> window_end(const Recurrence& recurrence, Time now);

}  // namespace sentinel::model
