// What would the product have done with this recording, or with what its own store kept?
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/backtest/backtest_report.hpp"
#include "app/service.hpp"
#include "app/session.hpp"
#include "base/text.hpp"
#include "model/json.hpp"
#include "telemetry/embedded/embedded_telemetry.hpp"
#include "telemetry/embedded/folder_lock.hpp"

namespace sentinel::app {
namespace {

using Sources = std::vector<std::unique_ptr<DocumentSource>>;

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

int usage(const std::string& text) {
  std::fprintf(stderr, "sentinelops: %s\n", text.c_str());
  return 2;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kNotFound, "cannot read " + path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

// The store's own past, opened for one command.
struct Past {
  std::optional<telemetry::FolderLock> lock;
  NullMetrics metrics;
  std::unique_ptr<telemetry::EmbeddedTelemetry> store;
  model::TimeRange range;
};

Result<std::unique_ptr<Past>> open_own_past(const Session& session, const BacktestOptions& options) {
  auto past = std::make_unique<Past>();
  if (session.config.telemetry.store != "embedded")
    return fail(ErrorKind::kInvalid,
                "without --input the embedded store is replayed: telemetry.store must be embedded");
  for (const auto& [name, text, time] : {std::tuple{"--from", &options.from, &past->range.from},
                                         std::tuple{"--to", &options.to, &past->range.to}}) {
    if (text->empty()) continue;
    const auto parsed = parse_rfc3339(*text);
    if (!parsed)
      return fail(ErrorKind::kInvalid,
                  fmt::format("{}: '{}' is no RFC 3339 time (2026-02-20T19:20:27Z)", name, *text));
    *time = *parsed;
  }
  SENTINEL_ASSIGN(auto lock, telemetry::FolderLock::take(session.config.telemetry.data_dir));
  past->lock.emplace(std::move(lock));
  telemetry::EmbeddedOptions embedded;
  embedded.folder = telemetry_folder(session.config);
  embedded.memory_limit_mb = session.config.telemetry.memory_limit_mb;
  SENTINEL_ASSIGN(past->store, telemetry::EmbeddedTelemetry::open(embedded, session.log().named("telemetry"),
                                                                  past->metrics));
  SENTINEL_ASSIGN(const auto status, past->store->status());
  if (!status.extent) return fail(ErrorKind::kNotFound, "the store holds no document");
  if (options.from.empty()) past->range.from = status.extent->from;
  if (options.to.empty()) past->range.to = status.extent->to;
  if (past->range.empty())
    return fail(ErrorKind::kInvalid,
                fmt::format("nothing lies between {} and {}; the store holds {} to {}",
                            format_rfc3339(past->range.from), format_rfc3339(past->range.to),
                            format_rfc3339(status.extent->from), format_rfc3339(status.extent->to)));
  return past;
}

class Backtest {
 public:
  Backtest(const CommonOptions& common, const BacktestOptions& options, Session& session)
      : common_(common), options_(options), session_(session) {}

  Result<int> run() {
    if (options_.files.empty()) {
      SENTINEL_ASSIGN(past_, open_own_past(session_, options_));
    }
    if (!options_.edges.empty()) {
      SENTINEL_ASSIGN(const auto text, read_file(options_.edges));
      auto edges = read_edges(text);
      if (!edges) return fail(std::move(edges).error(), options_.edges);
      edges_ = std::move(*edges);
    }
    const std::string& labels = options_.diagnose.empty() ? options_.labels : options_.diagnose;
    if (!labels.empty()) {
      SENTINEL_ASSIGN(const auto text, read_file(labels));
      auto read = read_labels(text);
      if (!read) return fail(std::move(read).error(), labels);
      labels_ = std::move(*read);
    }
    if (!options_.ignore.empty()) {
      SENTINEL_ASSIGN(const auto text, read_file(options_.ignore));
      auto read = read_ignored(text);
      if (!read) return fail(std::move(read).error(), options_.ignore);
      ignored_ = std::move(*read);
    }
    return options_.diagnose.empty() ? replay() : diagnose();
  }

 private:
  Result<Sources> open_sources(const Config& config, std::vector<std::string> metrics) const {
    Sources sources;
    if (past_) {
      SENTINEL_ASSIGN(auto source, open_past(*past_->store, past_->range, std::move(metrics),
                                             seconds(config.polling.slice_seconds)));
      sources.push_back(std::move(source));
    }
    for (const auto& path : options_.files) {
      SENTINEL_ASSIGN(auto source, open_recording(path, config.fields));
      sources.push_back(std::move(source));
    }
    return sources;
  }
  static std::vector<std::string> metric_names(const engine::Settings& settings) {
    std::vector<std::string> names;
    for (const auto& metric : settings.detect.metrics) names.push_back(metric.name);
    return names;
  }

  Result<Run> replay_with(const Config& config, const std::string& name) const {
    auto settings = engine_settings(config);
    settings.topology.insert(settings.topology.end(), edges_.begin(), edges_.end());
    SENTINEL_ASSIGN(auto sources, open_sources(config, metric_names(settings)));
    ProgressBar bar("replaying" + (name.empty() ? "" : " with " + name));
    Run run{.config = name};
    SENTINEL_ASSIGN(run.result,
                    run_backtest(std::move(sources), settings, [&](double share) { bar.show(share); }));
    run.score = score(run.result.openings, labels_, ignored_, run.result.to - run.result.from);
    return run;
  }

  Result<int> replay() {
    const bool two = options_.configs.size() > 1;
    std::optional<Config> other;
    if (two) {
      auto config = load_config(options_.configs[1], false, session_.environment);
      if (!config) return usage(config.error().text());
      other = std::move(*config);
    }
    SENTINEL_ASSIGN(const Run a, replay_with(session_.config, two ? options_.configs[0] : std::string()));
    std::optional<Run> b;
    if (other) {
      SENTINEL_ASSIGN(b, replay_with(*other, options_.configs[1]));
    }
    SENTINEL_TRY(write_incidents(incident_rows(a.result.openings)));
    if (common_.json) {
      nlohmann::json body = run_json(a);
      if (b) {
        body["b"] = run_json(*b);
        body["difference"] = difference_json(a, *b, !labels_.empty());
      }
      print(body.dump(1) + "\n");
      return 0;
    }
    print_run(a);
    if (b) {
      print("\n");
      print_run(*b);
      print("\n" + difference_text(a, *b, !labels_.empty(), session_.style));
    }
    return 0;
  }

  void print_run(const Run& run) const {
    const auto& r = run.result;
    if (!run.config.empty()) print(session_.style.bold(run.config) + "\n");
    print(fmt::format("{} documents from {} to {} ({} rejected, {} slices without telemetry)\n\n",
                      group_digits(static_cast<std::int64_t>(r.documents)), format_rfc3339(r.from),
                      format_rfc3339(r.to), r.rejected, r.gap_slices));
    print(incidents_text(r, session_.style));
    if (!labels_.empty()) print("\n" + score_text(run.score, session_.style));
  }

  nlohmann::json run_json(const Run& run) const {
    nlohmann::json body = {{"documents", run.result.documents},
                           {"rejected", run.result.rejected},
                           {"from", format_rfc3339(run.result.from)},
                           {"to", format_rfc3339(run.result.to)},
                           {"incidents", incident_rows(run.result.openings)}};
    if (!run.config.empty()) body["config"] = run.config;
    if (!labels_.empty()) body["score"] = score_json(run.score);
    return body;
  }

  Result<int> diagnose() {
    DiagnosisInput input;
    const auto settings = engine_settings(session_.config);
    SENTINEL_ASSIGN(input.sources, open_sources(session_.config, metric_names(settings)));
    input.labels = labels_;
    input.folder = std::filesystem::path(options_.diagnose).parent_path().string();
    input.fields = session_.config.fields;
    input.settings = settings.correlate;
    input.topology = settings.topology;
    input.topology.insert(input.topology.end(), edges_.begin(), edges_.end());
    std::optional<DiagnosisSummary> summary;
    {
      ProgressBar bar("reading");
      SENTINEL_ASSIGN(summary, run_diagnosis(std::move(input), [&](double share) { bar.show(share); }));
    }
    SENTINEL_TRY(write_incidents(incident_rows(*summary)));
    print(common_.json ? diagnosis_json(*summary).dump(1) + "\n" : diagnosis_text(*summary, session_.style));
    return 0;
  }

  Result<void> write_incidents(const nlohmann::json& rows) const {
    if (options_.incidents_out.empty()) return {};
    std::ofstream file(options_.incidents_out, std::ios::binary);
    file << rows.dump(1) << "\n";
    file.flush();
    if (!file) return fail(ErrorKind::kUnavailable, "cannot write " + options_.incidents_out);
    return {};
  }

  const CommonOptions& common_;
  const BacktestOptions& options_;
  Session& session_;
  std::unique_ptr<Past> past_;
  std::vector<correlate::TopologyEdge> edges_;
  std::vector<Label> labels_;
  std::vector<model::TimeRange> ignored_;
};

}  // namespace

int backtest_command(const CommonOptions& common, const BacktestOptions& options) {
  if (options.configs.size() > 2) return usage("--config: one or two files can be compared");
  if (!options.files.empty() && !(options.from.empty() && options.to.empty()))
    return usage("--from and --to choose from the store's own past: they go without --input");
  if (!options.diagnose.empty() && !options.labels.empty())
    return usage("--diagnose has the labels already: it goes without --labels");
  if (!options.diagnose.empty() && options.configs.size() > 1)
    return usage("--diagnose takes one --config: detection, where they would differ, is skipped");
  CommonOptions first = common;
  if (!options.configs.empty()) first.config_path = options.configs.front();
  const auto session = open_session(first, true);
  if (!session) return 2;
  const auto done = Backtest(common, options, *session).run();
  return done ? *done : report(done.error());
}

}  // namespace sentinel::app
