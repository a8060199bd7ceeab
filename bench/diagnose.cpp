// Root cause ranking on recordings with known faults: at each labelled time `diagnose` gets the bad stretch
// and, as history, all earlier data of the recording outside other faults.
//   bench_diagnose [-v] DIR...    (docs.ndjson.zst, labels.json, metrics.ndjson.zst where there is one)
#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "correlate/diagnose.hpp"
#include "correlate/pattern_counts.hpp"
#include "correlate/pattern_miner.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace sentinel;

constexpr Duration kSlice = seconds(60);

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream buffer;
  buffer << file.rdbuf();
  return buffer.str();
}

std::string unpack(const std::string& packed) {
  std::string out;
  std::vector<char> chunk(ZSTD_DStreamOutSize());
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer piece{chunk.data(), chunk.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(context, &piece, &in)) != 0) break;
    out.append(chunk.data(), piece.pos);
  }
  ZSTD_freeDCtx(context);
  return out;
}

void for_each_line(const fs::path& path, const std::function<void(const json&)>& use) {
  const std::string packed = read_file(path);
  const std::string text = path.extension() == ".zst" ? unpack(packed) : packed;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    if (end > begin)
      use(json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                      text.begin() + static_cast<std::ptrdiff_t>(end)));
    begin = end + 1;
  }
}

Time time_of(const json& document, const char* key) {
  return parse_rfc3339(document.at(key).get<std::string>()).value_or(Time{});
}

model::LogEvent to_event(const json& d) {
  model::LogEvent e;
  const auto text = [&](const char* key) { return d.value(key, std::string()); };
  e.time = time_of(d, "@timestamp");
  e.service = text("service.name");
  e.message = text("message");
  e.trace_id = text("trace.id");
  e.span_id = text("span.id");
  e.parent_id = text("parent.id");
  e.peer = text("peer.service");
  e.host = text("host.name");
  e.level = model::parse_level(text("level"));
  e.status_code = d.value("status_code", std::int16_t{0});
  e.is_span = text("event.kind") == "span";
  e.span_kind = model::parse_span_kind(text("span.kind"));
  if (d.contains("duration_ms")) e.duration_ms = d["duration_ms"].get<float>();
  return e;
}

struct Fault {
  std::string id;
  std::string service;
  std::string type;
  model::TimeRange during;
};

struct Recording {
  std::vector<model::LogEvent> events;
  std::vector<std::string> pattern;  // per event: its pattern
  std::vector<model::MetricSlice> metrics;
  std::vector<Fault> faults;
};

Recording load(const fs::path& folder, correlate::PatternMiner& miner) {
  Recording r;
  for_each_line(folder / "docs.ndjson.zst", [&](const json& d) {
    r.events.push_back(to_event(d));
    r.pattern.push_back(r.events.back().is_span ? std::string() : miner.learn(r.events.back().message));
  });
  if (fs::exists(folder / "metrics.ndjson.zst"))
    for_each_line(folder / "metrics.ndjson.zst", [&](const json& d) {
      for (const auto& [key, value] : d.items())
        if (value.is_number())
          r.metrics.push_back({d.at("service.name"), key, align_down(time_of(d, "@timestamp"), kSlice), 1,
                               value.get<double>()});
    });
  for (const auto& l : json::parse(read_file(folder / "labels.json"))) {
    const Time from = std::min(time_of(l, "inject_time"), time_of(l, "inject_time_alt"));
    r.faults.push_back({l.at("id"), l.at("service"), l.value("fault_type", ""), {from, from + minutes(3)}});
  }
  return r;
}

struct Builder {
  correlate::Input input;
  std::map<std::pair<Time, std::string>, model::Slice> slices;
  std::map<std::tuple<bool, Time, std::string, std::string>, model::CallSlice> calls;
  correlate::PatternCounts patterns[2];

  void add(const model::LogEvent& e, const std::string& pattern, bool during) {
    (during ? input.events : input.events_before).push_back(e);
    const Time start = align_down(e.time, kSlice);
    if (model::is_outgoing(e.span_kind)) {
      if (e.peer.empty()) return;
      auto& c = calls[{during, start, e.service, e.peer}];
      c.caller = e.service;
      c.callee = e.peer;
      c.start = start;
      c.calls += 1;
      c.errors += e.failed() ? 1 : 0;
      if (e.has_duration()) c.latency.add_ms(e.duration_ms);
    } else {
      auto& s = slices[{start, e.service}];
      s.service = e.service;
      s.start = start;
      s.docs += 1;
      s.errors += e.failed() ? 1 : 0;
      if (e.has_duration()) s.latency.add_ms(e.duration_ms);
    }
    if (!pattern.empty()) patterns[during ? 1 : 0].add(pattern, e);
  }
};

