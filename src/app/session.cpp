#include "app/session.hpp"

#include <unistd.h>

#include <cstdio>

#include "base/text.hpp"

namespace sentinel::app {

int report(const Error& error) {
  std::fprintf(stderr, "sentinelops: %s\n", error.text().c_str());
  return 1;
}

std::unique_ptr<Session> open_session(const CommonOptions& common, bool log_to_stderr) {
  auto session = std::make_unique<Session>();
  auto environment = load_environment(".env");
  if (!environment) {
    std::fprintf(stderr, "sentinelops: %s\n", environment.error().text().c_str());
    return nullptr;
  }
  session->environment = std::move(*environment);
  const bool named = !common.config_path.empty();
  auto config = load_config(named ? common.config_path : "config.yaml", !named, session->environment);
  if (!config) {
    for (const auto line : split(config.error().message, '\n'))
      std::fprintf(stderr, "%s\n", std::string(line).c_str());
    return nullptr;
  }
  session->config = std::move(*config);
  session->style = terminal_style(common.no_colour);
  const int fd = log_to_stderr ? STDERR_FILENO : STDOUT_FILENO;
  const auto& format = session->config.logging.format;
  const bool text = format == "text" || (format == "auto" && ::isatty(fd) == 1 && !common.json);
  session->logger = make_logger(
      {.least = log_to_stderr && !text ? LogLevel::kError : parse_log_level(session->config.logging.level),
       .format = text ? LogFormat::kText : LogFormat::kJson,
       .colour = text && session->style.colour,
       .to_stderr = log_to_stderr},
      session->clock);
  return session;
}

}  // namespace sentinel::app
