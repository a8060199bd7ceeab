#include "correlate/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/text.hpp"
#include "correlate/pattern_counts.hpp"
#include "correlate/red_metrics.hpp"

namespace sentinel::correlate {
namespace {

using model::Evidence;
using model::Pattern;

enum Row : std::size_t {
  kBlame,
  kExplained,
  kOnset,
  kLater,
  kSeverity,
  kOwnLatency,
  kNetwork,
  kErrors,
  kNewPattern,
  kVanished,
  kMissingWork,
  kCutShort,
  kBusier,
  kNewCallee,
  kDeploy,
  kResource,
  kRows
};

constexpr std::array<EvidenceKind, kRows> kCatalogue = {{
    {"blame", 3.0, "{share} % of the trouble ends here when each service's blame is followed: {reason}"},
    {"explained", -2.5, "{share} % of its own trouble points on at {other}: {reason}"},
    {"onset", 1.2, "its first sign of trouble ({clock}) came {lead} before any other service's"},
    {"later", -1.0, "its trouble began {lag} after the first service's"},
    {"severity", 0.8, "its {metric} stands out: score {score:.1f}, {observed} where {expected} was expected"},
    {"own_latency", 2.5,
     "its own work took {now} instead of {before}, time spent waiting for others left out"},
    {"network", 2.5,
     "{edges} of its {measured} measured connections lost time on the way: up to {gap} more "
     "than the called side was busy"},
    {"errors", 1.0, "{errors:.0f} of its {docs:.0f} documents failed where {expected:.1f} were expected"},
    {"new_pattern", 1.5, "it logs what it did not log before: \"{text}\" ({count} times)"},
    {"vanished", 1.0,
     "a usual line is missing: \"{text}\" ({count} times where {expected:.0f} were expected)"},
    {"missing_work", 1.5,
     "it did {missing} % less work than before ({docs:.0f} documents where {expected:.0f} "
     "were expected) while its callers changed by {callers} %"},
    {"cut_short", 2.0,
     "its requests break off: {now:.0f} {what} where requests of the same kind made {expected:.0f}"},
    {"busier", 1.0,
     "its requests do more than usual: {now:.0f} {what} where requests of the same kind made {expected:.0f}"},
    {"new_callee", 1.5, "it calls {callee}, which nobody called before; {failed} % of those calls fail"},
    {"deploy", 1.5, "version {version} first appeared at {clock}, {lead} before the trouble"},
    {"resource", 1.5, "its {metric} moved to {now:.4g} from {before:.4g}"},
}};

// Of the most time that any candidate lost in the same way: from here on a loss counts in full.
constexpr double kRelevantShare = 0.25;

// A pattern's rate is compared with a baseline of so many windows; from this surprise on a change is certain.
constexpr double kWindows = 10;
constexpr double kSureChange = 6;

double saturate(double x) { return std::clamp(x, 0.0, 1.0); }
// Two milliseconds more here do not explain a second there.
double relevance(double lost, double most) {
  return most > 0 ? saturate(std::sqrt(std::max(0.0, lost) / (kRelevantShare * most))) : 0;
}
int percent(double share) { return static_cast<int>(std::lround(100 * share)); }
std::string ms(double value) {
  return value < 10 ? fmt::format("{:.1f} ms", value) : fmt::format("{:.0f} ms", value);
}
std::string quoted(const std::string& text) { return one_line(text, 120); }

template <typename... Args>
Evidence evidence(Row row, const Facts& facts, std::size_t service, double strength, const Args&... args) {
  const EvidenceKind& kind = kCatalogue[row];
  Evidence e;
  e.kind = kind.name;
  e.service = facts.services[service].name;
  e.weight = kind.weight * saturate(strength);
  e.sentence = fmt::format(fmt::runtime(kind.sentence), args...);
  return e;
}

std::string reason_text(const Facts& facts, const Blame& blame) {
  const std::string& from = facts.services[blame.from].name;
  const std::string& to = facts.services[blame.to].name;
  switch (blame.reason) {
    case Blame::Reason::kMentions:
      return fmt::format("{} % of the failing messages of {} name {}", percent(blame.share), from, to);
    case Blame::Reason::kCalls:
      return fmt::format("failed calls to {} make up {} % of the failures of {}", to, percent(blame.share),
                         from);
    case Blame::Reason::kSlow:
      return fmt::format("waiting for {} makes up {} % of the time that {} lost", to, percent(blame.share),
                         from);
    case Blame::Reason::kExcess:
      return fmt::format("what {} lost makes up {} % of what {} lost", to, percent(blame.share), from);
    case Blame::Reason::kOrder:
      return fmt::format("{} failed before {} in the traces that both failed in", to, from);
    case Blame::Reason::kStarved:
      return fmt::format("{} calls {} less than before", to, from);
    case Blame::Reason::kTopology:
      return fmt::format("{} calls {} and their trouble began together", from, to);
  }
  return {};
}

using Found = std::vector<Evidence>;

void blame_evidence(const Scene& scene, std::size_t s, Found& found) {
  const Blame* strongest = nullptr;
  for (const auto& edge : scene.blame.edges())
    if (edge.to == s && (!strongest || edge.share > strongest->share)) strongest = &edge;
  if (strongest && scene.rest[s] > 0.02)
    found.push_back(evidence(kBlame, scene.facts, s, scene.rest[s], fmt::arg("share", percent(scene.rest[s])),
                             fmt::arg("reason", reason_text(scene.facts, *strongest))));
  const Blame* onward = nullptr;
  double passed = 0;
  for (const auto* edge : scene.blame.from(s)) {
    passed += edge->share;
    if (!onward || edge->share > onward->share) onward = edge;
  }
  if (onward)
    found.push_back(evidence(kExplained, scene.facts, s, passed, fmt::arg("share", percent(passed)),
                             fmt::arg("other", scene.facts.services[onward->to].name),
                             fmt::arg("reason", reason_text(scene.facts, *onward))));
}

void onset_evidence(const Scene& scene, std::size_t s, Found& found) {
  std::optional<Time> first;
  std::optional<Time> first_other;
  for (const auto c : scene.candidates) {
    const auto& onset = scene.facts.services[c].onset;
    if (!onset) continue;
    first = std::min(first.value_or(*onset), *onset);
    if (c != s) first_other = std::min(first_other.value_or(*onset), *onset);
  }
  const auto& onset = scene.facts.services[s].onset;
  if (!onset || !first_other) return;
  constexpr double kSureLead = 60;  // seconds; clocks of a fleet agree much better than that
  const Duration apart = *onset < *first_other ? *first_other - *onset : *onset - *first;
  if (apart < scene.facts.resolution) return;
  if (*onset < *first_other) {
    const Duration lead = *first_other - *onset;
    found.push_back(evidence(kOnset, scene.facts, s, 0.3 + 0.7 * seconds_of(lead) / kSureLead,
                             fmt::arg("clock", format_clock(*onset)),
                             fmt::arg("lead", format_duration(lead))));
  } else if (*onset > *first) {
    const Duration lag = *onset - *first;
    found.push_back(
        evidence(kLater, scene.facts, s, seconds_of(lag) / kSureLead, fmt::arg("lag", format_duration(lag))));
  }
}

void severity_evidence(const Scene& scene, std::size_t s, Found& found) {
  const ServiceFacts& service = scene.facts.services[s];
  const model::Anomaly* worst = nullptr;
  double worst_of_all = 0;
  for (const auto a : service.anomalies)
    if (!worst || scene.input.anomalies[a].score > worst->score) worst = &scene.input.anomalies[a];
  for (const auto c : scene.candidates) worst_of_all = std::max(worst_of_all, scene.facts.services[c].score);
  if (worst)
    found.push_back(evidence(kSeverity, scene.facts, s, std::sqrt(worst->score / std::max(worst_of_all, 1.0)),
                             fmt::arg("metric", worst->metric), fmt::arg("score", worst->score),
                             fmt::arg("observed", fmt::format("{:.4g}", worst->observed)),
                             fmt::arg("expected", fmt::format("{:.4g}", worst->expected))));
}

// Milliseconds that connections lost whose slowness belongs to this service's end.
double lost_on_the_way(const Scene& scene, std::size_t s) {
  double sum = 0;
  for (const auto* edges : {&scene.facts.in[s], &scene.facts.out[s]})
    for (const auto e : *edges)
      if (scene.blame.slow_network()[e] == s) sum += scene.facts.edges[e].gap.excess_ms;
  return sum;
}

void network_evidence(const Scene& scene, std::size_t s, Found& found) {
  double measured = 0;
  double slow = 0;
  double worst_z = 0;
  double worst_ms = 0;
  for (const auto* edges : {&scene.facts.in[s], &scene.facts.out[s]})
    for (const auto e : *edges) {
      const Shift& gap = scene.facts.edges[e].gap;
      if (!gap.known()) continue;
      measured += 1;
      if (scene.blame.slow_network()[e] != s) continue;
      slow += 1;
      worst_z = std::max(worst_z, gap.z);
      worst_ms = std::max(worst_ms, gap.excess_ms / gap.n);
    }
  if (slow == 0) return;
  double most = 0;
  for (const auto c : scene.candidates) most = std::max(most, lost_on_the_way(scene, c));
  found.push_back(evidence(kNetwork, scene.facts, s,
                           relevance(lost_on_the_way(scene, s), most) * slow / measured * worst_z / 8,
                           fmt::arg("edges", static_cast<int>(slow)),
                           fmt::arg("measured", static_cast<int>(measured)), fmt::arg("gap", ms(worst_ms))));
}

void latency_evidence(const Scene& scene, std::size_t s, Found& found) {
  const ServiceFacts& service = scene.facts.services[s];
  const Shift& shift = service.own.known() ? service.own : service.latency;
  // The part of its slowness that is its own.
  const double own = service.own.known() || service.latency.excess_ms <= 0
                         ? 1
                         : service.own_excess_ms / service.latency.excess_ms;
  double most = 0;
  for (const auto c : scene.candidates) most = std::max(most, scene.facts.services[c].own_excess_ms);
  const double relevant =
      most > 0 ? saturate(std::sqrt(std::max(0.0, service.own_excess_ms) / (kRelevantShare * most))) : 0;
  // Where failures are the trouble, slowness without any is beside the point.
  const bool beside = scene.facts.only_failures && service.errors <= service.errors_before + 2;
  if (shift.known() && shift.z > 1.5)
    found.push_back(
        evidence(kOwnLatency, scene.facts, s, (beside ? 0.3 : 1.0) * own * relevant * (shift.z - 1.5) / 6,
                 fmt::arg("now", ms(shift.mean_ms)), fmt::arg("before", ms(shift.mean_before_ms))));
  network_evidence(scene, s, found);
}

void error_evidence(const Scene& scene, std::size_t s, Found& found) {
  const ServiceFacts& service = scene.facts.services[s];
  const double extra = service.errors - service.errors_before;
  if (extra < 2 || extra < 3 * std::sqrt(service.errors_before + 1)) return;
  found.push_back(evidence(kErrors, scene.facts, s, std::sqrt(extra / std::max(service.docs, 1.0)),
                           fmt::arg("errors", service.errors), fmt::arg("docs", service.docs),
                           fmt::arg("expected", service.errors_before)));
}

// A pattern counts for the services that write it, less when many do, and not when it only names another.
void pattern_evidence(const Scene& scene, std::size_t s, Found& found) {
  const Pattern* best_new = nullptr;
  const Pattern* best_gone = nullptr;
  double new_strength = 0;
  double gone_strength = 0;
  const std::string& name = scene.facts.services[s].name;
  for (const auto i : scene.facts.services[s].patterns) {
    const Pattern& pattern = scene.input.patterns[i];
    double total = 0;
    for (const auto& [other, count] : pattern.services) total += static_cast<double>(count);
    const auto own_count = static_cast<double>(pattern.services.at(name));
    const double share = total > 0 ? own_count / total : 1.0 / static_cast<double>(pattern.services.size());
    const bool bad = pattern.level >= model::Level::kWarning;
    // One odd line a day is everyday business; how sure the change is counts as much as what it says.
    const double sure = saturate(std::abs(surprise(static_cast<double>(pattern.count),
                                                   pattern.baseline_per_window * kWindows, kWindows)) /
                                 kSureChange);
    double strength = share * sure * (bad ? 1.0 : 0.5);
    switch (pattern.change) {
      case Pattern::Change::kNew:
        break;
      case Pattern::Change::kMore:
        strength *= 0.6;
        break;
      case Pattern::Change::kGone:
      case Pattern::Change::kLess:
        strength = share * sure * (pattern.change == Pattern::Change::kGone ? 1.0 : 0.5);
        if (strength > gone_strength) gone_strength = strength, best_gone = &pattern;
        continue;
      case Pattern::Change::kSteady:
        continue;
    }
    if (strength > new_strength) new_strength = strength, best_new = &pattern;
  }
  if (best_new)
    found.push_back(evidence(kNewPattern, scene.facts, s, new_strength,
                             fmt::arg("text", quoted(best_new->text)), fmt::arg("count", best_new->count)));
  if (best_gone)
    found.push_back(evidence(kVanished, scene.facts, s, gone_strength,
                             fmt::arg("text", quoted(best_gone->text)), fmt::arg("count", best_gone->count),
                             fmt::arg("expected", best_gone->baseline_per_window)));
}

// Less work than before although the callers ask as much as ever (or, for an entry, than the fleet's others).
void work_evidence(const Scene& scene, std::size_t s, Found& found) {
  const ServiceFacts& service = scene.facts.services[s];
  // What it did not do just before either is no news.
  const double expected = std::min(service.docs_before, service.docs_lately);
  if (expected < 10) return;
  double calls = 0;
  double calls_before = 0;
  for (const auto e : scene.facts.in[s]) {
    calls += scene.facts.edges[e].calls;
    calls_before += scene.facts.edges[e].calls_before;
  }
  double callers = 1;
  if (calls_before > 0) {
    callers = calls / calls_before;
  } else {
    double docs = 0;
    double docs_before = 0;
    for (const auto& other : scene.facts.services) docs += other.docs, docs_before += other.docs_before;
    docs -= service.docs;
    docs_before -= service.docs_before;
    if (docs_before > 0) callers = docs / docs_before;
  }
  const double work = service.docs / expected;
  const double missing = std::min(callers, 1.0) - work;
  if (missing < 0.3 || missing * expected < 3 * std::sqrt(expected)) return;
  found.push_back(evidence(kMissingWork, scene.facts, s, missing, fmt::arg("missing", percent(1 - work)),
                           fmt::arg("docs", service.docs), fmt::arg("expected", expected),
                           fmt::arg("callers", percent(callers - 1))));
}

// 0..1: how sure and how much of the work per request is missing.
double missing_share(const WorkShift& shift) {
  if (!shift.known() || shift.z > -2) return 0;
  return saturate((1 - shift.ratio()) / 0.4) * saturate((-shift.z - 1) / 4);
}
double cut_of(const ServiceFacts& service) {
  return std::max(missing_share(service.work.lines), missing_share(service.work.calls));
}

// Lines and calls that requests of the same kind made before. What a caller leaves out after its callee broke
// off is the callee's doing.
void request_evidence(const Scene& scene, std::size_t s, Found& found) {
  const ServiceWork& work = scene.facts.services[s].work;
  const double cut = cut_of(scene.facts.services[s]);
  const auto add = [&](Row row, double strength, bool lines) {
    const WorkShift& shift = lines ? work.lines : work.calls;
    found.push_back(evidence(row, scene.facts, s, strength, fmt::arg("now", shift.now),
                             fmt::arg("what", lines ? "lines" : "calls"),
                             fmt::arg("expected", shift.expected)));
  };
  if (cut > 0) {
    double below = 0;
    for (const auto e : scene.facts.out[s])
      below = std::max(below, cut_of(scene.facts.services[scene.facts.edges[e].callee]));
    add(kCutShort, cut * (1 - below), missing_share(work.lines) >= missing_share(work.calls));
    return;
  }
  for (const bool lines : {false, true}) {
    const WorkShift& shift = lines ? work.lines : work.calls;
    if (!shift.known() || shift.z < 2 || shift.ratio() < 1.1) continue;
    add(kBusier, saturate((shift.ratio() - 1) / 0.4) * saturate((shift.z - 1) / 4), lines);
    return;
  }
}

// Whoever begins to call something that was never there has changed.
void new_callee_evidence(const Scene& scene, std::size_t s, Found& found) {
  if (scene.facts.services[s].docs_before == 0) return;
  for (const auto e : scene.facts.out[s]) {
    const ServiceFacts& callee = scene.facts.services[scene.facts.edges[e].callee];
    if (callee.docs_before > 0 || callee.docs < 2 || callee.errors < 2) continue;
    const double failed = callee.errors / callee.docs;
    found.push_back(evidence(kNewCallee, scene.facts, s, failed, fmt::arg("callee", callee.name),
                             fmt::arg("failed", percent(failed))));
    return;
  }
}

void deploy_evidence(const Scene& scene, std::size_t s, Found& found) {
  const ServiceFacts& service = scene.facts.services[s];
  if (!service.deployed) return;
  std::optional<Time> first;
  for (const auto c : scene.candidates)
    if (const auto& onset = scene.facts.services[c].onset) first = std::min(first.value_or(*onset), *onset);
  if (!first || *service.deployed > *first + seconds(30)) return;
  const Duration lead = std::max(*first - *service.deployed, Duration{});
  found.push_back(evidence(kDeploy, scene.facts, s, 1.0, fmt::arg("version", one_line(service.version, 40)),
                           fmt::arg("clock", format_clock(*service.deployed)),
                           fmt::arg("lead", format_duration(lead))));
}

// How much a moved metric says about its own service: what runs out there says most; load and waiting are as
// often made elsewhere.
double telling(const MetricFact& metric, bool latency_known) {
  const MetricMeaning meaning = meaning_of(metric.metric);
  if (meaning.role == MetricRole::kLatency) return latency_known ? 0 : 0.4;
  if (meaning.role == MetricRole::kRequests) return 0;
  if (meaning.role != MetricRole::kOther) return 1;
  return telling_words(metric.metric);
}

void resource_evidence(const Scene& scene, std::size_t s, Found& found) {
  const ServiceFacts& service = scene.facts.services[s];
  const MetricFact* worst = nullptr;
  double most = 0;
  for (const auto& metric : service.metrics) {
    const double strength = telling(metric, service.latency.known()) * saturate((std::abs(metric.z) - 4) / 6);
    if (strength > most) most = strength, worst = &metric;
  }
  if (worst)
    found.push_back(evidence(kResource, scene.facts, s, most, fmt::arg("metric", worst->metric),
                             fmt::arg("now", worst->mean), fmt::arg("before", worst->mean_before)));
}

}  // namespace

std::span<const EvidenceKind> evidence_catalogue() { return kCatalogue; }

std::vector<Evidence> collect_evidence(const Scene& scene, std::size_t service) {
  Found found;
  for (const auto& collect :
       {blame_evidence, onset_evidence, severity_evidence, latency_evidence, error_evidence, pattern_evidence,
        work_evidence, request_evidence, new_callee_evidence, deploy_evidence, resource_evidence})
    collect(scene, service, found);
  std::erase_if(found, [](const Evidence& e) { return e.weight == 0; });
  std::ranges::stable_sort(
      found, [](const Evidence& a, const Evidence& b) { return std::abs(a.weight) > std::abs(b.weight); });
  return found;
}

std::vector<model::Cause> rank(const Scene& scene) {
  std::vector<model::Cause> causes;
  std::optional<Time> first;  // a blamed service that shows nothing itself is as old as the trouble
  for (const auto s : scene.candidates)
    if (const auto& onset = scene.facts.services[s].onset) first = std::min(first.value_or(*onset), *onset);
  for (const auto s : scene.candidates) {
    const ServiceFacts& service = scene.facts.services[s];
    model::Cause cause;
    cause.service = service.name;
    cause.onset = service.onset.value_or(first.value_or(scene.facts.during.from));
    cause.evidence = collect_evidence(scene, s);
    for (const auto& e : cause.evidence) cause.score += e.weight;
    causes.push_back(std::move(cause));
  }
  double highest = 0;
  for (std::size_t i = 0; i < causes.size(); ++i)
    highest = i == 0 ? causes[i].score : std::max(highest, causes[i].score);
  double total = 0;
  for (auto& cause : causes) total += cause.probability = std::exp(cause.score - highest);
  for (auto& cause : causes) cause.probability /= total;
  std::ranges::stable_sort(causes, [](const model::Cause& a, const model::Cause& b) {
    if (a.probability != b.probability) return a.probability > b.probability;
    return a.onset < b.onset;
  });
  int number = 0;
  for (auto& cause : causes)
    for (auto& e : cause.evidence) e.id = fmt::format("E{}", ++number);
  return causes;
}

}  // namespace sentinel::correlate
