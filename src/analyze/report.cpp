#include "analyze/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace sentinel::analyze {
namespace {

constexpr std::size_t kMaxSteps = 8;
constexpr std::size_t kMaxText = 600;

// First steps by kind of evidence, for outages that no runbook knows. {} is the service.
struct GenericStep {
  std::string_view kind;
  std::string_view step;
};
constexpr std::array<GenericStep, 9> kGenericSteps{{
    {"deploy", "compare {} with its previous version and roll back if errors began with the new one"},
    {"new_pattern", "read the new error lines of {}: they name what failed first"},
    {"own_latency", "look at what {} waits for inside: locks, slow queries, garbage collection, CPU"},
    {"network",
     "check the network between {} and its callers: their client spans are slow while its own are not"},
    {"silence", "check whether {} is running at all, then whether its log shipper is"},
    {"missing_work", "check why {} gets or does less work than its callers expect"},
    {"resource", "check CPU, memory and connections of {}"},
    {"blame", "follow a failed trace from its entry down to {}"},
    {"severity", "check {}'s dependencies and its last changes"},
}};

const model::Anomaly* worst_of(const model::Group& group, const std::string& service) {
  const model::Anomaly* worst = nullptr;
  for (const auto& anomaly : group.anomalies) {
    if (anomaly.service == service && (worst == nullptr || anomaly.score > worst->score)) worst = &anomaly;
  }
  return worst;
}

// The error line that tells most: new before more frequent, then by count.
const model::Pattern* telling_pattern(const model::Group& group, const std::string& service) {
  const auto weight = [](const model::Pattern& p) {
    return p.change == model::Pattern::Change::kNew ? 2 : p.change == model::Pattern::Change::kMore ? 1 : 0;
  };
  const model::Pattern* best = nullptr;
  for (const auto& pattern : group.patterns) {
    const auto own = pattern.services.find(service);
    if (own == pattern.services.end() || pattern.level < model::Level::kWarning || weight(pattern) == 0)
      continue;
    if (best == nullptr ||
        std::pair(weight(pattern), own->second) > std::pair(weight(*best), best->services.at(service)))
      best = &pattern;
  }
  return best;
}

// How sure: how far the first cause leads, and whether there is more than one kind of evidence for it.
model::Confidence confidence_of(const model::Group& group) {
  if (group.causes.empty()) return model::Confidence::kLow;
  const auto& first = group.causes.front();
  const double lead = first.probability - (group.causes.size() > 1 ? group.causes[1].probability : 0.0);
  std::vector<std::string> kinds;
  for (const auto& evidence : first.evidence) {
    if (evidence.weight > 0 && std::find(kinds.begin(), kinds.end(), evidence.kind) == kinds.end())
      kinds.push_back(evidence.kind);
  }
  const bool alone = group.services.size() <= 1 && group.causes.size() <= 1;
  if ((first.probability >= 0.6 && lead >= 0.3 && kinds.size() >= 2) || (alone && kinds.size() >= 2))
    return model::Confidence::kHigh;
  if (first.probability >= 0.4 && lead >= 0.1) return model::Confidence::kMedium;
  return model::Confidence::kLow;
}

std::string root_cause_text(const model::Group& group) {
  if (group.causes.empty()) return "not determined: no evidence beyond the anomalies themselves";
  const auto& cause = group.causes.front();
  const model::Pattern* pattern = telling_pattern(group, cause.service);
  const model::Anomaly* anomaly = worst_of(group, cause.service);
  std::string text = cause.service;
  if (pattern != nullptr) {
    text +=
        fmt::format(": \"{}\"", one_line(pattern->example.empty() ? pattern->text : pattern->example, 160));
  }
  if (anomaly != nullptr) {
    text += fmt::format("{} {}", pattern != nullptr ? ";" : ":", one_line(anomaly->sentence, 240));
  } else if (!cause.evidence.empty()) {
    text += ": " + one_line(cause.evidence.front().sentence, 240);
  }
  text += fmt::format("; since {} UTC", format_clock(cause.onset == Time{} ? group.onset : cause.onset));
  return std::string(utf8_prefix(text, kMaxText));
}

}  // namespace

model::Analysis deterministic_report(const model::Group& group,
                                     std::span<const model::RunbookMatch> runbooks) {
  model::Analysis report;
  report.root_cause = root_cause_text(group);
  report.confidence = confidence_of(group);
  report.affected_services = group.services;
  for (const auto& match : runbooks) {
    // The best runbook in full; of others only what there is room for.
    for (const auto& step : match.runbook.resolution_steps) {
      if (report.remediation_steps.size() < kMaxSteps) report.remediation_steps.push_back(step);
    }
    break;
  }
  if (!runbooks.empty())
    report.note = fmt::format("steps from the runbook \"{}\"", runbooks.front().runbook.title);
  if (report.remediation_steps.empty() && !group.causes.empty()) {
    for (const auto& generic : kGenericSteps) {
      const auto& evidence = group.causes.front().evidence;
      const bool seen = std::any_of(evidence.begin(), evidence.end(),
                                    [&](const auto& e) { return e.kind == generic.kind && e.weight > 0; });
      if (seen)
        report.remediation_steps.push_back(
            fmt::format(fmt::runtime(generic.step), group.causes.front().service));
    }
    if (report.remediation_steps.empty()) {
      report.remediation_steps.push_back(fmt::format("look at {} first: its log around {} UTC",
                                                     group.causes.front().service,
                                                     format_clock(group.onset)));
    }
    report.note = "no runbook matches: general steps by the evidence found";
  }
  std::vector<std::string> others;
  for (const auto& service : group.services) {
    if (group.causes.empty() || service != group.causes.front().service) others.push_back(service);
  }
  const std::string lead = group.causes.empty() ? "an unknown cause" : group.causes.front().service;
  report.summary = others.empty()
                       ? fmt::format("{} is in trouble since {} UTC", lead, format_clock(group.onset))
                       : fmt::format("{} started it at {} UTC; {} affected", lead, format_clock(group.onset),
                                     join(others, ", "));
  return report;
}

}  // namespace sentinel::analyze
