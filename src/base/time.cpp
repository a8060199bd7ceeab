#include "base/time.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace sentinel {
namespace {

// Reads exactly `count` digits at `pos`; -1 when one is no digit or the text ends.
int digits(std::string_view text, std::size_t pos, std::size_t count) {
  if (pos + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = pos; i < pos + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// The offset behind the seconds: "", "Z", "+01", "+0100", "+01:00". Minutes east of UTC.
std::optional<int> parse_offset(std::string_view rest) {
  if (rest.empty() || rest == "Z" || rest == "z") return 0;
  if (rest[0] != '+' && rest[0] != '-') return std::nullopt;
  const int hour = digits(rest, 1, 2);
  int minute = 0;
  if (rest.size() == 6 && rest[3] == ':') {
    minute = digits(rest, 4, 2);
  } else if (rest.size() == 5) {
    minute = digits(rest, 3, 2);
  } else if (rest.size() != 3) {
    return std::nullopt;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  return (rest[0] == '-' ? -1 : 1) * (hour * 60 + minute);
}

}  // namespace

std::optional<Time> parse_rfc3339(std::string_view text) {
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  if (year < 1900 || year > 2261 || month < 1 || day < 1 || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const Time midnight = std::chrono::sys_days(date);
  if (text.size() == 10) return midnight;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || text[13] != ':') return std::nullopt;
  std::size_t pos = 16;
  int second = 0;
  if (pos < text.size() && text[pos] == ':') {
    second = digits(text, pos + 1, 2);
    if (second < 0 || second > 60) return std::nullopt;
    pos += 3;
  }
  std::int64_t fraction = 0;
  if (pos < text.size() && (text[pos] == '.' || text[pos] == ',')) {
    std::int64_t unit = 100'000;
    const std::size_t first = ++pos;
    for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, unit /= 10) {
      fraction += unit * (text[pos] - '0');
    }
    if (pos == first || pos - first > 9) return std::nullopt;
  }
  const auto offset = parse_offset(text.substr(pos));
  if (!offset) return std::nullopt;
  return midnight + hours(hour) + minutes(minute - *offset) + seconds(second) + Duration(fraction);
}

std::optional<Time> time_from_epoch_number(double number) {
  if (!std::isfinite(number) || number < 0) return std::nullopt;
  // Seconds stay below 1e11 until the year 5138; each further unit is a thousand times larger.
  double us = 0;
  if (number < 1e11) {
    us = number * 1e6;
  } else if (number < 1e14) {
    us = number * 1e3;
  } else if (number < 1e17) {
    us = number;
  } else if (number < 9.2e18) {
    us = number / 1e3;
  } else {
    return std::nullopt;
  }
  return time_from_micros(static_cast<std::int64_t>(std::llround(us)));
}

std::optional<Time> parse_time(std::string_view text) {
  if (text.size() >= 10 && text[4] == '-') return parse_rfc3339(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return time_from_epoch_number(number);
}

namespace {
struct Broken {
  std::chrono::year_month_day date{};
  std::chrono::hh_mm_ss<Duration> clock;
};
Broken broken(Time t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<Duration>(t - day)};
}
std::string date_text(const Broken& b) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(b.date.year()),
                     static_cast<unsigned>(b.date.month()), static_cast<unsigned>(b.date.day()));
}
std::string clock_text(const Broken& b) {
  return fmt::format("{:02}:{:02}:{:02}", b.clock.hours().count(), b.clock.minutes().count(),
                     b.clock.seconds().count());
}
}  // namespace

std::string format_rfc3339(Time t) {
  const Broken b = broken(t);
  const auto us = b.clock.subseconds().count();
  std::string fraction;
  if (us % 1000 != 0) {
    fraction = fmt::format(".{:06}", us);
  } else if (us != 0) {
    fraction = fmt::format(".{:03}", us / 1000);
  }
  return date_text(b) + "T" + clock_text(b) + fraction + "Z";
}

std::string format_human(Time t) {
  const Broken b = broken(t);
  return date_text(b) + " " + clock_text(b);
}

std::string format_clock(Time t) { return clock_text(broken(t)); }

std::string format_duration(Duration d) {
  if (d < Duration::zero()) return "-" + format_duration(-d);
  if (d < seconds(1)) return fmt::format("{} ms", d / milliseconds(1));
  if (d < minutes(2)) return fmt::format("{} s", d / seconds(1));
  struct Unit {
    Duration size;
    const char* name;
  };
  static constexpr Unit kUnits[] = {
      {hours(24), "d"}, {hours(1), "h"}, {minutes(1), "min"}, {seconds(1), "s"}};
  for (std::size_t i = 0; i < std::size(kUnits); ++i) {
    if (d < kUnits[i].size) continue;
    std::string text = fmt::format("{} {}", d / kUnits[i].size, kUnits[i].name);
    if (i + 1 < std::size(kUnits)) {
      const auto rest = (d % kUnits[i].size) / kUnits[i + 1].size;
      if (rest > 0) text += fmt::format(" {} {}", rest, kUnits[i + 1].name);
    }
    return text;
  }
  return "0 s";
}

std::optional<Duration> parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double scale = 0;
  if (unit == "ms") {
    scale = 1e3;
  } else if (unit.empty() || unit == "s") {
    scale = 1e6;
  } else if (unit == "m" || unit == "min") {
    scale = 60e6;
  } else if (unit == "h") {
    scale = 3600e6;
  } else if (unit == "d") {
    scale = 86400e6;
  } else {
    return std::nullopt;
  }
  if (std::abs(number * scale) > 9e18) return std::nullopt;
  return Duration(std::llround(number * scale));
}

}  // namespace sentinel
