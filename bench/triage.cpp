// How well faults are found and their causes named, over recordings with known faults: one row per folder of
// DIR.
//   bench_triage [--config FILE] DIR
// What a folder is used for is decided by what it holds: a gap-free stream is replayed through the engine
// (and diagnosed at each known time as well); documents that exist only around the faults, or one file per
// fault, can only be diagnosed. A folder that holds neither is left out, with the reason.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "app/backtest/backtest.hpp"
#include "app/backtest/diagnosis.hpp"
#include "app/config.hpp"
#include "app/terminal.hpp"

namespace {

namespace fs = std::filesystem;
using namespace sentinel;
using namespace sentinel::app;

// Below this share of slices with documents a recording is pieces, not a stream.
constexpr double kStream = 0.9;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream buffer;
  buffer << file.rdbuf();
  return buffer.str();
}

struct Folder {
  std::string name;
  std::vector<std::string> files;
  std::vector<Label> labels;
  std::vector<correlate::TopologyEdge> edges;
  std::vector<model::TimeRange> ignored;
  bool stream = false;
  std::string unused;  // why; empty: it can be used
};

std::vector<std::string> document_files(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.find(".ndjson") != std::string::npos)
      files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

Result<std::vector<std::unique_ptr<DocumentSource>>> open_all(const std::vector<std::string>& files) {
  std::vector<std::unique_ptr<DocumentSource>> sources;
  for (const auto& path : files) {
    SENTINEL_ASSIGN(auto source, open_recording(path, {}));
    sources.push_back(std::move(source));
  }
  return sources;
}

// Whether log lines and spans lie in (nearly) every minute between the first and the last; why they are no
// use.
Result<void> look_at_documents(Folder& folder) {
  std::set<Time> minutes_seen;
  SENTINEL_ASSIGN(auto sources, open_all(folder.files));
  for (const auto& source : sources) {
    for (; !source->ended();) {
      for (const auto& row : source->document().logs) {
        if (row.extra.find("\"alert.id\"") != std::string_view::npos) {
          folder.unused = "its documents are alerts, not telemetry";
          return {};
        }
        minutes_seen.insert(align_down(row.time, minutes(1)));
      }
      SENTINEL_TRY(source->next());
    }
  }
  if (minutes_seen.empty()) return {};
  const auto span = (*minutes_seen.rbegin() - *minutes_seen.begin()) / minutes(1) + 1;
  folder.stream = static_cast<double>(minutes_seen.size()) >= kStream * static_cast<double>(span);
  return {};
}

Folder read_folder(const fs::path& path) {
  Folder folder{.name = path.filename().string()};
  if (!fs::exists(path / "labels.json")) {
    folder.unused = "no labels.json";
    return folder;
  }
  folder.files = document_files(path);
  if (folder.files.empty()) {
    folder.unused = "no NDJSON documents";
    return folder;
  }
  const auto read = [&]() -> Result<void> {
    SENTINEL_ASSIGN(folder.labels, read_labels(read_file(path / "labels.json")));
    if (fs::exists(path / "edges.json")) {
      SENTINEL_ASSIGN(folder.edges, read_edges(read_file(path / "edges.json")));
    }
    if (fs::exists(path / "ignore.json")) {
      SENTINEL_ASSIGN(folder.ignored, read_ignored(read_file(path / "ignore.json")));
    }
    return look_at_documents(folder);
  };
  if (auto done = read(); !done) folder.unused = done.error().text();
  return folder;
}

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
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);

  std::vector<Row> rows = {{"FOLDER", "MODE", "FOUND", "DELAY", "P90", "TOP-1", "TOP-3", "FALSE (A DAY)"}};
  std::vector<std::string> unused;
  for (const auto& path : folders) {
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
