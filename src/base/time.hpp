// Points and spans of time. A Time is UTC microseconds since the Unix epoch; nothing in the project
// keeps another resolution or zone. Pure code takes `Time now` as an argument and never reads a clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sentinel {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr Time kNever = Time::max();

constexpr Time time_from_micros(std::int64_t us) { return Time(Duration(us)); }
constexpr std::int64_t micros(Time t) { return t.time_since_epoch().count(); }
constexpr double seconds_of(Duration d) { return static_cast<double>(d.count()) / 1e6; }

// The start of the `step` that holds `t`, aligned to the epoch; correct before 1970 too (floors, never
// truncates).
constexpr Time align_down(Time t, Duration step) {
  const auto us = t.time_since_epoch().count();
  const auto s = step.count();
  const auto rest = ((us % s) + s) % s;
  return Time(Duration(us - rest));
}

// Reads RFC 3339 / ISO 8601 as shippers write it: "2026-02-20T19:20:27.123456+00:00", "...Z", "... 19:20:27",
// offsets "+0100" and "+01", a missing offset means UTC, up to 9 fraction digits (cut to microseconds), a
// plain date is its midnight; a leap second (":60") is the next second. Years 1900 to 2261. Nothing else may
// follow.
std::optional<Time> parse_rfc3339(std::string_view text);

// Reads what `@timestamp` may hold: RFC 3339, or a number (possibly as text, with a fraction) of seconds,
// milliseconds, microseconds or nanoseconds since the epoch, told apart by magnitude.
std::optional<Time> parse_time(std::string_view text);
std::optional<Time> time_from_epoch_number(double number);

// "2026-02-20T19:20:27.123456Z"; the fraction is left out when zero, and has 3 digits when they suffice.
std::string format_rfc3339(Time t);
// "2026-02-20 19:20:27" (UTC), for people.
std::string format_human(Time t);
// "19:20:27" (UTC).
std::string format_clock(Time t);
// "90 s", "5 min", "2 h 10 min", "3 d 4 h": at most two units, for people.
std::string format_duration(Duration d);
// Reads "90s", "5m", "2h", "7d", "250ms", or a plain number of seconds.
std::optional<Duration> parse_duration(std::string_view text);

}  // namespace sentinel
