#include "model/recurrence.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace sentinel::model {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  const char* name;
  int least;
  int most;
};

std::optional<int> value_of(std::string_view text, const Field& field) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  const std::string word = to_lower(text);
  const bool month = std::string_view(field.name) == "month";
  const bool weekday = std::string_view(field.name) == "day of week";
  if (month) {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      if (word == kMonths[i]) return static_cast<int>(i) + 1;
    }
  }
  if (weekday) {
    for (std::size_t i = 0; i < kDays.size(); ++i) {
      if (word == kDays[i]) return static_cast<int>(i);
    }
  }
  return std::nullopt;
}

Result<std::uint64_t> bits_of(std::string_view text, const Field& field) {
  const auto wrong = [&] {
    return fail(ErrorKind::kInvalid, fmt::format("{} '{}' is none; use {} to {}, *, lists, ranges and steps",
                                                 field.name, one_line(text, 40), field.least, field.most));
  };
  std::uint64_t bits = 0;
  for (std::string_view part : split(text, ',')) {
    int step = 1;
    if (const auto slash = part.find('/'); slash != std::string_view::npos) {
      const auto given = value_of(part.substr(slash + 1), Field{"step", 1, 60});
      if (!given || *given < 1 || *given > field.most) return wrong();
      step = *given;
      part = part.substr(0, slash);
    }
    int from = field.least;
    int to = field.most;
    if (part != "*") {
      const auto dash = part.find('-');
      const auto first = value_of(part.substr(0, dash), field);
      const auto last = dash == std::string_view::npos ? (step > 1 ? std::optional(field.most) : first)
                                                       : value_of(part.substr(dash + 1), field);
      if (!first || !last || *first < field.least || *last > field.most || *first > *last) return wrong();
      from = *first;
      to = *last;
    }
    for (int i = from; i <= to; i += step) bits |= 1ULL << static_cast<unsigned>(i);
  }
  if (bits == 0) return wrong();
  return bits;
}

bool has(std::uint64_t bits, unsigned bit) { return (bits >> bit & 1U) != 0; }

}  // namespace

Result<CronRule> CronRule::parse(std::string_view text) {
  std::vector<std::string_view> parts;
  for (const auto part : split(text, ' ')) {
    if (!part.empty()) parts.push_back(part);
  }
  if (parts.size() != 5) {
    return fail(
        ErrorKind::kInvalid,
        fmt::format("'{}' has {} fields; a rule has five: minute hour day-of-month month day-of-week, "
                    "as in \"0 2 * * SUN\"",
                    one_line(text, 60), parts.size()));
  }
  CronRule rule;
  SENTINEL_ASSIGN(rule.minutes_, bits_of(parts[0], {"minute", 0, 59}));
  SENTINEL_ASSIGN(rule.hours_, bits_of(parts[1], {"hour", 0, 23}));
  SENTINEL_ASSIGN(rule.days_, bits_of(parts[2], {"day of month", 1, 31}));
  SENTINEL_ASSIGN(rule.months_, bits_of(parts[3], {"month", 1, 12}));
  SENTINEL_ASSIGN(rule.weekdays_, bits_of(parts[4], {"day of week", 0, 7}));
  if (has(rule.weekdays_, 7)) rule.weekdays_ |= 1U;
  rule.any_day_ = parts[2].starts_with('*');
  rule.any_weekday_ = parts[4].starts_with('*');
  return rule;
}

bool CronRule::matches(const WallTime& wall) const {
  if (!has(minutes_, static_cast<unsigned>(wall.minute % 60)) ||
      !has(hours_, static_cast<unsigned>(wall.minute / 60)) || !has(months_, wall.month))
    return false;
  const bool day = has(days_, wall.day);
  const bool weekday = has(weekdays_, wall.weekday);
  if (any_day_ || any_weekday_) return day && weekday;
  return day || weekday;
}

Result<void> check(const Recurrence& recurrence) {
  SENTINEL_TRY(CronRule::parse(recurrence.rule));
  SENTINEL_TRY(Zone::named(recurrence.zone));
  if (recurrence.length < minutes(1) || recurrence.length > kLongestRecurrence)
    return fail(ErrorKind::kInvalid, "each window must last from 1 minute to 7 days");
  return {};
}

std::optional<Time> window_end(const Recurrence& recurrence, Time now) {
  const auto rule = CronRule::parse(recurrence.rule);
  const auto zone = Zone::named(recurrence.zone);
  if (!rule || !zone || recurrence.length > kLongestRecurrence) return std::nullopt;
  // Starts are whole minutes; the newest one that still lasts gives the latest end.
  for (Time start = align_down(now, minutes(1)); start + recurrence.length > now; start -= minutes(1)) {
    if (rule->matches((*zone)->wall(start))) return start + recurrence.length;
  }
  return std::nullopt;
}

}  // namespace sentinel::model
