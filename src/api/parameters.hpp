// Query parameters, read strictly: a value that is no number or no time is refused with the parameter's name,
// the value and what would be right.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/slice.hpp"
#include "net/server.hpp"

namespace sentinel::api {

// `fallback` when absent; refused below `least` or above `most`.
Result<std::size_t> number_parameter(const net::Request& request, std::string_view name, std::size_t fallback,
                                     std::size_t least, std::size_t most);
// RFC 3339, an epoch number, or "now-15m" (s, m, h, d).
Result<std::optional<Time>> time_parameter(const net::Request& request, std::string_view name, Time now);
// `from` and `to`, by default the `length` before now; refused when empty.
Result<model::TimeRange> range_parameters(const net::Request& request, Time now, Duration length);

// "true" or "false".
Result<bool> flag_parameter(const net::Request& request, std::string_view name, bool fallback);
// One of `choices`; none when absent.
Result<std::optional<std::string>> word_parameter(const net::Request& request, std::string_view name,
                                                  const std::vector<std::string>& choices);
// Every value of a parameter that may be repeated.
std::vector<std::string> all_parameters(const net::Request& request, std::string_view name);

}  // namespace sentinel::api
