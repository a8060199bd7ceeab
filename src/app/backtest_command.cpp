// What would the product have done with this recording?
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/backtest/backtest.hpp"
#include "app/backtest/labels.hpp"
#include "app/session.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::app {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kNotFound, "cannot read " + path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

// {"caller": {"callee": calls}}
Result<std::vector<correlate::TopologyEdge>> read_edges(const std::string& path) {
  SENTINEL_ASSIGN(const auto text, read_file(path));
  SENTINEL_ASSIGN(const auto json, model::parse_json(text));
  std::vector<correlate::TopologyEdge> edges;
  if (!json.is_object())
    return fail(ErrorKind::kInvalid, path + ": must be {\"caller\": {\"callee\": calls}}");
  for (const auto& [caller, callees] : json.items()) {
    if (!callees.is_object())
      return fail(ErrorKind::kInvalid, path + ": must be {\"caller\": {\"callee\": calls}}");
    for (const auto& [callee, calls] : callees.items()) edges.push_back({caller, callee});
  }
  return edges;
}

nlohmann::json incident_rows(const std::vector<model::Incident>& incidents) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& i : incidents) {
    nlohmann::json causes = nlohmann::json::array();
    for (const auto& cause : i.causes) causes.push_back(cause.service);
    rows.push_back(
        {{"id", i.id},
         {"opened_at", format_rfc3339(i.created_at)},
         {"resolved_at", i.resolved_at ? nlohmann::json(format_rfc3339(*i.resolved_at)) : nlohmann::json()},
         {"severity", model::to_string(i.severity)},
         {"services", i.services},
         {"root_cause", causes}});
  }
  return rows;
}

nlohmann::json score_json(const Score& s) {
  nlohmann::json faults = nlohmann::json::array();
  for (const auto& f : s.faults) {
    nlohmann::json row = {
        {"id", f.id}, {"service", f.service}, {"found", !f.incidents.empty()}, {"rank", f.rank}};
    if (!f.incidents.empty()) row["delay_s"] = seconds_of(f.delay);
    faults.push_back(std::move(row));
  }
  return {{"faults", faults},
          {"found", s.found()},
          {"top1", s.top(1)},
          {"top3", s.top(3)},
          {"false_incidents", s.false_incidents},
          {"merged", s.merged},
          {"split", s.split},
          {"days", s.days}};
}

void print_score(const Score& s, const Style& style) {
  std::vector<std::vector<std::string>> rows = {{"FAULT", "SERVICE", "FOUND", "DELAY", "RANK OF CAUSE"}};
  std::vector<Duration> delays;
  for (const auto& f : s.faults) {
    const bool found = !f.incidents.empty();
    if (found) delays.push_back(f.delay);
    rows.push_back({f.id, f.service, found ? "yes" : "no",
                    found ? fmt::format("{:.0f} s", seconds_of(f.delay)) : "-",
                    f.rank > 0 ? std::to_string(f.rank) : "-"});
  }
  print("\n" + table(rows, style));
  std::sort(delays.begin(), delays.end());
  const auto at = [&](double q) {
    return delays.empty()
               ? std::string("-")
               : fmt::format(
                     "{:.0f} s",
                     seconds_of(
                         delays[static_cast<std::size_t>(q * static_cast<double>(delays.size() - 1))]));
  };
  print(fmt::format(
      "\nfound {} of {}; right cause first {}, among three {}; delay median {}, p90 {}\nfalse incidents {} "
      "({:.1f} a day); merged {}, split {}\n",
      s.found(), s.faults.size(), s.top(1), s.top(3), at(0.5), at(0.9), s.false_incidents.size(),
      s.days > 0 ? static_cast<double>(s.false_incidents.size()) / s.days : 0.0, s.merged, s.split));
}

}  // namespace

int backtest_command(const CommonOptions& common, const BacktestOptions& options) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  BacktestInput input{
      .files = options.files, .settings = engine_settings(session->config), .fields = session->config.fields};
  if (!options.edges.empty()) {
    auto edges = read_edges(options.edges);
    if (!edges) return report(edges.error());
    input.settings.topology.insert(input.settings.topology.end(), edges->begin(), edges->end());
  }
  std::vector<Label> labels;
  if (!options.labels.empty()) {
    const auto text = read_file(options.labels);
    if (!text) return report(text.error());
    auto read = read_labels(*text);
    if (!read) return report(Error(read.error()).in(options.labels));
    labels = std::move(*read);
  }
  Result<BacktestResult> result = fail(ErrorKind::kInternal, "not run");
  {
    ProgressBar bar("replaying");
    result = run_backtest(input, [&](double share) { bar.show(share); });
  }
  if (!result) return report(result.error());
  const nlohmann::json rows = incident_rows(result->incidents);
  if (!options.incidents_out.empty()) {
    std::ofstream file(options.incidents_out, std::ios::binary);
    file << rows.dump(1) << "\n";
    if (!file) return report({ErrorKind::kUnavailable, "cannot write " + options.incidents_out, nullptr});
  }
  const Score s = score(result->incidents, labels, result->to - result->from);
  if (common.json) {
    nlohmann::json body = {{"documents", result->documents},
                           {"rejected", result->rejected},
                           {"from", format_rfc3339(result->from)},
                           {"to", format_rfc3339(result->to)},
                           {"incidents", rows}};
    if (!labels.empty()) body["score"] = score_json(s);
    print(body.dump(1) + "\n");
    return 0;
  }
  print(fmt::format("{} documents from {} to {} ({} rejected, {} slices without telemetry)\n\n",
                    group_digits(static_cast<std::int64_t>(result->documents)), format_rfc3339(result->from),
                    format_rfc3339(result->to), result->rejected, result->gap_slices));
  std::vector<std::vector<std::string>> cells = {{"OPENED (UTC)", "SEV", "CAUSES", "AFFECTED"}};
  for (const auto& i : result->incidents) {
    std::string causes;
    for (std::size_t c = 0; c < std::min<std::size_t>(3, i.causes.size()); ++c)
      causes += fmt::format("{}{} {:.0f} %", c > 0 ? ", " : "", one_line(i.causes[c].service, 60),
                            i.causes[c].probability * 100);
    cells.push_back({format_human(i.created_at), std::string(model::to_string(i.severity)), causes,
                     one_line(join(i.services, ", "), 80)});
  }
  print(result->incidents.empty() ? std::string("no incident\n") : table(cells, session->style));
  if (!labels.empty()) print_score(s, session->style);
  return 0;
}

}  // namespace sentinel::app
