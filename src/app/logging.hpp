// Where the product's own log goes: JSON lines for programs, readable coloured lines for people, both on
// standard output, as the original's users know it.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace sentinel::app {

enum class LogFormat : std::uint8_t { kJson, kText };

// One line of the log; pure, for tests. `colour` matters to text only.
std::string format_log_line(LogFormat format, bool colour, Time at, LogLevel level, std::string_view logger,
                            std::string_view event, const std::vector<LogField>& fields);

struct LogOptions {
  LogLevel least = LogLevel::kInfo;
  LogFormat format = LogFormat::kJson;
  bool colour = false;
  bool to_stderr = false;  // for commands whose standard output is their answer
};
// Thread-safe; lines are written whole.
std::unique_ptr<Logger> make_logger(LogOptions options, const Clock& clock);

LogLevel parse_log_level(std::string_view word);  // info for unknown words

}  // namespace sentinel::app
