#include "analyze/context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace sentinel::analyze {
namespace {

constexpr std::size_t kLongestLine = 320;  // of one log line
constexpr std::size_t kLongestName = 80;
constexpr std::size_t kLongestStep = 240;

std::string number(double value) {
  if (!std::isfinite(value)) return "-";
  if (value == std::round(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return std::abs(value) >= 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.3g}", value);
}

// Bytes of a line in the request: JSON writes quotes, backslashes and line breaks with two.
std::size_t cost(std::string_view line) {
  return line.size() + 2 + static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
           return c == '"' || c == '\\';
         }));
}

// One record of a section. Higher ranks are dropped first when the budget does not reach.
struct Line {
  std::string text;
  int rank = 0;
};
struct Section {
  std::string name;
  std::vector<Line> lines;
};

class Writer {
 public:
  Writer(const model::Incident& incident, const ContextOptions& options, Redactor& redactor, Context& context)
      : incident_(incident), options_(options), redactor_(redactor), context_(context) {
    if (!options.redact_names) return;
    for (const auto& service : incident.services) redactor.add_name(service, "service");
    for (const auto& link : incident.links) {
      redactor.add_name(link.caller, "service");
      redactor.add_name(link.callee, "service");
    }
    for (const auto& cause : incident.causes) redactor.add_name(cause.service, "service");
    for (const auto& pattern : incident.patterns) {
      for (const auto& [service, count] : pattern.services) redactor.add_name(service, "service");
    }
    for (const auto& event : incident.events) {
      redactor.add_name(event.service, "service");
      redactor.add_name(event.host, "host");
    }
  }

  void first();
  void update(const Before& before);
  std::string render(std::vector<std::string>& dropped);

 private:
  // Whatever came from outside: one line, without the marker, without what must not leave.
  std::string safe(std::string_view text, std::size_t most) {
    // Redacted before it is cut: half a key must not escape its form.
    std::string line = redactor_.redact(one_line(text, 4000));
    for (auto i = line.find(options_.marker); !options_.marker.empty() && i != std::string::npos;
         i = line.find(options_.marker, i))
      line.erase(i, options_.marker.size());
    return one_line(line, most);
  }
  std::string name(std::string_view service) {
    std::string shown = safe(service, kLongestName);
    if (!shown.empty()) names_.insert(shown);
    return shown;
  }
  std::string log_line(std::string_view text) {
    std::string line = safe(text, kLongestLine);
    context_.log_lines.push_back(line);
    return line;
  }
  void cite(const std::string& id, const std::string& sentence, const std::string& service) {
    context_.evidence[id] = sentence;
    context_.evidence_service[id] = service;
  }

  Section incident_section();
  Section anomalies();
  Section causes();
  Section patterns(const std::vector<std::string>& without);
  Section calls();
  Section runbooks();
  Section report();

  const model::Incident& incident_;
  const ContextOptions& options_;
  Redactor& redactor_;
  Context& context_;
  std::set<std::string> names_;
  std::vector<Section> sections_;
};

Section Writer::incident_section() {
  std::vector<std::string> services;
  for (const auto& service : incident_.services) services.push_back(name(service));
  Section section{"incident", {}};
  section.lines.push_back(
      {fmt::format("severity {}, first sign {} UTC, opened {} UTC", model::to_string(incident_.severity),
                   format_human(incident_.onset), format_human(incident_.created_at))});
  section.lines.push_back({"services: " + join(services, ", ")});
  return section;
}

Section Writer::anomalies() {
  Section section{"anomalies", {}};
  // The worst of the members first; a large outage has hundreds.
  std::vector<const model::Anomaly*> sorted;
  for (const auto& anomaly : incident_.anomalies) sorted.push_back(&anomaly);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->score > b->score; });
  int count = 0;
  for (const auto* a : sorted) {
    const std::string id = fmt::format("A{}", ++count);
    const std::string service = name(a->service);
    std::string text =
        fmt::format("{} {} {} z={} observed={} expected={} documents={} window={} {}-{} UTC | {}", service,
                    safe(a->metric, kLongestName), model::to_string(a->severity), number(a->score),
                    number(a->observed), number(a->expected), a->docs, format_duration(a->horizon),
                    format_clock(a->window.from), format_clock(a->window.to), safe(a->sentence, 240));
    cite(id, text, service);
    section.lines.push_back({id + " " + text, count <= 3 ? 0 : 40 + std::min(count, 400)});
  }
  return section;
}

