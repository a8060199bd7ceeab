#include "app/backtest/backtest_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

json causes_json(const std::vector<model::Cause>& causes) {
  json list = json::array();
  for (const auto& cause : causes) list.push_back(cause.service);
  return list;
}
std::string causes_text(const std::vector<model::Cause>& causes) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, causes.size()); ++i)
    text += fmt::format("{}{} {:.0f} %", i > 0 ? ", " : "", one_line(causes[i].service, 40),
                        causes[i].probability * 100);
  return text;
}
std::string delay_text(std::optional<Duration> delay) {
  return delay ? fmt::format("{:.0f} s", seconds_of(*delay)) : "-";
}
json delay_json(std::optional<Duration> delay) { return delay ? json(seconds_of(*delay)) : json(); }
std::string rank_text(std::size_t rank) { return rank > 0 ? std::to_string(rank) : "-"; }
double share(std::size_t part, std::size_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::size_t pages(const Run& run) {
  return static_cast<std::size_t>(std::ranges::count_if(
      run.result.openings, [](const auto& o) { return o.severity <= model::Severity::kP2; }));
}
double per_day(std::size_t count, const Run& run) {
  const double days = seconds_of(run.result.to - run.result.from) / 86400;
  return days > 0 ? static_cast<double>(count) / days : 0;
}

}  // namespace

json incident_rows(const std::vector<Opening>& openings) {
  json rows = json::array();
  for (const auto& o : openings)
    rows.push_back({{"id", o.id},
                    {"opened_at", format_rfc3339(o.opened_at)},
                    {"resolved_at", o.resolved_at ? json(format_rfc3339(*o.resolved_at)) : json()},
                    {"severity", model::to_string(o.severity)},
                    {"services", o.services},
                    {"root_cause", causes_json(o.causes)}});
  return rows;
}

json incident_rows(const DiagnosisSummary& summary) {
  json rows = json::array();
  for (const auto& d : summary.faults) {
    json services = json::array();
    if (!d.causes.empty()) services.push_back(d.causes.front().service);
    rows.push_back({{"id", d.id},
                    {"opened_at", format_rfc3339(d.at)},
                    {"resolved_at", json()},
                    {"severity", json()},
                    {"services", services},
                    {"root_cause", causes_json(d.causes)}});
  }
  return rows;
}

json score_json(const Score& s) {
  json faults = json::array();
  for (const auto& f : s.faults)
    faults.push_back({{"id", f.id},
                      {"service", f.service},
                      {"found", f.found()},
                      {"incidents", f.incidents},
                      {"inside", f.inside.empty() ? json() : json(f.inside)},
                      {"delay_s", f.found() ? json(seconds_of(f.delay)) : json()},
                      {"rank", f.rank}});
  return {{"faults", faults},
          {"found", s.found()},
          {"top1", s.top(1)},
          {"top3", s.top(3)},
          {"delay_median_s", delay_json(s.delay(0.5))},
          {"delay_p90_s", delay_json(s.delay(0.9))},
          {"false_incidents", s.false_incidents},
          {"false_per_day", s.false_per_day()},
          {"ignored", s.ignored},
          {"merged", s.merged},
          {"split", s.split},
          {"days", s.days}};
}

json diagnosis_json(const DiagnosisSummary& summary) {
  json faults = json::array();
  for (const auto& d : summary.faults) {
    json causes = json::array();
    for (const auto& c : d.causes) {
      json evidence = json::array();
      for (const auto& e : c.evidence)
        evidence.push_back({{"kind", e.kind}, {"weight", e.weight}, {"sentence", e.sentence}});
      causes.push_back({{"service", c.service}, {"probability", c.probability}, {"evidence", evidence}});
    }
    faults.push_back({{"id", d.id},
                      {"service", d.service},
                      {"at", format_rfc3339(d.at)},
                      {"has_data", d.has_data},
                      {"has_history", d.has_history},
                      {"rank", d.rank},
                      {"causes", causes}});
  }
  return {
      {"faults", faults}, {"counted", summary.counted()}, {"top1", summary.top(1)}, {"top3", summary.top(3)}};
}

std::string incidents_text(const BacktestResult& result, const Style& style) {
  if (result.openings.empty()) return "no incident\n";
  Rows rows = {{"OPENED (UTC)", "FOR", "SEV", "CAUSES", "AFFECTED"}};
  for (const auto& o : result.openings)
    rows.push_back({format_human(o.opened_at),
                    o.resolved_at ? format_duration(*o.resolved_at - o.opened_at) : "open",
                    std::string(model::to_string(o.severity)), causes_text(o.causes),
                    one_line(join(o.services, ", "), 80)});
  return table(rows, style);
}

