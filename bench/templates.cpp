// Template accuracy and speed of the pattern miner over log samples with hand-made templates, in the layout
// of the public loghub collection: DIR/<Log>/<Log>_2k.log_structured_corrected.csv with Content and
// EventTemplate.
//   bench_templates DIR
// GA: share of lines whose group holds exactly the lines of their true group. FGA: F1 over groups. PA: share
// of lines whose template, with every placeholder as <*>, is the true one.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "correlate/pattern_miner.hpp"

namespace {

namespace fs = std::filesystem;
using sentinel::correlate::PatternMiner;

std::vector<std::vector<std::string>> read_csv(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream buffer;
  buffer << file.rdbuf();
  const std::string text = buffer.str();
  std::vector<std::vector<std::string>> rows(1, std::vector<std::string>(1));
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"')
        rows.back().back() += c;
      else if (i + 1 < text.size() && text[i + 1] == '"')
        rows.back().back() += text[++i];
      else
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      rows.back().emplace_back();
    } else if (c == '\n') {
      rows.emplace_back(1);
    } else if (c != '\r') {
      rows.back().back() += c;
    }
  }
  if (rows.back().size() == 1) rows.pop_back();
  return rows;
}

// "<num>.<num>" and "<*>" are the same claim: something variable stands here.
std::string starred(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto end = text[i] == '<' ? text.find('>', i) : std::string::npos;
    if (end != std::string::npos && end - i <= 6) {
      if (!out.ends_with("<*>")) out += "<*>";
      i = end + 1;
    } else {
      out += text[i++];
    }
  }
  return out;
}

struct Score {
  double ga = 0;
  double fga = 0;
  double pa = 0;
  std::size_t groups = 0;
  std::size_t truth = 0;
};

Score score(const std::vector<std::string>& messages, const std::vector<std::string>& truth) {
  PatternMiner miner({});
  std::map<std::string, std::set<std::size_t>> found;
  std::map<std::string, std::set<std::size_t>> real;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    found[miner.learn(messages[i])].insert(i);
    real[truth[i]].insert(i);
  }
  std::set<std::set<std::size_t>> real_groups;
  for (const auto& [name, lines] : real) real_groups.insert(lines);
  Score s;
  double right = 0;
  double exact = 0;
  for (const auto& [id, lines] : found) {
    const std::string text = starred(miner.template_of(id));
    for (const auto i : lines) s.pa += text == starred(truth[i]) ? 1 : 0;
    if (!real_groups.contains(lines)) continue;
    right += static_cast<double>(lines.size());
    exact += 1;
  }
  const auto n = static_cast<double>(messages.size());
  s.ga = right / n;
  s.pa /= n;
  s.groups = found.size();
  s.truth = real.size();
  s.fga = 2 * exact / static_cast<double>(s.groups + s.truth);
  return s;
}

double lines_per_second(const std::vector<std::string>& messages) {
  PatternMiner miner({});
  constexpr int kRounds = 100;
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < kRounds; ++round)
    for (const auto& message : messages) (void)miner.learn(message);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return kRounds * static_cast<double>(messages.size()) / took.count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bench_templates DIR   (DIR/<Log>/<Log>_2k.log_structured_corrected.csv)\n");
    return 2;
  }
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(argv[1]))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);
  fmt::print("{:<12} {:>6} {:>6} {:>6} {:>7} {:>6} {:>12}\n", "log", "GA", "FGA", "PA", "groups", "true",
             "lines/s");
  Score sum;
  double count = 0;
  double seconds_per_line = 0;
  for (const auto& folder : folders) {
    const std::string name = folder.filename().string();
    const fs::path path = folder / (name + "_2k.log_structured_corrected.csv");
    if (!fs::exists(path)) continue;
    const auto rows = read_csv(path);
    const auto column = [&](const char* title) {
      return static_cast<std::size_t>(std::ranges::find(rows[0], title) - rows[0].begin());
    };
    const std::size_t content = column("Content");
    const std::size_t event = column("EventTemplate");
    std::vector<std::string> messages;
    std::vector<std::string> truth;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      if (rows[i].size() <= std::max(content, event)) continue;
      messages.push_back(rows[i][content]);
      truth.push_back(rows[i][event]);
    }
    const Score s = score(messages, truth);
    const double speed = lines_per_second(messages);
    fmt::print("{:<12} {:6.3f} {:6.3f} {:6.3f} {:7} {:6} {:12.0f}\n", name, s.ga, s.fga, s.pa, s.groups,
               s.truth, speed);
    sum.ga += s.ga;
    sum.fga += s.fga;
    sum.pa += s.pa;
    seconds_per_line += 1 / speed;
    count += 1;
  }
  if (count == 0) {
    fmt::print(stderr, "no logs found in {}\n", argv[1]);
    return 1;
  }
  fmt::print("{:<12} {:6.3f} {:6.3f} {:6.3f} {:7} {:6} {:12.0f}\n", "average", sum.ga / count,
             sum.fga / count, sum.pa / count, "", "", count / seconds_per_line);
}