Section Writer::causes() {
  Section section{"causes", {}};
  int position = 0;
  for (const auto& cause : incident_.causes) {
    ++position;
    const std::string service = name(cause.service);
    const int rank = position == 1 ? 0 : position <= 3 ? 20 : 60 + std::min(position, 300);
    section.lines.push_back({fmt::format("{} probability={:.2f} first sign {} UTC", service,
                                         cause.probability, format_clock(cause.onset)),
                             rank});
    int seen = 0;
    for (const auto& evidence : cause.evidence) {
      ++seen;
      const std::string id = one_line(evidence.id, 12);
      const std::string text = safe(evidence.sentence, 240);
      cite(id, text, service);
      section.lines.push_back(
          {fmt::format("  {} {} weight={} | {}", id, safe(evidence.kind, 40), number(evidence.weight), text),
           position == 1 ? (seen <= 4 ? 1 : 25) : rank + seen});
    }
  }
  return section;
}

Section Writer::patterns(const std::vector<std::string>& without) {
  Section section{"patterns", {}};
  using Change = model::Pattern::Change;
  int count = 0;
  for (const auto& pattern : incident_.patterns) {
    const std::string id = fmt::format("P{}", ++count);
    if (std::find(without.begin(), without.end(), pattern.id) != without.end()) continue;
    std::vector<std::string> services;
    std::string most;
    std::uint64_t largest = 0;
    for (const auto& [service, n] : pattern.services) {
      const std::string shown = name(service);
      services.push_back(fmt::format("{} {}", shown, n));
      if (n > largest) most = shown, largest = n;
    }
    const bool telling = pattern.change == Change::kNew || pattern.change == Change::kMore;
    const std::string text = log_line(pattern.text);
    cite(id, text, most);
    const int rank = telling ? (count <= 6 ? 5 : 30 + std::min(count, 400)) : 70 + std::min(count, 400);
    section.lines.push_back(
        {fmt::format("{} {} {} count={} usual={} {}-{} UTC in: {} | {}", id, model::to_string(pattern.change),
                     model::to_string(pattern.level), pattern.count, number(pattern.baseline_per_window),
                     format_clock(pattern.first_seen), format_clock(pattern.last_seen), join(services, ", "),
                     text),
         rank});
    if (!pattern.example.empty() && pattern.example != pattern.text)
      section.lines.push_back({fmt::format("  example: {}", log_line(pattern.example)), rank + 10});
  }
  return section;
}

Section Writer::calls() {
  Section section{"calls", {}};
  int count = 0;
  for (const auto& link : incident_.links) {
    const std::string id = fmt::format("L{}", ++count);
    const std::string callee = name(link.callee);
    const std::string text =
        fmt::format("{} -> {} calls={} failed={} blame={:.2f} known by {}", name(link.caller), callee,
                    number(link.calls), number(link.errors), link.blame, model::to_string(link.source));
    cite(id, text, callee);
    section.lines.push_back({id + " " + text, link.blame > 0.2 ? 15 : 65 + std::min(count, 400)});
  }
  return section;
}

Section Writer::runbooks() {
  Section section{"runbooks", {}};
  int count = 0;
  for (const auto& match : incident_.runbooks) {
    if (++count > 3) break;
    const std::string id = fmt::format("R{}", count);
    const std::string title = safe(match.runbook.title, 160);
    cite(id, title, "");
    const int rank = count == 1 ? 10 : 50 + count;
    section.lines.push_back(
        {fmt::format("{} {} | cause then: {}", id, title, safe(match.runbook.root_cause, kLongestStep)),
         rank});
    int steps = 0;
    for (const auto& step : match.runbook.resolution_steps) {
      if (++steps > 8) break;
      section.lines.push_back({"  - " + safe(step, kLongestStep), rank + 1});
    }
  }
  return section;
}

Section Writer::report() {
  Section section{"report", {}};
  const auto& report = incident_.deterministic ? incident_.deterministic : incident_.analysis;
  if (!report || report->source != "deterministic") return section;
  section.lines.push_back(
      {fmt::format("confidence {} | {}", model::to_string(report->confidence), safe(report->root_cause, 400)),
       2});
  return section;
}

void Writer::first() {
  sections_ = {incident_section(), anomalies(), causes(), patterns({}), calls(), runbooks(), report()};
}

