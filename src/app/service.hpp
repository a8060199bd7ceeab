// The running product: stores, engine, server and their threads, started in order and stopped in reverse.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "app/config.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "state/store.hpp"
#include "telemetry/store.hpp"

namespace sentinel::app {

std::string state_path(const Config& config);
std::string telemetry_folder(const Config& config);

// Not thread-safe: one owner starts and stops it.
class Service {
 public:
  struct Options {
    bool serve = true;  // false: no HTTP server (`run --once`)
  };
  Service(Config config, Environment environment, Log log, const Clock& clock);
  ~Service();

  // Opens everything, folds history, begins to listen. Nothing is left running when it fails.
  Result<void> start(Options options, const std::function<void(double)>& progress = {});
  // One tick at the clock's time, with all backlog.
  Result<engine::TickReport> tick();
  // Ticks every interval until a stop is asked for; then a last one is finished and all is stopped.
  void run_until(std::stop_token stop);
  // Whether no question to a model is under way any more, at the latest after `most`; at once without one.
  bool wait_for_analyses(std::chrono::milliseconds most);
  // Stops the server, writes what is queued, saves the detector's state. Again: nothing.
  void stop();

  // Waits until the channels have what is due, or for so long; whether they have.
  bool settle_messages(Duration longest);

  engine::Engine& engine();
  state::StateStore& state();
  telemetry::TelemetryStore& telemetry();
  telemetry::TelemetrySink& sink();
  std::string url() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::app
