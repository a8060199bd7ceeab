#include "notify/hours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/zone.hpp"

namespace sentinel::notify {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr int kDay = 24 * 60;

std::optional<unsigned> day_of(std::string_view text) {
  const std::string word = to_lower(text);
  for (unsigned i = 0; i < kDays.size(); ++i) {
    if (word == kDays[i]) return i;
  }
  return std::nullopt;
}

std::optional<int> minute_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  int digits[4] = {};
  int at = 0;
  for (const std::size_t i : {0U, 1U, 3U, 4U}) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    digits[at++] = text[i] - '0';
  }
  const int hour = digits[0] * 10 + digits[1];
  const int minute = digits[2] * 10 + digits[3];
  if (hour > 24 || minute > 59 || (hour == 24 && minute > 0)) return std::nullopt;
  return hour * 60 + minute;
}

std::optional<unsigned> days_of(std::string_view text) {
  if (text == "*") return 0x7fU;
  unsigned days = 0;
  for (const auto part : split(text, ',')) {
    const auto dash = part.find('-');
    const auto first = day_of(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : day_of(part.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (unsigned day = *first;; day = (day + 1) % 7) {
      days |= 1U << day;
      if (day == *last) break;
    }
  }
  return days;
}

}  // namespace

Result<Hours> Hours::parse(const std::vector<std::string>& texts, const std::string& zone) {
  Hours hours;
  SENTINEL_TRY(Zone::named(zone));
  hours.zone_ = zone;
  for (const auto& text : texts) {
    const auto blank = text.find(' ');
    const auto dash = text.rfind('-');
    const auto days = days_of(std::string_view(text).substr(0, blank));
    const bool whole = blank != std::string::npos && dash != std::string::npos && dash > blank;
    const auto from =
        whole ? minute_of(trim(std::string_view(text).substr(blank + 1, dash - blank - 1))) : std::nullopt;
    const auto to = whole ? minute_of(trim(std::string_view(text).substr(dash + 1))) : std::nullopt;
    if (!days || !from || !to || *from == *to || *from == kDay)
      return fail(ErrorKind::kInvalid,
                  fmt::format("'{}' are no hours; use \"Mon-Fri 08:00-18:00\" or \"* 22:00-06:00\"",
                              one_line(text, 60)));
    hours.stretches_.push_back({*days, *from, *to < *from ? *to + kDay : *to});
  }
  return hours;
}

bool Hours::contains(Time now) const {
  if (stretches_.empty()) return true;
  const auto zone = Zone::named(zone_);
  if (!zone) return true;  // better a message too many
  const auto wall = (*zone)->wall(now);
  return std::any_of(stretches_.begin(), stretches_.end(), [&](const Stretch& s) {
    const unsigned yesterday = (wall.weekday + 6) % 7;
    return ((s.days >> wall.weekday & 1U) != 0 && wall.minute >= s.from && wall.minute < s.to) ||
           ((s.days >> yesterday & 1U) != 0 && wall.minute + kDay < s.to);
  });
}

Time Hours::next(Time now) const {
  if (contains(now)) return now;
  // Stretches begin at whole minutes, and each comes at least once a week.
  Time at = align_down(now, minutes(1)) + minutes(1);
  for (int i = 0; i < 8 * kDay; ++i, at += minutes(1)) {
    if (contains(at)) return at;
  }
  return now;
}

}  // namespace sentinel::notify
