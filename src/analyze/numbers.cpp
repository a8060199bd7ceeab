#include <array>
#include <charconv>
#include <cmath>

#include "analyze/answer.hpp"
#include "analyze/scan.hpp"

namespace sentinel::analyze {
namespace {

constexpr std::array<std::string_view, 22> kUnits = {
    "%",       "percent", "ms",    "milliseconds", "millisecond", "s",      "sec", "secs",
    "seconds", "second",  "min",   "mins",         "minutes",     "minute", "h",   "hours",
    "hour",    "x",       "times", "fold",         "-fold",       "us"};

bool is_id_char(char c) { return is_alnum(c) || c == '_'; }

}  // namespace

std::vector<Mention> numbers_in(std::string_view text) {
  std::vector<Mention> found;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '[') {  // a placeholder
      const auto close = text.find(']', i);
      const auto inside = text.substr(i + 1, close == std::string_view::npos ? 0 : close - i - 1);
      if (!inside.empty() && inside.size() < 40 && inside.find(' ') == std::string_view::npos) {
        i = close + 1;
        continue;
      }
    }
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    // Part of a name, an id or a version: "E1", "p99", "payment-2", "v2.3.1".
    const char previous = before(text, i);
    const bool glued = is_id_char(previous) || ((previous == '-' || previous == '.' || previous == '/') &&
                                                i >= 2 && is_id_char(text[i - 2]));
    std::size_t end = i;
    std::string digits;
    int dots = 0;
    std::size_t decimals = 0;
    while (end < text.size()) {
      const char c = text[end];
      if (is_digit(c)) {
        digits += c;
        decimals += dots > 0 ? 1 : 0;
      } else if (c == '.' && is_digit(at(text, end + 1))) {
        ++dots;
        digits += c;
      } else if (c == ',' && dots == 0 && is_digit(at(text, end + 1)) && is_digit(at(text, end + 2)) &&
                 is_digit(at(text, end + 3)) && !is_digit(at(text, end + 4))) {
        // a thousands separator
      } else {
        break;
      }
      ++end;
    }
    // "19:15:00", "10:15": a time of day is one mention in minutes; dates and addresses are none.
    if (at(text, end) == ':' && is_digit(at(text, end + 1)) && !glued && dots == 0) {
      std::size_t stop = end + 1;
      while (is_digit(at(text, stop)) || (at(text, stop) == ':' && is_digit(at(text, stop + 1)))) ++stop;
      const std::string clock(text.substr(i, stop - i));
      found.push_back({0, 0, "clock", clock});
      i = stop;
      continue;
    }
    const char next = at(text, end);
    const bool continues = next == '_' || (next == '-' && is_digit(at(text, end + 1))) ||
                           (next == '/' && is_digit(at(text, end + 1)) && false);
    if (glued || dots > 1 || continues) {
      while (end < text.size() &&
             (is_id_char(text[end]) || text[end] == '-' || text[end] == '.' || text[end] == ':'))
        ++end;
      i = end;
      continue;
    }
    std::size_t word = end;
    if (at(text, word) == ' ') ++word;
    std::size_t stop = word;
    if (at(text, stop) == '%') {
      ++stop;
    } else {
      if (at(text, stop) == '-') ++stop;
      while (is_alpha(at(text, stop))) ++stop;
    }
    const std::string unit = to_lower(text.substr(word, stop - word));
    bool known = false;
    for (const auto u : kUnits) known = known || unit == u;
    double scale = 1;
    std::string shown_unit = known ? unit : "";
    if (!known && word == end && unit == "k")
      scale = 1e3;
    else if (!known && word == end && unit == "m")
      scale = 1e6;
    else if (!known && word == end && !unit.empty() && is_alpha(unit.front()) && unit.size() > 3) {
      i = stop;  // "5xx", "2nd": part of a word
      continue;
    } else if (!known && word == end &&
               (unit == "xx" || unit == "th" || unit == "st" || unit == "nd" || unit == "rd")) {
      i = stop;
      continue;
    }
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    // "1800" may be 1,793 rounded to hundreds: trailing zeros of a whole number are not exact.
    double step = std::pow(10.0, -static_cast<double>(decimals));
    if (decimals == 0 && value != 0) {
      for (double whole = value; whole >= 100 && std::fmod(whole, 10) == 0; whole /= 10) step *= 10;
    }
    found.push_back({value * scale, step * scale / 2, shown_unit, std::string(text.substr(i, end - i))});
    i = end;
  }
  return found;
}

}  // namespace sentinel::analyze