void Writer::update(const Before& before) {
  Section earlier{"earlier", {}};
  earlier.lines.push_back(
      {fmt::format("severity {}, leading cause {} | {}", model::to_string(before.severity),
                   name(before.leading_cause), safe(before.root_cause, 400))});
  Section difference{"difference", {}};
  if (before.severity != incident_.severity)
    difference.lines.push_back({fmt::format("severity was {}, is {}", model::to_string(before.severity),
                                            model::to_string(incident_.severity))});
  for (const auto& service : incident_.services) {
    if (std::find(before.services.begin(), before.services.end(), service) == before.services.end())
      difference.lines.push_back({fmt::format("{} is affected now", name(service))});
  }
  for (const auto& service : before.services) {
    if (std::find(incident_.services.begin(), incident_.services.end(), service) == incident_.services.end())
      difference.lines.push_back({fmt::format("{} is not counted any more", name(service))});
  }
  if (!incident_.causes.empty() && incident_.causes.front().service != before.leading_cause)
    difference.lines.push_back({fmt::format("the leading cause was {}, is {}", name(before.leading_cause),
                                            name(incident_.causes.front().service))});
  // Of what was told before, only the anomalies of new members; causes stand anew, since their ids may.
  Section news = anomalies();
  std::set<std::string> known;
  for (const auto& service : before.services) known.insert(safe(service, kLongestName));
  std::erase_if(news.lines, [&](const Line& line) {
    const auto from = line.text.find(' ') + 1;
    return known.contains(line.text.substr(from, line.text.find(' ', from) - from));
  });
  sections_ = {incident_section(), std::move(earlier), std::move(difference),
               std::move(news),    causes(),           patterns(before.pattern_ids)};
}

std::string Writer::render(std::vector<std::string>& dropped) {
  std::size_t size = 120;
  std::vector<std::pair<int, std::pair<std::size_t, std::size_t>>> order;  // rank, place
  for (std::size_t s = 0; s < sections_.size(); ++s) {
    size += sections_[s].name.size() + 2 * options_.marker.size() + 24;
    for (std::size_t l = 0; l < sections_[s].lines.size(); ++l) {
      size += cost(sections_[s].lines[l].text);
      order.push_back({sections_[s].lines[l].rank, {s, l}});
    }
  }
  // What tells least goes first; among equals the later.
  std::sort(order.begin(), order.end(), std::greater<>());
  std::vector<std::set<std::size_t>> gone(sections_.size());
  std::map<std::string, int> counts;
  for (const auto& [rank, place] : order) {
    if (options_.most_bytes == 0 || size <= options_.most_bytes) break;
    if (rank == 0) break;
    const auto& section = sections_[place.first];
    gone[place.first].insert(place.second);
    size -= cost(section.lines[place.second].text);
    ++counts[section.name];
    // What was not sent cannot be cited.
    const std::string_view text = trim(section.lines[place.second].text);
    const std::string id(text.substr(0, text.find(' ')));
    context_.evidence.erase(id);
    context_.evidence_service.erase(id);
  }
  for (const auto& [section, count] : counts)
    dropped.push_back(fmt::format("{} line{} of {}", count, count == 1 ? "" : "s", section));
  std::string text = fmt::format("MARKER is {}. Facts of one outage:\n", options_.marker);
  for (std::size_t s = 0; s < sections_.size(); ++s) {
    if (sections_[s].lines.size() == gone[s].size()) continue;
    text += fmt::format("{}:\n<data-{}>\n", sections_[s].name, options_.marker);
    for (std::size_t l = 0; l < sections_[s].lines.size(); ++l) {
      if (!gone[s].contains(l)) text += sections_[s].lines[l].text + "\n";
    }
    text += fmt::format("</data-{}>\n", options_.marker);
  }
  context_.services.assign(names_.begin(), names_.end());
  return text + "Explain this outage.";
}

}  // namespace

Before before_of(const model::Incident& incident) {
  Before before;
  before.severity = incident.severity;
  before.services = incident.services;
  std::sort(before.services.begin(), before.services.end());
  if (!incident.causes.empty()) before.leading_cause = incident.causes.front().service;
  for (const auto& pattern : incident.patterns) before.pattern_ids.push_back(pattern.id);
  if (incident.analysis) before.root_cause = incident.analysis->root_cause;
  return before;
}

Context make_context(const model::Incident& incident, const std::optional<Before>& before,
                     const ContextOptions& options, Redactor& redactor) {
  Context context;
  Writer writer(incident, options, redactor, context);
  before ? writer.update(*before) : writer.first();
  context.text = writer.render(context.dropped);
  if (!incident.causes.empty())
    context.leading_cause =
        one_line(redactor.redact(one_line(incident.causes.front().service, 4000)), kLongestName);
  const auto& report = incident.deterministic ? incident.deterministic : incident.analysis;
  if (report) context.deterministic_confidence = report->confidence;
  return context;
}

std::string occasion_of(const model::Incident& incident) {
  auto before = before_of(incident);
  return sha256_hex(fmt::format("{}\n{}\n{}", model::to_string(before.severity), join(before.services, "\n"),
                                before.leading_cause))
      .substr(0, 16);
}

std::string fingerprint_of(const Context& context, std::string_view marker) {
  std::string text = context.text;
  for (auto i = text.find(marker); !marker.empty() && i != std::string::npos; i = text.find(marker, i))
    text.erase(i, marker.size());
  return sha256_hex(text).substr(0, 16);
}

}  // namespace sentinel::analyze
