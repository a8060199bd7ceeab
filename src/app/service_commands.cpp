// The service itself, and the demo that shows it at work.
#include <fmt/format.h>
#include <stdlib.h>

#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/service.hpp"
#include "app/session.hpp"
#include "app/signals.hpp"
#include "app/simulate/simulation.hpp"
#include "base/text.hpp"
#include "ingest/ingest.hpp"
#include "model/json.hpp"
#include "notify/payload.hpp"

namespace sentinel::app {
namespace {

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

// A folder that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sentinelops-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<void> feed(Service& service, ingest::DocumentParser& parser,
                  const std::vector<Simulation::Document>& documents, Time now) {
  constexpr std::size_t kBatch = 5000;
  for (std::size_t from = 0; from < documents.size(); from += kBatch) {
    model::DocumentBatch batch;
    for (std::size_t i = from; i < std::min(documents.size(), from + kBatch); ++i) {
      SENTINEL_TRY(parser.add(documents[i].json, false, ingest::DocumentClass::kLog, now, batch));
    }
    SENTINEL_TRY(telemetry::write(service.sink(), std::move(batch), now));
  }
  return {};
}

nlohmann::json incidents_json(const std::vector<model::Incident>& incidents) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& incident : incidents) list.push_back(model::to_json(incident));
  return {{"incidents", std::move(list)}};
}

std::vector<model::Incident> active_incidents(Service& service) {
  const auto page = service.state().incidents({.active_only = true, .limit = 100});
  return page ? page->incidents : std::vector<model::Incident>();
}

// What the channels got, for people who set one up.
void print_messages(Service& service, const Style& style) {
  (void)service.settle_messages(seconds(15));
  const auto rows = service.state().outbox(std::nullopt, 1000);
  if (!rows || rows->empty()) return;
  print(fmt::format("\n  {}\n", style.bold("sent")));
  constexpr const char* kWords[] = {"waits", "delivered", "parked", "joined the next"};
  for (const auto& row : *rows) {
    const auto payload = notify::read_payload(row.payload);
    print(fmt::format("    {:<14}{:<14}{} {}{}\n", row.channel, payload ? payload->event.kind : "?",
                      row.incident_id, kWords[static_cast<std::size_t>(row.status)],
                      row.last_error.empty() ? "" : ": " + one_line(row.last_error, 100)));
  }
}

}  // namespace

