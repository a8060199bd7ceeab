// What a storm of news costs: ten thousand events of incidents within a minute, each committed with its
// messages, while channels drain them at their rate and the engine goes on ticking. The same ticks are timed
// in turns, with and without the storm, so that both see the same machine.
//
//   bench_notify [--services 200] [--events 10000]
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.hpp"
#include "engine/engine.hpp"
#include "notify/pump.hpp"
#include "process.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "telemetry/embedded/embedded_telemetry.hpp"

namespace {

using namespace sentinel;
using Clock = std::chrono::steady_clock;

constexpr int kIncidents = 100;
constexpr int kTurns = 6;  // with the storm, and as many without
constexpr std::chrono::seconds kTurn(10);
constexpr std::chrono::milliseconds kPace(250);  // between two ticks

// Takes a message as a service on the network does: after a while.
class Distant final : public notify::Channel {
 public:
  notify::Attempt deliver(const notify::Delivery&, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, std::chrono::milliseconds(20), [] { return false; });
    ++taken;
    return {.memory = "told"};
  }
  std::atomic<int> taken = 0;

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
};

struct Worker {
  std::string name;
  notify::Rate rate;
  Distant channel;
  std::unique_ptr<notify::Pump> pump;
  std::jthread thread;
};

class World {
 public:
  explicit World(int services) : services_(services) {
    char name[] = "/tmp/bench-notify-XXXXXX";
    folder_ = ::mkdtemp(name);
    store_ = std::move(*telemetry::EmbeddedTelemetry::open({.folder = folder_ + "/telemetry"},
                                                           Log(logger_, "bench"), metrics_));
    state_ = std::move(*state::open_sqlite_state(folder_ + "/state.db"));
    state::Change change;
    for (int n = 0; n < kIncidents; ++n) {
      model::Incident incident;
      incident.id = fmt::format("INC-{}", n);
      incident.title = "a service fails";
      incident.severity = model::Severity::kP2;
      incident.services = {fmt::format("elsewhere-{}", n)};
      incident.anomalies.push_back({.service = incident.services.front(), .metric = "error_rate"});
      incident.created_at = incident.updated_at = incident.onset = now_;
      incident.last_bad_at = now_ + hours(24 * 30);  // stays open for as long as this runs
      change.incidents.push_back(incident);
      change.events.push_back({.incident_id = incident.id, .at = now_, .kind = "opened"});
    }
    engine::Settings settings;
    for (const auto& [channel, rate] : {std::pair<const char*, notify::Rate>{"slack", {1, 5}},
                                        {"pagerduty", {1.8, 20}},
                                        {"webhook", {20, 50}}}) {
      settings.channels.push_back({.name = channel});
      auto worker = std::make_unique<Worker>();
      worker->name = channel;
      worker->rate = rate;
      worker->pump = std::make_unique<notify::Pump>(
          notify::Pump::Deps{*state_, worker->channel, Log(logger_, "notify"), metrics_}, channel, rate, 1);
      workers_.push_back(std::move(worker));
    }
    change.outbox = notify::rows_for(change.incidents, change.events, settings.channels, now_);
    if (!state_->commit(change)) std::exit(1);
    fill(now_ - minutes(70), now_);
    engine_ = std::make_unique<engine::Engine>(
        engine::Engine::Deps{*store_, *state_, Log(logger_, "bench"), metrics_}, settings);
    if (!engine_->start(now_)) std::exit(1);
  }
  ~World() {
    workers_.clear();
    store_->close();
    std::filesystem::remove_all(folder_);
  }

  void start_workers() {
    for (auto& worker : workers_) {
      Worker& own = *worker;
      own.thread = std::jthread([&own](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        while (!stop.stop_requested()) {
          const Time now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
          const auto report = own.pump->pump(now, stop);
          std::unique_lock lock(mutex);
          const bool more = report && report->delivered > 0;
          wake.wait_for(lock, stop, std::chrono::milliseconds(more ? 1 : 1000), [] { return false; });
        }
      });
    }
  }

