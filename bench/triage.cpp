// How well faults are found and their causes named, over recordings with known faults: one row per folder of
// DIR.
//   bench_triage [--config FILE] DIR
// What a folder is used for is decided by what it holds: a gap-free stream is replayed through the engine
// (and diagnosed at each known time as well); documents that exist only around the faults, or one file per
// fault, can only be diagnosed. A folder that holds neither is left out, with the reason.
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "app/backtest/backtest.hpp"
#include "app/backtest/diagnosis.hpp"
#include "app/config.hpp"
#include "app/terminal.hpp"
#include "recordings.hpp"

namespace {

using namespace sentinel;
using namespace sentinel::app;
using namespace sentinel::bench;

std::string of(std::size_t part, std::size_t whole) {
  return whole == 0 ? "-"
                    : fmt::format("{} of {} ({:.0f} %)", part, whole,
                                  100.0 * static_cast<double>(part) / static_cast<double>(whole));
}
std::string delay_of(const Score& score, double q) {
  const auto delay = score.delay(q);
  return delay ? fmt::format("{:.0f} s", seconds_of(*delay)) : "-";
}

using Row = std::vector<std::string>;

Result<Row> replay(const Folder& folder, engine::Settings settings) {
  settings.topology.insert(settings.topology.end(), folder.edges.begin(), folder.edges.end());
  SENTINEL_ASSIGN(auto sources, open_all(folder.files));
  SENTINEL_ASSIGN(const auto result, run_backtest(std::move(sources), settings));
  const Score s = score(result.openings, folder.labels, folder.ignored, result.to - result.from);
  return Row{folder.name,
             "replay",
             of(s.found(), s.faults.size()),
             delay_of(s, 0.5),
             delay_of(s, 0.9),
             of(s.top(1), s.found()),
             of(s.top(3), s.found()),
             fmt::format("{} ({:.1f})", s.false_incidents.size(), s.false_per_day())};
}

Result<Row> diagnose(const Folder& folder, const fs::path& path, const engine::Settings& settings) {
  DiagnosisInput input;
  SENTINEL_ASSIGN(input.sources, open_all(folder.files));
  input.labels = folder.labels;
  input.folder = path.string();
  input.settings = settings.correlate;
  input.topology = settings.topology;
  input.topology.insert(input.topology.end(), folder.edges.begin(), folder.edges.end());
  SENTINEL_ASSIGN(const auto summary, run_diagnosis(std::move(input)));
  return Row{folder.name,
             "diagnose",
             fmt::format("given {}", summary.counted()),
             "-",
             "-",
             of(summary.top(1), summary.counted()),
             of(summary.top(3), summary.counted()),
             "-"};
}

}  // namespace

int main(int argc, char** argv) {
  std::string config_file;
  fs::path directory;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--config" && i + 1 < argc)
      config_file = argv[++i];
    else
      directory = argv[i];
  }
  if (!fs::is_directory(directory)) {
    fmt::print(
        stderr,
        "usage: bench_triage [--config FILE] DIR   (a folder of folders with labels.json and NDJSON)\n");
    return 2;
  }
  const auto config = load_config(config_file, config_file.empty(), Environment{});
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().text());
    return 2;
  }
  const auto settings = engine_settings(*config);
  std::vector<Row> rows = {{"FOLDER", "MODE", "FOUND", "DELAY", "P90", "TOP-1", "TOP-3", "FALSE (A DAY)"}};
  std::vector<std::string> unused;
  for (const auto& path : folders_of(directory)) {
    Folder folder = read_folder(path);
    const auto add = [&](Result<Row> row) {
      if (row)
        rows.push_back(std::move(*row));
      else
        folder.unused = row.error().text();
    };
    if (folder.unused.empty() && folder.stream) add(replay(folder, settings));
    if (folder.unused.empty()) add(diagnose(folder, path, settings));
    if (!folder.unused.empty()) unused.push_back(fmt::format("{} left out: {}", folder.name, folder.unused));
  }
  fmt::print("{}\n", table(rows, Style{}));
  for (const auto& line : unused) fmt::print("{}\n", line);
}
