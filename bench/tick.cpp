// What a tick costs over a large fleet, and how long a start takes with a day of history: the real engine on
// the real embedded store. Printed beside the cost of counting the same documents once, in memory, in the
// same run.
//
//   bench_tick [--services 1000] [--history-services 200] [--history-hours 24]
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"
#include "process.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "telemetry/embedded/embedded_telemetry.hpp"

namespace {

using namespace sentinel;
using Clock = std::chrono::steady_clock;
double since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/bench-tick-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

// `per_minute` documents of each service over a stretch.
std::uint64_t fill(telemetry::EmbeddedTelemetry& store, Rng& rng, int services, Time from, Time to,
                   double per_minute) {
  std::uint64_t total = 0;
  std::vector<std::string> names;
  for (int s = 0; s < services; ++s) names.push_back(fmt::format("service-{:04}", s));
  for (Time minute = from; minute < to; minute += minutes(1)) {
    model::DocumentBatch batch;
    for (const auto& name : names) {
      const auto documents = rng.poisson(per_minute);
      for (std::int64_t i = 0; i < documents; ++i) {
        model::LogRow row{.time = minute + Duration(rng.integer(0, 59'999'999)),
                          .service = name,
                          .message = "GET /orders 200",
                          .level = rng.chance(0.01) ? model::Level::kError : model::Level::kInfo};
        row.duration_ms = static_cast<float>(120 * std::exp(0.5 * rng.normal()));
        batch.add(row);
      }
    }
    total += batch.size();
    if (!telemetry::write(store, std::move(batch), minute + minutes(1))) std::exit(1);
  }
  return total;
}

struct Bench {
  Folder folder;
  NullLogger logger;
  NullMetrics metrics;
  std::unique_ptr<telemetry::EmbeddedTelemetry> store;
  std::unique_ptr<state::StateStore> state;

  void open() {
    store.reset();
    state.reset();
    store = std::move(*telemetry::EmbeddedTelemetry::open({.folder = folder.path + "/telemetry"},
                                                          Log(logger, "bench"), metrics));
    state = std::move(*state::open_sqlite_state(folder.path + "/state.db"));
  }
  std::unique_ptr<engine::Engine> engine() {
    engine::Settings settings;
    return std::make_unique<engine::Engine>(
        engine::Engine::Deps{*store, *state, Log(logger, "bench"), metrics}, settings);
  }
};

void bench_ticks(int services) {
  Bench bench;
  bench.open();
  Rng rng(1);
  const Time start = *parse_rfc3339("2026-03-01T12:00:00Z");
  const auto documents = fill(*bench.store, rng, services, start - minutes(70), start, 12);
  auto engine = bench.engine();
  if (!engine->start(start)) std::exit(1);
  std::vector<double> took;
  double query = 0;
  std::vector<std::pair<std::string, Duration>> slowest;
  for (int i = 1; i <= 20; ++i) {
    const Time now = start + seconds(30 * i);
    if (i % 2 == 0)
      fill(*bench.store, rng, services, align_down(now, minutes(1)) - minutes(1), align_down(now, minutes(1)),
           12);
    const auto began = Clock::now();
    if (!engine->tick(now)) std::exit(1);
    const double this_one = since(began);
    if (took.empty() || this_one > *std::max_element(took.begin(), took.end()))
      slowest = engine->view()->stages;
    took.push_back(this_one);
    for (const auto& [name, time] : engine->view()->stages) query += name == "collect" ? seconds_of(time) : 0;
  }
  std::string stages;
  for (const auto& [name, time] : slowest) stages += fmt::format(" {} {:.0f}", name, seconds_of(time) * 1000);
  std::sort(took.begin(), took.end());
  std::printf(
      "tick over %d services, 70 min of slices (%s documents): median %.1f ms, worst %.1f ms (stages, "
      "ms:%s); of the mean the "
      "store's query %.1f ms; RSS %.0f MB\n",
      services, group_digits(static_cast<std::int64_t>(documents)).c_str(), took[took.size() / 2] * 1000,
      took.back() * 1000, stages.c_str(), query / 20 * 1000, rss_mb());
}

void bench_start(int services, int history_hours) {
  Bench bench;
  bench.open();
  Rng rng(2);
  const Time now = *parse_rfc3339("2026-03-02T12:00:00Z");
  const auto documents = fill(*bench.store, rng, services, now - hours(history_hours), now, 6);
  // The yardstick: the same number of documents counted once in memory.
  const auto counted_from = Clock::now();
  std::uint64_t check = 0;
  model::LatencyHistogram histogram;
  for (std::uint64_t i = 0; i < documents; ++i) {
    histogram.add_ms(1 + static_cast<double>(i % 997));
    check += i & 1;
  }
  const double counting = since(counted_from);
  bench.store->close();
  auto began = Clock::now();
  bench.open();
  const double opened = since(began);
  auto engine = bench.engine();
  began = Clock::now();
  if (!engine->start(now)) std::exit(1);
  const double first = since(began);
  if (!engine->tick(now) || !engine->flush(now)) std::exit(1);
  engine.reset();
  bench.store->close();
  began = Clock::now();
  bench.open();
  engine = bench.engine();
  if (!engine->start(now + minutes(2))) std::exit(1);
  const double again = since(began);
  std::printf(
      "start with %d h of history of %d services (%s documents): opening %.2f s, folding all of it at the "
      "first start %.2f s; a restart %.2f s; counting them once in memory %.2f s (%llu)\n",
      history_hours, services, group_digits(static_cast<std::int64_t>(documents)).c_str(), opened, first,
      again, counting, static_cast<unsigned long long>(check));
}

}  // namespace

int main(int argc, char** argv) {
  int services = 1000;
  int history_services = 200;
  int history_hours = 24;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--services") services = std::atoi(argv[i + 1]);
    if (flag == "--history-services") history_services = std::atoi(argv[i + 1]);
    if (flag == "--history-hours") history_hours = std::atoi(argv[i + 1]);
  }
  bench_ticks(services);
  bench_start(history_services, history_hours);
  return 0;
}
