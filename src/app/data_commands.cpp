// Commands that load and search log documents. When the service runs they go through its API, else they open
// the folder.
#include <fmt/format.h>

#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "api/log_query.hpp"
#include "api/prometheus_metrics.hpp"
#include "app/cluster.hpp"
#include "app/cluster_documents.hpp"
#include "app/service.hpp"
#include "app/session.hpp"
#include "app/signals.hpp"
#include "app/simulate/bulk_target.hpp"
#include "app/simulate/simulation.hpp"
#include "base/text.hpp"
#include "ingest/log_document.hpp"
#include "ingest/ndjson.hpp"
#include "model/json.hpp"
#include "net/client.hpp"
#include "runbooks/runbooks.hpp"
#include "telemetry/embedded/embedded_telemetry.hpp"
#include "telemetry/embedded/folder_lock.hpp"

namespace sentinel::app {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

// The folder's store, opened for one command.
struct OwnStore {
  std::optional<telemetry::FolderLock> lock;
  NullMetrics metrics;
  std::unique_ptr<telemetry::EmbeddedTelemetry> store;
};
Result<std::unique_ptr<OwnStore>> open_store(const Session& session) {
  auto own = std::make_unique<OwnStore>();
  if (session.config.telemetry.store != "embedded")
    return fail(ErrorKind::kInvalid, "this command needs telemetry.store: embedded");
  SENTINEL_ASSIGN(auto lock, telemetry::FolderLock::take(session.config.telemetry.data_dir));
  own->lock.emplace(std::move(lock));
  telemetry::EmbeddedOptions options;
  options.folder = telemetry_folder(session.config);
  options.memory_limit_mb = session.config.telemetry.memory_limit_mb;
  SENTINEL_ASSIGN(own->store, telemetry::EmbeddedTelemetry::open(options, session.log().named("telemetry"),
                                                                 own->metrics));
  return own;
}

// A sink that posts to a running service; one request per batch of raw lines is not what it gets, so it
// writes NDJSON again.
class RemoteSink final : public telemetry::TelemetrySink {
 public:
  RemoteSink(net::Transport& transport, std::string url, std::string token)
      : target_(transport, std::move(url), std::move(token)) {}
  Result<void> submit(model::DocumentBatch batch, Time, Done done) override {
    std::string body;
    for (const auto& row : batch.logs)
      body += action("app-logs-all") + text(ingest::log_document(row)) + "\n";
    for (const auto& row : batch.metrics) {
      const nlohmann::json point = {{"@timestamp", format_rfc3339(row.time)},
                                    {"service.name", row.service},
                                    {std::string(row.name), row.value}};
      body += action("app-metrics-import") + text(point) + "\n";
    }
    done(target_.post(body));
    return {};
  }

 private:
  static std::string action(const char* index) {
    return fmt::format("{{\"create\":{{\"_index\":\"{}\"}}}}\n", index);
  }
  static std::string text(const nlohmann::json& document) {
    return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  BulkTarget target_;
};

void show_summary(const std::string& file, const ingest::ImportSummary& summary, bool json) {
  if (json) {
    nlohmann::json rejected = nlohmann::json::array();
    for (const auto& r : summary.first) rejected.push_back({{"line", r.line}, {"reason", r.reason}});
    print(nlohmann::json{{"file", file},
                         {"lines", summary.lines},
                         {"documents", summary.documents},
                         {"rejected", summary.rejected},
                         {"rejections", rejected},
                         {"ended_early", summary.ended_early}}
              .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
          "\n");
    return;
  }
  print(fmt::format("{}: {} documents from {} lines", file,
                    group_digits(static_cast<std::int64_t>(summary.documents)),
                    group_digits(static_cast<std::int64_t>(summary.lines))));
  print(summary.rejected == 0
            ? "\n"
            : fmt::format(", {} rejected:\n", group_digits(static_cast<std::int64_t>(summary.rejected))));
  for (const auto& r : summary.first) print(fmt::format("  {}:{}: {}\n", file, r.line, r.reason));
  if (summary.rejected > summary.first.size())
    print(fmt::format("  ... and {} more\n", summary.rejected - summary.first.size()));
  if (!summary.ended_early.empty())
    print(fmt::format("  {}: not read to its end: {}\n", file, summary.ended_early));
}

}  // namespace

int import_command(const CommonOptions& common, const ImportCommand& options) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  std::unique_ptr<OwnStore> own;
  std::unique_ptr<net::Transport> transport;
  std::unique_ptr<RemoteSink> remote;
  telemetry::TelemetrySink* sink = nullptr;
  if (const auto owner = telemetry::owner_of(session->config.telemetry.data_dir);
      owner && !owner->url.empty()) {
    transport = net::make_curl_transport({});
    remote = std::make_unique<RemoteSink>(*transport, owner->url,
                                          session->environment.get("SENTINELOPS_SERVER_TOKEN"));
    sink = remote.get();
  } else {
    auto opened = open_store(*session);
    if (!opened) return report(opened.error());
    own = std::move(*opened);
    sink = own->store.get();
  }
  bool whole = true;
  ingest::DocumentParser parser(session->config.fields);
  for (const auto& file : options.files) {
    auto source = ingest::open_source(file);
    if (!source) {
      report(source.error());
      whole = false;
      continue;
    }
    ProgressBar bar("importing " + file);
    ingest::ImportOptions import;
    import.as = options.metrics ? ingest::DocumentClass::kMetric : ingest::DocumentClass::kLog;
    import.metric_indices = ingest::MetricIndices(session->config.elasticsearch.metrics_index);
    const auto summary = ingest::import_ndjson(
        **source, parser, *sink, session->clock, import, [&](const ingest::ImportSummary& s) {
          const auto size = (*source)->size();
          const double share = size && *size > 0
                                   ? static_cast<double>((*source)->consumed()) / static_cast<double>(*size)
                                   : -1;
          bar.show(share, group_digits(static_cast<std::int64_t>(s.documents)) + " documents");
        });
    if (!summary) return report(Error(summary.error()).in("importing " + file));
    whole = whole && summary->rejected == 0 && summary->ended_early.empty();
    show_summary(file, *summary, common.json);
  }
  return whole ? 0 : 1;
}

