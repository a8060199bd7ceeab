// What every command begins with: clock, environment, configuration, log.
#pragma once

#include <memory>
#include <optional>

#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/logging.hpp"
#include "app/terminal.hpp"
#include "base/clock.hpp"

namespace sentinel::app {

struct Session {
  SystemClock clock;
  Environment environment;
  Config config;
  Style style;
  std::unique_ptr<Logger> logger;

  Log log() const { return Log(*logger, "app"); }
};

// Reads the configuration; a problem is told on standard error and gives none (the command ends with 2). The
// log goes to standard output for the service, to standard error for commands whose output is their answer.
std::unique_ptr<Session> open_session(const CommonOptions& common, bool log_to_stderr);

// Tells a failure on standard error; the exit code for it.
int report(const Error& error);

}  // namespace sentinel::app
