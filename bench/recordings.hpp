// Folders of recordings with known faults, as bench_triage and bench_analysis read them: NDJSON documents,
// labels.json, and where there are any edges.json and ignore.json.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "app/backtest/labels.hpp"
#include "app/backtest/recording.hpp"

namespace sentinel::bench {

namespace fs = std::filesystem;
using app::DocumentSource;
using app::Label;

// Below this share of slices with documents a recording is pieces, not a stream.
inline constexpr double kStream = 0.9;

inline std::string read_file(const fs::path& path) {
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

inline std::vector<std::string> document_files(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.find(".ndjson") != std::string::npos)
      files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

inline Result<std::vector<std::unique_ptr<DocumentSource>>> open_all(const std::vector<std::string>& files) {
  std::vector<std::unique_ptr<DocumentSource>> sources;
  for (const auto& path : files) {
    SENTINEL_ASSIGN(auto source, app::open_recording(path, {}));
    sources.push_back(std::move(source));
  }
  return sources;
}

// Whether log lines and spans lie in (nearly) every minute between the first and the last; why they are no
// use.
inline Result<void> look_at_documents(Folder& folder) {
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

inline Folder read_folder(const fs::path& path) {
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
    SENTINEL_ASSIGN(folder.labels, app::read_labels(read_file(path / "labels.json")));
    if (fs::exists(path / "edges.json")) {
      SENTINEL_ASSIGN(folder.edges, app::read_edges(read_file(path / "edges.json")));
    }
    if (fs::exists(path / "ignore.json")) {
      SENTINEL_ASSIGN(folder.ignored, app::read_ignored(read_file(path / "ignore.json")));
    }
    return look_at_documents(folder);
  };
  if (auto done = read(); !done) folder.unused = done.error().text();
  return folder;
}

// The folders of a directory, by name.
inline std::vector<fs::path> folders_of(const fs::path& directory) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);
  return folders;
}

}  // namespace sentinel::bench