int query_command(const CommonOptions& common, const QueryOptions& options) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto since = parse_duration(options.since);
  if (!since) {
    std::fprintf(stderr, "sentinelops: --since '%s' is no stretch of time; use 15m, 1h or 7d\n",
                 options.since.c_str());
    return 2;
  }
  if (!options.level.empty() && model::parse_level(options.level) == model::Level::kNone) {
    std::fprintf(stderr, "sentinelops: --level '%s' is not known; use debug, info, warning or error\n",
                 options.level.c_str());
    return 2;
  }
  const Time now = session->clock.now();
  if (const auto owner = telemetry::owner_of(session->config.telemetry.data_dir);
      owner && !owner->url.empty()) {
    const auto transport = net::make_curl_transport({});
    net::ClientRequest request;
    request.url =
        fmt::format("{}/api/logs?limit={}&from={}&q={}", owner->url, options.limit,
                    net::percent_encode(format_rfc3339(now - *since)), net::percent_encode(options.text));
    for (const auto& service : options.services) request.url += "&service=" + net::percent_encode(service);
    if (!options.level.empty()) request.url += "&level=" + net::percent_encode(options.level);
    if (!options.trace.empty()) request.url += "&trace=" + net::percent_encode(options.trace);
    if (session->environment.has("SENTINELOPS_SERVER_TOKEN"))
      request.headers.add("Authorization", "Bearer " + session->environment.get("SENTINELOPS_SERVER_TOKEN"));
    const auto answer = transport->send(request);
    if (!answer) return report(answer.error());
    const auto body = model::parse_json(answer->body);
    if (answer->status != 200 || !body) {
      std::fprintf(stderr, "sentinelops: %s answered %d: %s\n", owner->url.c_str(), answer->status,
                   one_line(answer->body, 300).c_str());
      return 1;
    }
    if (common.json) {
      print(answer->body + "\n");
      return 0;
    }
    for (const auto& event : (*body)["events"]) {
      const std::string level = event.value("level", "");
      print(fmt::format("{} {:<7} {:<20} {}\n", one_line(event.value("timestamp", "")),
                        level.empty() ? "-" : one_line(level), one_line(event.value("service", "-"), 40),
                        one_line(event.value("message", ""), 400)));
    }
    return 0;
  }
  std::unique_ptr<OwnStore> own;
  std::unique_ptr<Cluster> cluster;
  telemetry::TelemetryStore* store = nullptr;
  if (session->config.telemetry.store == "elasticsearch") {
    auto opened = Cluster::open(session->config, session->environment, session->clock, session->log());
    if (!opened) return report(opened.error());
    cluster = std::move(*opened);
    store = &cluster->store();
  } else {
    auto opened = open_store(*session);
    if (!opened) return report(opened.error());
    own = std::move(*opened);
    store = own->store.get();
  }
  telemetry::EventQuery query;
  query.range = {now - *since, now + hours(24)};
  if (auto read = api::add_query_text(query, options.text); !read) {
    (void)report(read.error());
    return 2;
  }
  query.services = options.services;
  query.limit = options.limit;
  if (!options.level.empty()) query.min_level = model::parse_level(options.level);
  if (!options.trace.empty()) query.trace_ids = {options.trace};
  const auto events = store->events(query);
  if (!events) return report(events.error());
  const auto total = store->count(query);
  if (!total) return report(total.error());
  if (common.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& event : *events) list.push_back(model::to_json(event));
    print(nlohmann::json{{"total", *total}, {"events", list}}.dump(-1, ' ', false,
                                                                   nlohmann::json::error_handler_t::replace) +
          "\n");
    return 0;
  }
  for (const auto& event : *events) print(event_line(event, session->style) + "\n");
  if (*total > events->size())
    print(session->style.dim(fmt::format("{} of {} shown; --limit shows more\n", events->size(), *total)));
  return 0;
}