std::vector<model::Cause> diagnose(const Recording& r, const Fault& fault,
                                   const correlate::PatternMiner& miner) {
  Builder b;
  std::map<Time, int> minutes_before;
  std::map<Time, int> minutes_during;
  const auto in_a_fault = [&](Time t) {
    return std::ranges::any_of(r.faults, [&](const Fault& f) {
      return f.during.from - seconds(60) <= t && t < f.during.to + seconds(60);
    });
  };
  for (std::size_t i = 0; i < r.events.size(); ++i) {
    const auto& e = r.events[i];
    if (e.time >= fault.during.to) break;
    const bool during = fault.during.contains(e.time);
    const bool own_before = fault.during.from - seconds(60) <= e.time;
    if (!during && !own_before && in_a_fault(e.time)) continue;
    b.add(e, r.pattern[i], during);
    (during ? minutes_during : minutes_before)[align_down(e.time, kSlice)] += 1;
  }
  for (const auto& m : r.metrics) {
    if (m.start >= fault.during.to) continue;
    if (m.start + kSlice <= fault.during.from && in_a_fault(m.start)) continue;
    b.input.metrics.push_back(m);
  }
  for (auto& [key, slice] : b.slices) b.input.slices.push_back(std::move(slice));
  for (auto& [key, call] : b.calls)
    (std::get<0>(key) ? b.input.calls : b.input.calls_before).push_back(std::move(call));
  const double windows =
      static_cast<double>(minutes_before.size()) / std::max(1.0, static_cast<double>(minutes_during.size()));
  b.input.patterns = compare(b.patterns[1], b.patterns[0], windows);
  for (auto& p : b.input.patterns) p.text = miner.template_of(p.id);
  b.input.now = fault.during.to;
  if (minutes_during.empty()) return {};
  return correlate::diagnose(b.input, fault.during, correlate::Settings{});
}

void run(const fs::path& folder, bool verbose) {
  correlate::PatternMiner miner({});
  const Recording r = load(folder, miner);
  int top1 = 0;
  int top3 = 0;
  int counted = 0;
  for (const auto& fault : r.faults) {
    const auto causes = diagnose(r, fault, miner);
    const auto it = std::ranges::find(causes, fault.service, &model::Cause::service);
    const auto place = it - causes.begin() + 1;
    const bool has_data =
        std::ranges::any_of(r.events, [&](const auto& e) { return fault.during.contains(e.time); });
    if (has_data) {
      ++counted;
      top1 += place <= 1 && it != causes.end() ? 1 : 0;
      top3 += place <= 3 && it != causes.end() ? 1 : 0;
    }
    if (!verbose) continue;
    fmt::print("{} {:<28} {:<16} place {}{}\n", fault.id, fault.service, fault.type,
               it == causes.end() ? -1 : place, has_data ? "" : " (no data)");
    for (std::size_t i = 0; i < causes.size(); ++i) {
      if (i >= 3 && causes[i].service != fault.service) continue;
      fmt::print("   {:>2} {:<28} p {:.2f} score {:.2f}\n", i + 1, causes[i].service, causes[i].probability,
                 causes[i].score);
      for (const auto& e : causes[i].evidence)
        fmt::print("        {:+.2f} {:<13} {}\n", e.weight, e.kind, e.sentence);
    }
  }
  fmt::print("{:<24} faults {:>3}   top-1 {:>3} ({:.0f} %)   top-3 {:>3} ({:.0f} %)\n",
             folder.filename().string(), counted, top1, 100.0 * top1 / std::max(counted, 1), top3,
             100.0 * top3 / std::max(counted, 1));
}

}  // namespace

int main(int argc, char** argv) {
  bool verbose = false;
  std::vector<fs::path> folders;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "-v")
      verbose = true;
    else
      folders.emplace_back(argv[i]);
  }
  if (folders.empty()) {
    fmt::print(stderr, "usage: bench_diagnose [-v] DIR...\n");
    return 2;
  }
  for (const auto& folder : folders) run(folder, verbose);
}
