#include "app/logging.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cmath>

#include "base/text.hpp"

namespace sentinel::app {
namespace {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : to_valid_utf8(text)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

struct JsonValue {
  std::string operator()(const std::string& v) const { return json_text(v); }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return std::isfinite(v) ? fmt::format("{}", v) : "null"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
};
struct TextValue {
  std::string operator()(const std::string& v) const {
    const std::string line = one_line(v, 100);  // the whole text is in the JSON form and in the incident
    return line.find(' ') == std::string::npos && !line.empty() ? line : "\"" + line + "\"";
  }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return fmt::format("{:.2f}", v); }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
};

const char* colour_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "\033[2m";
    case LogLevel::kInfo:
      return "\033[36m";
    case LogLevel::kWarning:
      return "\033[33m";
    case LogLevel::kError:
      return "\033[31m";
  }
  return "";
}

class SpdLogger final : public Logger {
 public:
  SpdLogger(LogOptions options, const Clock& clock) : options_(options), clock_(clock) {
    if (options.to_stderr) {
      sink_ = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink_ = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    }
    sink_->set_pattern("%v");
  }
  void write(LogLevel level, std::string_view logger, std::string_view event,
             const std::vector<LogField>& fields) override {
    if (level < options_.least) return;
    const std::string line =
        format_log_line(options_.format, options_.colour, clock_.now(), level, logger, event, fields);
    sink_->log(spdlog::details::log_msg("", spdlog::level::info, line));
    sink_->flush();
  }

 private:
  LogOptions options_;
  const Clock& clock_;
  spdlog::sink_ptr sink_;
};

}  // namespace

std::string format_log_line(LogFormat format, bool colour, Time at, LogLevel level, std::string_view logger,
                            std::string_view event, const std::vector<LogField>& fields) {
  if (format == LogFormat::kJson) {
    std::string line = fmt::format("{{\"timestamp\":\"{}\",\"level\":\"{}\",\"logger\":{},\"event\":{}",
                                   format_rfc3339(at), to_string(level), json_text(logger), json_text(event));
    for (const LogField& field : fields)
      line += fmt::format(",{}:{}", json_text(field.key), std::visit(JsonValue(), field.value));
    return line + "}";
  }
  std::string line = fmt::format("{} {}{:<28}{}", format_clock(at), colour ? colour_of(level) : "",
                                 one_line(event, 60), colour ? "\033[0m" : "");
  for (const LogField& field : fields) {
    line += fmt::format(" {}{}={}{}", colour ? "\033[2m" : "", field.key, colour ? "\033[0m" : "",
                        std::visit(TextValue(), field.value));
  }
  return line;
}

std::unique_ptr<Logger> make_logger(LogOptions options, const Clock& clock) {
  return std::make_unique<SpdLogger>(options, clock);
}

LogLevel parse_log_level(std::string_view word) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (word == to_string(level)) return level;
  }
  return LogLevel::kInfo;
}

}  // namespace sentinel::app