int simulate_command(const CommonOptions& common, const SimulateOptions& options) {
  if (options.list && common.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& scenario : scenarios())
      list.push_back(
          {{"name", scenario.name},
           {"expected_cause", scenario.expected_cause.empty() ? nlohmann::json(nullptr)
                                                              : nlohmann::json(scenario.expected_cause)},
           {"about", scenario.about}});
    print(list.dump(2) + "\n");
    return 0;
  }
  if (options.list) {
    std::vector<std::vector<std::string>> rows = {{"SCENARIO", "CAUSE", "WHAT HAPPENS"}};
    for (const auto& scenario : scenarios())
      rows.push_back(
          {scenario.name, scenario.expected_cause.empty() ? "-" : scenario.expected_cause, scenario.about});
    print(table(rows, terminal_style(common.no_colour)));
    return 0;
  }
  const auto scenario = find_scenario(options.scenario);
  if (!scenario) {
    std::fprintf(stderr, "sentinelops: no scenario '%s'; `sentinelops simulate --list` shows all\n",
                 options.scenario.c_str());
    return 2;
  }
  if ((options.out.empty() ? 0 : 1) + (options.url.empty() ? 0 : 1) + (options.es_url.empty() ? 0 : 1) != 1) {
    std::fprintf(
        stderr,
        "sentinelops: say where to: one of --out FILE (- for standard output), --url URL, --es-url URL\n");
    return 2;
  }
  const SystemClock clock;
  StopSignals signals;
  const Time now = clock.now();
  Time start = align_down(now - minutes(65), seconds(60));
  if (!options.start.empty()) {
    const auto given = parse_time(options.start);
    if (!given) {
      std::fprintf(stderr, "sentinelops: --start '%s' is no time; use 2026-02-20T19:20:27Z\n",
                   options.start.c_str());
      return 2;
    }
    start = *given;
  }
  Simulation simulation({.story = scenario->story, .seed = options.seed, .start = start});
  const Time end = simulation.story_begins() + minutes(5);

  std::ofstream file;
  if (!options.out.empty() && options.out != "-") {
    file.open(options.out, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "sentinelops: cannot write %s\n", options.out.c_str());
      return 1;
    }
  }
  const auto transport = net::make_curl_transport({});
  const auto environment = load_environment(".env");
  if (!environment) {
    report(environment.error());
    return 2;
  }
  const std::string key = environment->get("ELASTICSEARCH_API_KEY");
  BulkTarget target(*transport, options.es_url.empty() ? options.url : options.es_url,
                    environment->get("SENTINELOPS_SERVER_TOKEN"), options.es_url.empty() ? "" : key);
  if (!options.es_url.empty()) {
    if (const auto made = target.make_index(); !made) return report(made.error());
  }
  NullLogger quiet;
  std::uint64_t written = 0;
  const auto give = [&](const std::vector<Simulation::Document>& documents) -> Result<void> {
    constexpr std::size_t kBatch = 2000;
    for (std::size_t from = 0; from < documents.size(); from += kBatch) {
      std::string body;
      for (std::size_t i = from; i < std::min(documents.size(), from + kBatch); ++i) {
        if (options.out.empty()) body += "{\"index\":{\"_index\":\"app-logs-all\"}}\n";
        body += documents[i].json + "\n";
      }
      if (options.out == "-") {
        print(body);
      } else if (!options.out.empty()) {
        file << body;
        if (!file) return fail(ErrorKind::kUnavailable, "writing " + options.out);
      } else {
        SENTINEL_TRY(target.post(body));
      }
    }
    written += documents.size();
    return {};
  };
  if (const auto done = give(simulation.until(options.live ? std::min(end, now) : end)); !done)
    return report(done.error());
  if (!options.es_url.empty()) {
    // As the original's script: the runbooks are there too, and a search finds all of it at once.
    Config config;
    config.elasticsearch.hosts = {options.es_url};
    const auto writing = open_connection(*transport, config, *environment, clock, Log(quiet, "simulate"));
    const auto seeded = seed_runbook_index(*writing, config.elasticsearch.runbook_index, runbooks::seed());
    if (!seeded) return report(seeded.error());
    if (*seeded > 0)
      std::fprintf(stderr, "%d runbooks in %s\n", *seeded, config.elasticsearch.runbook_index.c_str());
    if (const auto done = target.refresh(); !done) return report(done.error());
  }
  std::fprintf(stderr, "%s documents, %s to %s\n", group_digits(static_cast<std::int64_t>(written)).c_str(),
               format_rfc3339(start).c_str(), format_rfc3339(std::min(end, now)).c_str());
  std::mutex mutex;
  std::condition_variable_any wake;
  while (options.live && !signals.token().stop_requested()) {
    {
      std::unique_lock lock(mutex);
      wake.wait_for(lock, signals.token(), std::chrono::seconds(1), [] { return false; });
    }
    if (const auto done = give(simulation.until(clock.now())); !done) return report(done.error());
  }
  return 0;
}

}  // namespace sentinel::app