std::string score_text(const Score& s, const Style& style) {
  Rows rows = {{"FAULT", "SERVICE", "FOUND", "DELAY", "RANK OF CAUSE"}};
  for (const auto& f : s.faults) {
    const std::string found = f.found() ? "yes" : f.inside.empty() ? "no" : "inside " + f.inside;
    rows.push_back({one_line(f.id, 40), one_line(f.service, 50), found, f.found() ? delay_text(f.delay) : "-",
                    rank_text(f.rank)});
  }
  return table(rows, style) +
         fmt::format(
             "\nfound {} of {}; right cause first {}, among three {}; delay median {}, p90 {}\n"
             "false incidents {} ({:.1f} a day){}; merged {}, split {}\n",
             s.found(), s.faults.size(), s.top(1), s.top(3), delay_text(s.delay(0.5)),
             delay_text(s.delay(0.9)), s.false_incidents.size(), s.false_per_day(),
             s.ignored > 0 ? fmt::format(", {} not counted", s.ignored) : "", s.merged, s.split);
}

std::string diagnosis_text(const DiagnosisSummary& summary, const Style& style) {
  Rows rows = {{"FAULT", "SERVICE", "RANK", "CAUSES"}};
  for (const auto& d : summary.faults)
    rows.push_back({one_line(d.id, 40), one_line(d.service, 50), rank_text(d.rank),
                    d.has_data ? causes_text(d.causes) : "(no documents at that time)"});
  return table(rows, style) +
         fmt::format(
             "\n{} of {} faults have documents; right cause first {} ({:.0f} %), among three {} ({:.0f} %)\n",
             summary.counted(), summary.faults.size(), summary.top(1),
             share(summary.top(1), summary.counted()), summary.top(3),
             share(summary.top(3), summary.counted()));
}

std::string difference_text(const Run& a, const Run& b, bool labelled, const Style& style) {
  Rows rows = {{"", "A " + a.config, "B " + b.config, "B - A"}};
  const auto number = [&](const char* name, double x, double y, int digits) {
    rows.push_back({name, fmt::format("{:.{}f}", x, digits), fmt::format("{:.{}f}", y, digits),
                    fmt::format("{:+.{}f}", y - x, digits)});
  };
  const auto count = [&](const char* name, std::size_t x, std::size_t y) {
    number(name, static_cast<double>(x), static_cast<double>(y), 0);
  };
  number("pages a day (P1, P2)", per_day(pages(a), a), per_day(pages(b), b), 1);
  number("incidents a day", per_day(a.result.openings.size(), a), per_day(b.result.openings.size(), b), 1);
  if (!labelled) return table(rows, style);
  count("found", a.score.found(), b.score.found());
  count("missed", a.score.faults.size() - a.score.found(), b.score.faults.size() - b.score.found());
  for (const auto& [name, q] :
       {std::pair{"time to detect, median", 0.5}, std::pair{"time to detect, p90", 0.9}}) {
    const auto x = a.score.delay(q);
    const auto y = b.score.delay(q);
    rows.push_back(
        {name, delay_text(x), delay_text(y), x && y ? fmt::format("{:+.0f} s", seconds_of(*y - *x)) : "-"});
  }
  number("false incidents a day", a.score.false_per_day(), b.score.false_per_day(), 1);
  count("right cause first", a.score.top(1), b.score.top(1));
  count("right cause among three", a.score.top(3), b.score.top(3));
  std::string text = table(rows, style);
  for (std::size_t i = 0; i < a.score.faults.size(); ++i) {
    const bool x = a.score.faults[i].found();
    const bool y = b.score.faults[i].found();
    if (x != y)
      text += fmt::format("only {} finds {} ({})\n", x ? "A" : "B", one_line(a.score.faults[i].id, 40),
                          one_line(a.score.faults[i].service, 50));
  }
  return text;
}

json difference_json(const Run& a, const Run& b, bool labelled) {
  json body = {
      {"pages_per_day", per_day(pages(b), b) - per_day(pages(a), a)},
      {"incidents_per_day", per_day(b.result.openings.size(), b) - per_day(a.result.openings.size(), a)}};
  if (!labelled) return body;
  const auto found = static_cast<std::int64_t>(b.score.found()) - static_cast<std::int64_t>(a.score.found());
  body["found"] = found;
  body["missed"] = -found;
  for (const auto& [name, q] : {std::pair{"delay_median_s", 0.5}, std::pair{"delay_p90_s", 0.9}}) {
    const auto x = a.score.delay(q);
    const auto y = b.score.delay(q);
    body[name] = x && y ? json(seconds_of(*y - *x)) : json();
  }
  body["false_per_day"] = b.score.false_per_day() - a.score.false_per_day();
  return body;
}

}  // namespace sentinel::app
