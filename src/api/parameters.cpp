#include "api/parameters.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"

namespace sentinel::api {

Result<std::size_t> number_parameter(const net::Request& request, std::string_view name, std::size_t fallback,
                                     std::size_t least, std::size_t most) {
  const auto text = request.param(name);
  if (!text) return fallback;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least || value > most) {
    return fail(ErrorKind::kInvalid, fmt::format("parameter {}: '{}' is no whole number from {} to {}", name,
                                                 one_line(*text, 40), least, most));
  }
  return value;
}

Result<std::optional<Time>> time_parameter(const net::Request& request, std::string_view name, Time now) {
  const auto text = request.param(name);
  if (!text || text->empty()) return std::optional<Time>();
  if (*text == "now") return std::optional<Time>(now);
  if (text->starts_with("now-")) {
    if (const auto back = parse_duration(text->substr(4))) return std::optional<Time>(now - *back);
  } else if (const auto time = parse_time(*text)) {
    return std::optional<Time>(*time);
  }
  return fail(
      ErrorKind::kInvalid,
      fmt::format("parameter {}: '{}' is no time; use 2026-02-20T19:20:27Z, an epoch number or now-15m", name,
                  one_line(*text, 40)));
}

Result<model::TimeRange> range_parameters(const net::Request& request, Time now, Duration length) {
  SENTINEL_ASSIGN(const auto from, time_parameter(request, "from", now));
  SENTINEL_ASSIGN(const auto to, time_parameter(request, "to", now));
  const Time end = to.value_or(now + Duration(1));
  const model::TimeRange range{from.value_or(end - length), end};
  if (range.empty()) return fail(ErrorKind::kInvalid, "parameters from and to: the range is empty");
  return range;
}

Result<bool> flag_parameter(const net::Request& request, std::string_view name, bool fallback) {
  const auto text = request.param(name);
  if (!text) return fallback;
  if (iequals(*text, "true")) return true;
  if (iequals(*text, "false")) return false;
  return fail(ErrorKind::kInvalid,
              fmt::format("parameter {}: '{}' is neither true nor false", name, one_line(*text, 40)));
}

Result<std::optional<std::string>> word_parameter(const net::Request& request, std::string_view name,
                                                  const std::vector<std::string>& choices) {
  const auto text = request.param(name);
  if (!text) return std::optional<std::string>();
  for (const auto& choice : choices) {
    if (iequals(choice, *text)) return std::optional<std::string>(choice);
  }
  return fail(ErrorKind::kInvalid, fmt::format("parameter {}: '{}' is none of {}", name, one_line(*text, 40),
                                               join(choices, ", ")));
}

std::vector<std::string> all_parameters(const net::Request& request, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : request.query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

}  // namespace sentinel::api