int run_command(const CommonOptions& common, const RunOptions& options) {
  const auto session = open_session(common, options.once);
  if (!session) return 2;
  StopSignals signals;
  Service service(session->config, session->environment, session->log(), session->clock);
  ProgressBar bar("reading history");
  const auto started = service.start({.serve = !options.once}, [&](double share) { bar.show(share); });
  if (!started) {
    session->log().error("sentinelops.start.failed", {{"error", started.error().text()}});
    if (session->config.logging.format != "json") report(started.error());
    return started.error().kind == ErrorKind::kInvalid ? 2 : 1;
  }
  service.engine().set_stop({});
  if (!options.once) {
    service.run_until(signals.token());
    service.stop();
    return 0;
  }
  const auto tick = service.tick();
  if (!tick) return report(tick.error());
  (void)service.wait_for_analyses(std::chrono::seconds(session->config.analyzer.timeout_seconds + 5));
  const auto incidents = active_incidents(service);
  if (common.json) {
    print(incidents_json(incidents).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    for (const auto& incident : incidents) print(incident_card(incident, session->style));
    print(fmt::format(
        "\n{} service{} judged, {} anomal{}, {} open incident{}\n", service.engine().view()->services.size(),
        service.engine().view()->services.size() == 1 ? "" : "s", tick->anomalies.size(),
        tick->anomalies.size() == 1 ? "y" : "ies", incidents.size(), incidents.size() == 1 ? "" : "s"));
  }
  // A pass that cron runs has announced what it found when it ends; the rest waits for the next.
  if (!service.settle_messages(seconds(30)))
    session->log().warning("notify.unfinished", {{"reason", "see sentinelops outbox list"}});
  service.stop();
  return 0;
}

int demo_command(const CommonOptions& common, const DemoOptions& options) {
  const auto session = open_session(common, common.json);
  if (!session) return 2;
  const auto scenario = find_scenario(options.scenario);
  if (!scenario) {
    std::fprintf(stderr, "sentinelops: no scenario '%s'; `sentinelops simulate --list` shows all\n",
                 options.scenario.c_str());
    return 2;
  }
  StopSignals signals;
  const TemporaryFolder temporary;
  session->config.telemetry.store = "embedded";
  session->config.telemetry.data_dir = options.data_dir.empty() ? temporary.path() : options.data_dir;
  session->config.server.listen = options.listen;
  if (!parse_listen(options.listen)) {
    std::fprintf(stderr, "sentinelops: --listen '%s' is no address; use 127.0.0.1:8000\n",
                 options.listen.c_str());
    return 2;
  }
  const bool talk = !common.json;
  const Style& style = session->style;
  if (talk) {
    print(style.bold("SentinelOps demo") + fmt::format(": {}\n", scenario->about));
    print(style.dim("an hour of ordinary traffic over five services, then five minutes of the story\n\n"));
  }
  // The story has run for five minutes when the service first looks.
  const Time now = session->clock.now();
  Simulation simulation({.story = scenario->story, .seed = options.seed, .start = now - minutes(65)});
  ingest::DocumentParser parser;
  {
    // The past is loaded as shippers would have sent it, before the service starts.
    NullLogger quiet;
    Service loader(session->config, session->environment, Log(quiet, "demo"), session->clock);
    if (const auto started = loader.start({.serve = false}); !started) return report(started.error());
    const auto documents = simulation.until(now);
    if (const auto fed = feed(loader, parser, documents, now); !fed) return report(fed.error());
    if (talk)
      print(fmt::format("{} documents loaded\n", group_digits(static_cast<std::int64_t>(documents.size()))));
  }
  Service service(session->config, session->environment, session->log(), session->clock);
  if (const auto started = service.start({}); !started) return report(started.error());
  const auto tick = service.tick();
  if (!tick) return report(tick.error());
  // What misbehaves is known and announced; the card waits for the model's word, where one is asked.
  (void)service.wait_for_analyses(std::chrono::seconds(session->config.analyzer.timeout_seconds + 5));
  const auto incidents = active_incidents(service);
  if (common.json) {
    print(incidents_json(incidents).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    for (const auto& incident : incidents) print(incident_card(incident, style));
    if (incidents.empty())
      print("\nno incident: nothing misbehaves beyond what is usual for these services\n");
    print_messages(service, style);
    print(fmt::format("\n  {}\n", style.bold("where to look next")));
    // Nothing serves the page after --exit.
    if (!options.exit)
      print(fmt::format("    {}{}   in a browser\n", service.url(),
                        incidents.empty() ? "/" : "/incidents/" + incidents.front().id));
    print(fmt::format("    curl {}/api/incidents\n", service.url()));
    if (!incidents.empty())
      print(fmt::format("    curl {}/api/incidents/{}\n", service.url(), incidents.front().id));
    print(fmt::format("    curl '{}/api/logs?level=error&limit=5'\n    curl {}/metrics\n", service.url(),
                      service.url()));
    if (!options.data_dir.empty()) print(fmt::format("    the data stay in {}\n", options.data_dir));
  }
  if (options.exit) {
    service.stop();
    return 0;
  }
  if (talk) print(style.dim("\nthe story goes on in real time; Ctrl-C ends it\n\n"));
  std::jthread traffic([&](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
      const Time at = session->clock.now();
      if (const auto fed = feed(service, parser, simulation.until(at), at); !fed)
        session->log().warning("demo.traffic.failed", {{"error", fed.error().text()}});
      std::unique_lock lock(mutex);
      wake.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
    }
  });
  service.run_until(signals.token());
  traffic.request_stop();
  traffic.join();
  service.stop();
  return 0;
}

}  // namespace sentinel::app
