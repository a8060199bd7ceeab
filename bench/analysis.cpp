// How good explanations are, and what they cost: every simulated story goes through the real service, and the
// explanation of its incident is scored: the right service, words of the right mechanism, a fitting runbook.
// The deterministic report always; a model's answer too where a key is in the environment (`--live`: it costs
// money). Tokens and price of the first question are those of the default model.
// With DIR (folders of recordings with known faults, as for bench_triage) the same for each recorded fault.
//
//   bench_analysis [--live] [--seeds 3] [DIR]
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "analyze/report.hpp"
#include "app/analysis/setup.hpp"
#include "app/backtest/diagnosis.hpp"
#include "app/service.hpp"
#include "app/simulate/scenario.hpp"
#include "app/simulate/simulation.hpp"
#include "base/text.hpp"
#include "ingest/ingest.hpp"
#include "recordings.hpp"
#include "runbooks/runbooks.hpp"
#include "state/memory/memory_state.hpp"

namespace {

using namespace sentinel;

// What an explanation of the story must say, written by hand from the story's own description. A runbook fits
// when its text holds the last word.
struct Truth {
  const char* story;
  std::vector<std::string> mechanism;  // any of them
  std::string runbook;
};
const std::vector<Truth>& truths() {
  static const std::vector<Truth> all = {
      {"pool-exhaustion", {"pool", "connection"}, "pool"},
      {"bad-deploy", {"version", "deploy", "NullPointer", "throw", "null"}, "deploy"},
      {"slow-dependency", {"slow", "latency", "p99", "p90", "ms"}, "slow"},
      {"silent", {"silent", "no documents", "stopped", "nothing", "missing", "expected"}, "stopped"},
  };
  return all;
}

// The same for what was done to recorded services: by the beginning of the label's kind. A kind that is not
// here (a function that returns a wrong value) has no mechanism that telemetry could show.
const std::vector<std::pair<std::string, std::vector<std::string>>>& mechanisms() {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> all = {
      {"network", {"network"}},
      {"cpu", {"its own work", "CPU"}},
      {"exception", {"error line", "does not return", "fails", "exception", "logs"}},
  };
  return all;
}

struct Merit {
  int asked = 0;
  int service = 0;
  int mechanism = 0;
  int known_mechanism = 0;  // of those asked
  int verified = 0;
};

bool holds(const std::string& text, const std::string& word) {
  return to_lower(text).find(to_lower(word)) != std::string::npos;
}

void judge(const model::Analysis& analysis, const std::string& service,
           const std::vector<std::string>& mechanism, Merit& merit) {
  ++merit.asked;
  // The first service that the text names is the one it accuses.
  merit.service += holds(analysis.root_cause.substr(0, service.size() + 14), service) ? 1 : 0;
  const std::string said = analysis.root_cause + " " + join(analysis.remediation_steps, " ");
  merit.known_mechanism += mechanism.empty() ? 0 : 1;
  merit.mechanism +=
      std::any_of(mechanism.begin(), mechanism.end(), [&](const auto& word) { return holds(said, word); })
          ? 1
          : 0;
  merit.verified += !analysis.claims.empty() && analysis.claims.front().is_verified() ? 1 : 0;
}

Result<std::vector<model::Incident>> incidents_of(const app::Scenario& scenario, std::uint64_t seed,
                                                  const std::string& folder, const Clock& clock) {
  NullLogger quiet;
  auto loaded = app::parse_config("", {});
  loaded.config.telemetry.data_dir = folder;
  const Time now = clock.now();
  {
    app::Service loader(loaded.config, {}, Log(quiet, "bench"), clock);
    SENTINEL_TRY(loader.start({.serve = false}));
    app::Simulation simulation({.story = scenario.story, .seed = seed, .start = now - minutes(65)});
    ingest::DocumentParser parser;
    model::DocumentBatch batch;
    for (const auto& document : simulation.until(now))
      SENTINEL_TRY(parser.add(document.json, false, ingest::DocumentClass::kLog, now, batch));
    SENTINEL_TRY(telemetry::write(loader.sink(), std::move(batch), now));
  }
  app::Service service(loaded.config, {}, Log(quiet, "bench"), clock);
  SENTINEL_TRY(service.start({.serve = false}));
  SENTINEL_TRY(service.tick());
  SENTINEL_ASSIGN(auto page, service.state().incidents({.active_only = true, .limit = 10}));
  return std::move(page.incidents);
}

void tell(const std::string& who, const Merit& m) {
  std::printf("%-22s right service %d of %d, right mechanism %d of %d\n", who.c_str(), m.service, m.asked,
              m.mechanism, m.known_mechanism);
}

// The report that would have been written at each recorded fault, had it been noticed.
Result<void> score_recordings(const std::string& directory, const app::Config& config) {
  state::MemoryState state;
  SENTINEL_TRY(runbooks::seed_if_empty(state).map([](int) {}));
  for (const auto& path : bench::folders_of(directory)) {
    auto folder = bench::read_folder(path);
    if (!folder.unused.empty()) continue;
    app::DiagnosisInput input;
    SENTINEL_ASSIGN(input.sources, bench::open_all(folder.files));
    input.labels = folder.labels;
    input.folder = path.string();
    input.settings = app::engine_settings(config).correlate;
    input.topology = folder.edges;
    SENTINEL_ASSIGN(const auto summary, app::run_diagnosis(std::move(input)));
    Merit merit;
    for (std::size_t i = 0; i < summary.faults.size(); ++i) {
      const auto& fault = summary.faults[i];
      if (!fault.has_data || fault.causes.empty()) continue;
      model::Group group;
      group.causes = fault.causes;
      group.onset = fault.at;
      group.services = {fault.causes.front().service};
      SENTINEL_ASSIGN(const auto matches, state.search_runbooks(runbooks::query_for(group)));
      std::vector<std::string> mechanism;
      for (const auto& [kind, words] : mechanisms())
        if (folder.labels[i].kind.starts_with(kind)) mechanism = words;
      judge(analyze::deterministic_report(group, matches), fault.service, mechanism, merit);
    }
    tell(folder.name + ":", merit);
  }
  return {};
}

int fail_with(const Error& error) {
  std::fprintf(stderr, "bench: %s\n", error.text().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  bool live = false;
  int seeds = 3;
  std::string directory;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    live = live || word == "--live";
    if (word == "--seeds" && i + 1 < argc)
      seeds = std::max(1, std::atoi(argv[++i]));
    else if (!word.starts_with("--"))
      directory = word;
  }
  const SystemClock clock;
  auto environment = app::load_environment(".env");
  if (!environment) return fail_with(environment.error());
  auto loaded = app::parse_config("", *environment);
  auto settings = app::analyst_settings(loaded.config, *environment);
  settings.question.redaction.key = app::random_hex(32);
  const std::string why = app::no_model_because(loaded.config, *environment);
  if (live && !why.empty()) std::printf("no live questions: %s\n", why.c_str());
  live = live && why.empty();
  const auto transport = net::make_curl_transport({.user_agent = "sentinelops-bench"});

  Merit report;
  Merit model;
  int runbooks = 0;
  int questions = 0;
  double tokens = 0;
  double usd = 0;
  double most_usd = 0;
  double paid = 0;
  std::printf("story            seed  cause by the report   tokens  expected  at most\n");
  for (const auto& truth : truths()) {
    const auto scenario = app::find_scenario(truth.story);
    if (!scenario) continue;
    for (int seed = 1; seed <= seeds; ++seed) {
      std::string folder = (std::filesystem::temp_directory_path() / "sentinelops-bench-XXXXXX").string();
      if (::mkdtemp(folder.data()) == nullptr) return 1;
      const auto incidents = incidents_of(*scenario, static_cast<std::uint64_t>(seed), folder, clock);
      std::error_code ignored;
      std::filesystem::remove_all(folder, ignored);
      if (!incidents) return fail_with(incidents.error());
      if (incidents->empty()) {
        std::printf("%-16s %4d  NOT FOUND\n", truth.story, seed);
        ++report.asked;
        continue;
      }
      const auto& incident = incidents->front();
      if (incident.analysis) judge(*incident.analysis, scenario->expected_cause, truth.mechanism, report);
      if (!incident.runbooks.empty()) {
        const auto& runbook = incident.runbooks.front().runbook;
        runbooks +=
            holds(runbook.title + " " + runbook.root_cause + " " + join(runbook.tags, " "), truth.runbook);
      }
      const auto question = analyze::make_question(incident, std::nullopt, settings.question,
                                                   settings.question.model, app::random_hex(6));
      if (!question) return fail_with(question.error());
      ++questions;
      tokens += static_cast<double>(question->input_tokens);
      usd += question->expected_usd;
      most_usd += question->most_usd;
      std::printf("%-16s %4d  %-20s %7lld  $%.4f   $%.4f\n", truth.story, seed,
                  incident.services.empty() ? "-" : incident.services.front().c_str(),
                  static_cast<long long>(question->input_tokens), question->expected_usd, question->most_usd);
      if (live) {
        const auto asked =
            app::ask_about(*question, app::record_of(*question, incident, settings.api.provider, clock.now()),
                           *transport, settings, clock, {});
        paid += asked.record.usd;
        if (asked.analysis)
          judge(*asked.analysis, scenario->expected_cause, truth.mechanism, model);
        else
          std::printf("  no answer: %s\n", asked.record.note.c_str());
      }
    }
  }
  std::printf("\n");
  tell("deterministic report:", report);
  std::printf("%-22s fits in %d of %d\n", "first runbook:", runbooks, report.asked);
  if (questions > 0)
    std::printf("%-22s %.0f input tokens on average, $%.4f expected, $%.4f at most (%s)\n",
                "first question:", tokens / questions, usd / questions, most_usd / questions,
                settings.question.model.c_str());
  if (live) {
    tell("model:", model);
    std::printf("%-22s %d of %d; $%.4f paid in all\n", "main claim verified:", model.verified, model.asked,
                paid);
  }
  if (!directory.empty()) {
    std::printf("\nthe deterministic report of recorded faults\n");
    if (const auto done = score_recordings(directory, loaded.config); !done) return fail_with(done.error());
  }
  return 0;
}
