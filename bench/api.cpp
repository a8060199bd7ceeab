// What the API costs: /api/incidents under wrk while documents come in and ticks run, 500 clients of
// /api/stream, a log search for a rare word over many rows, and the series of one service over a day. One
// process serves, so the figures hold for the machine it runs on; wrk and curl (Debian packages of those
// names) are the clients. Usage: bench_api [rows, default 1,000,000] [minutes that they span, default 1440]
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "app/service.hpp"
#include "base/rng.hpp"

namespace sentinel {
namespace {

constexpr int kServices = 50;
constexpr int kIncidents = 500;
constexpr int kClients = 500;

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  char piece[4096];
  while (std::fgets(piece, sizeof piece, pipe) != nullptr) text += piece;
  ::pclose(pipe);
  return text;
}

double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

constexpr int kPerSecond = 1000;

// What a second brings.
void ingest(telemetry::TelemetrySink& sink, Rng& rng, Time now) {
  model::DocumentBatch batch;
  for (int i = 0; i < kPerSecond; ++i) {
    const std::string service = fmt::format("service-{}", rng.integer(0, kServices - 1));
    batch.add({.time = now - Duration(rng.integer(1, 1'000'000)),
               .service = service,
               .message = "request handled",
               .duration_ms = static_cast<float>(rng.uniform(1, 900)),
               .level = model::Level::kInfo});
  }
  (void)telemetry::write(sink, std::move(batch), now);
}

// Documents as they come: in the order of time, evenly over `span`, a bit out of order. One in a hundred
// thousand has the rare word.
bool load(telemetry::TelemetrySink& sink, std::int64_t rows, Duration span, Time now) {
  Rng rng(1);
  for (std::int64_t made = 0; made < rows;) {
    model::DocumentBatch batch;
    for (int i = 0; i < 10'000 && made < rows; ++i, ++made) {
      const std::string service = fmt::format("service-{}", rng.integer(0, kServices - 1));
      const std::string message = made % 100'000 == 0
                                      ? "the quick zyzzyva jumped"
                                      : fmt::format("request {} handled in {} ms for user {}", made,
                                                    rng.integer(1, 900), rng.integer(1, 100'000));
      const auto age = Duration(
          static_cast<std::int64_t>(static_cast<double>(span.count()) *
                                    (1 - static_cast<double>(made + 1) / static_cast<double>(rows))));
      model::LogRow row{.time = now - age - Duration(rng.integer(1, 2'000'000)),
                        .service = service,
                        .message = message,
                        .level = rng.chance(0.01) ? model::Level::kError : model::Level::kInfo};
      row.duration_ms = static_cast<float>(rng.uniform(1, 900));
      batch.add(row);
    }
    if (const auto written = telemetry::write(sink, std::move(batch), now); !written) {
      std::fprintf(stderr, "%s\n", written.error().text().c_str());
      return false;
    }
  }
  return true;
}

void make_incidents(state::StateStore& state, Time now) {
  state::Change change;
  for (int i = 0; i < kIncidents; ++i) {
    model::Incident incident;
    incident.created_at = now - minutes(i);
    incident.updated_at = incident.onset = incident.last_bad_at = incident.created_at;
    incident.dedup_key = fmt::format("{:016x}", i);
    incident.id = model::incident_id(incident.created_at, incident.dedup_key) + std::to_string(i);
    incident.title = "service-1: errors 60 in 5 min (P1)";
    incident.state = model::IncidentState::kResolved;
    incident.resolved_at = incident.created_at + minutes(1);
    incident.services = {"service-1", "service-2"};
    change.incidents.push_back(std::move(incident));
  }
  (void)state.commit(change);
}

double seconds_to_get(const std::string& url) {
  return std::atof(
      output_of(fmt::format("curl -s -m 60 -o /dev/null -w '%{{time_total}}' '{}'", url)).c_str());
}

int open_stream(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return -1;
  const std::string ask = "GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  return ::write(fd, ask.data(), ask.size()) == static_cast<ssize_t>(ask.size()) ? fd : -1;
}

double tick_ms(app::Service& service) {
  std::vector<double> took;
  for (int i = 0; i < 9; ++i) {
    const auto began = std::chrono::steady_clock::now();
    (void)service.tick();
    took.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
  }
  std::nth_element(took.begin(), took.begin() + 4, took.end());
  return took[4];
}

int run(std::int64_t rows, Duration span) {
  std::string name = (std::filesystem::temp_directory_path() / "sentinelops-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return 1;
  const SystemClock clock;
  NullLogger quiet;
  app::Config config = app::parse_config("telemetry: {store: embedded}", {}).config;
  config.telemetry.data_dir = name;
  config.server.listen = "127.0.0.1:0";
  app::Service service(config, {}, Log(quiet, "bench"), clock);
  if (const auto started = service.start({}); !started) {
    std::fprintf(stderr, "%s\n", started.error().text().c_str());
    return 1;
  }
  const Time now = clock.now();
  make_incidents(service.state(), now);
  if (!load(service.sink(), rows, span, now)) return 1;
  (void)service.tick();
  const std::string url = service.url();
  std::printf("%lld rows over %lld min, %d services, %d incidents\n\n", static_cast<long long>(rows),
              static_cast<long long>(span / Duration(minutes(1))), kServices, kIncidents);

  const auto under_wrk = [&url] {
    return output_of(
        fmt::format("wrk -t1 -c16 -d5s --latency {}/api/incidents 2>&1 | grep -E "
                    "'Requests/sec|50%|99%|Non-2xx|not found' | grep -v Req/Sec",
                    url));
  };
  std::printf("GET /api/incidents (50 rows), 16 connections\n%s\n", under_wrk().c_str());
  {
    std::jthread ticking([&](std::stop_token stop) {
      Rng rng(2);
      while (!stop.stop_requested()) {
        ingest(service.sink(), rng, clock.now());
        (void)service.tick();
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
    });
    std::printf("the same while 1,000 documents come in and a tick runs, each second\n%s\n",
                under_wrk().c_str());
  }

  for (const auto& [what, path] : std::initializer_list<std::pair<const char*, const char*>>{
           {"log search, a rare word, last 20 min", "/api/logs?q=zyzzyva&from=now-20m"},
           {"its histogram", "/api/logs/histogram?q=zyzzyva&from=now-20m"},
           {"series of one service, 24 h", "/api/services/service-7/series?from=now-24h"},
           {"services", "/api/services"},
           {"topology, 15 min", "/api/topology"}}) {
    const double first = seconds_to_get(url + path);
    double best = 1e9;
    for (int i = 0; i < 3; ++i) best = std::min(best, seconds_to_get(url + path));
    std::printf("%-40s %8.1f ms (the first time %.1f)\n", what, best * 1000, first * 1000);
  }

  const double tick_before = tick_ms(service);
  const double before = resident_mb();
  std::vector<int> fds;
  const auto port = static_cast<std::uint16_t>(std::atoi(url.substr(url.rfind(':') + 1).c_str()));
  for (int i = 0; i < kClients; ++i) fds.push_back(open_stream(port));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const double tick_with = tick_ms(service);
  std::printf("%-40s %8.1f MB more; a tick takes %.1f ms (%.1f without)\n", "500 clients of /api/stream",
              resident_mb() - before, tick_with, tick_before);
  for (const int fd : fds) ::close(fd);
  service.stop();
  std::error_code error;
  std::filesystem::remove_all(name, error);
  return 0;
}

}  // namespace
}  // namespace sentinel

int main(int argc, char** argv) {
  return sentinel::run(argc > 1 ? std::atoll(argv[1]) : 1'000'000,
                       sentinel::minutes(argc > 2 ? std::atoll(argv[2]) : 1440));
}