  // Ticks for a turn, each timed; what a tick reads is written before it, untimed.
  void ticks(std::vector<double>& took) {
    const auto until = Clock::now() + kTurn;
    for (auto next = Clock::now(); next < until; next += kPace) {
      std::this_thread::sleep_until(next);
      now_ += seconds(30);
      if (++tick_ % 2 == 0) fill(now_ - minutes(1), now_);
      const auto began = Clock::now();
      if (!engine_->tick(now_)) std::exit(1);
      took.push_back(std::chrono::duration<double>(Clock::now() - began).count());
    }
  }

  // A share of the events, spread over a turn.
  void storm(int events) {
    const auto began = Clock::now();
    for (int n = 0; n < events; ++n) {
      std::this_thread::sleep_until(began + kTurn * n / events);
      const Time now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
      if (!engine_->acknowledge(fmt::format("INC-{}", count_++ % kIncidents), "ada", "storm", now))
        std::exit(1);
    }
  }

  // Seconds, of the channels' own time, until nothing waits.
  int drain() {
    for (auto& worker : workers_) worker->thread = {};
    Time now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    for (int second = 0; second < 3600; ++second, now += seconds(1)) {
      bool empty = true;
      for (auto& worker : workers_) {
        if (!worker->pump->pump(now)) std::exit(1);
        empty = empty && state_->pending_outbox(worker->name, 1)->empty();
      }
      if (empty) return second;
    }
    return -1;
  }
  const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }

 private:
  void fill(Time from, Time to) {
    for (Time minute = from; minute < to; minute += minutes(1)) {
      model::DocumentBatch batch;
      for (int s = 0; s < services_; ++s) {
        const auto documents = rng_.poisson(12);
        for (std::int64_t i = 0; i < documents; ++i) {
          model::LogRow row{.time = minute + Duration(rng_.integer(0, 59'999'999)),
                            .service = fmt::format("service-{:04}", s),
                            .message = "GET /orders 200",
                            .level = rng_.chance(0.01) ? model::Level::kError : model::Level::kInfo};
          row.duration_ms = static_cast<float>(120 * std::exp(0.5 * rng_.normal()));
          batch.add(row);
        }
      }
      if (!telemetry::write(*store_, std::move(batch), minute + minutes(1))) std::exit(1);
    }
  }

  int services_;
  std::string folder_;
  NullLogger logger_;
  NullMetrics metrics_;
  Rng rng_{1};
  Time now_ = *parse_rfc3339("2026-03-01T12:00:00Z");
  int tick_ = 0;
  int count_ = 0;
  std::unique_ptr<telemetry::EmbeddedTelemetry> store_;
  std::unique_ptr<state::StateStore> state_;
  std::unique_ptr<engine::Engine> engine_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))] * 1000;
}

}  // namespace

int main(int argc, char** argv) {
  int services = 200;
  int events = 10'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--services") services = std::atoi(argv[i + 1]);
    if (flag == "--events") events = std::atoi(argv[i + 1]);
  }
  World world(services);
  world.start_workers();
  std::vector<double> idle;
  std::vector<double> storm;
  std::vector<double> warm;
  world.ticks(warm);
  const double before = rss_mb();
  double grown_idle = 0;
  double grown_storm = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    const double at_first = rss_mb();
    world.ticks(idle);
    const double between = rss_mb();
    {
      std::jthread news([&] { world.storm(events / kTurns); });
      world.ticks(storm);
    }
    grown_idle += between - at_first;
    grown_storm += rss_mb() - between;
  }
  std::printf("ticks over %d services, %zu idle and %zu in a storm of %d events in %d s:\n", services,
              idle.size(), storm.size(), events, static_cast<int>(kTurns * kTurn.count()));
  for (const auto& [what, took] : {std::pair("idle ", &idle), std::pair("storm", &storm)})
    std::printf("  %s median %.1f ms, p90 %.1f ms, p99 %.1f ms\n", what, at_share(*took, 0.5),
                at_share(*took, 0.9), at_share(*took, 0.99));
  std::printf(
      "  p99 storm / idle %.2f; RSS %.0f MB before, grown by %.0f MB in idle turns, %.0f MB in the storm\n",
      at_share(storm, 0.99) / at_share(idle, 0.99), before, grown_idle, grown_storm);
  for (const auto& worker : world.workers())
    std::printf("  %s: %d messages while it ran (%.1f per second are allowed)\n", worker->name.c_str(),
                worker->channel.taken.load(), worker->rate.per_second);
  std::printf("  the rest was told within %d s\n", world.drain());
  return 0;
}
