// The log of the product itself: an event name and fields, never prose. `app` decides whether a line
// becomes JSON (pipe) or coloured text (terminal); rooms only get a Logger passed in.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sentinel {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
std::string_view to_string(LogLevel level);  // "debug", "info", "warning", "error"

struct LogField {
  std::string_view key;
  std::variant<std::string, std::int64_t, double, bool> value;

  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, std::int64_t v) : key(k), value(v) {}
  LogField(std::string_view k, std::uint64_t v) : key(k), value(static_cast<std::int64_t>(v)) {}
  LogField(std::string_view k, int v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

// Thread-safe. `logger` names the room that speaks ("engine").
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void write(LogLevel level, std::string_view logger, std::string_view event,
                     const std::vector<LogField>& fields) = 0;
};

// What a room holds: a Logger and its own name. Cheap to copy; the Logger outlives it.
class Log {
 public:
  Log(Logger& sink, std::string_view name) : sink_(&sink), name_(name) {}

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    put(LogLevel::kDebug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    put(LogLevel::kInfo, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    put(LogLevel::kWarning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    put(LogLevel::kError, event, fields);
  }
  Log named(std::string_view name) const { return Log(*sink_, name); }

 private:
  void put(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
    sink_->write(level, name_, event, std::vector<LogField>(fields));
  }
  Logger* sink_;
  std::string_view name_;  // a literal
};

class NullLogger final : public Logger {
 public:
  void write(LogLevel, std::string_view, std::string_view, const std::vector<LogField>&) override {}
};

}  // namespace sentinel
