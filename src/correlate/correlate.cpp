#include "correlate/correlate.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "correlate/blame_graph.hpp"
#include "correlate/diagnose.hpp"
#include "correlate/evidence.hpp"
#include "correlate/facts.hpp"

namespace sentinel::correlate {
namespace {

// A service without an anomaly of its own is a candidate when this much of the trouble comes to rest there.
constexpr double kBlamedStranger = 0.15;

model::TimeRange judged(const Input& input, const Settings& settings) {
  model::TimeRange during{input.anomalies.front().window.to - settings.window,
                          input.anomalies.front().window.to};
  for (const auto& a : input.anomalies) {
    // A short window begins after the trouble did: what came just before it is no picture of normal times.
    // The beginning of a long one says little about who started what.
    during.from = std::min(during.from, a.window.to - settings.window);
    during.to = std::max({during.to, a.window.to, a.at});
  }
  if (input.now > during.to && input.now < kNever) during.to = input.now;
  // Where an open incident says when its trouble began, that is the stretch: longer or shorter than the
  // windows.
  if (input.since) during.from = std::min(*input.since, during.to - 2 * settings.slice);
  return during;
}

// What came before the bad stretch is a picture of normal times, whatever it was asked with.
Input divided(Input input, Time from) {
  const auto early = [from](const model::LogEvent& e) { return e.time < from; };
  const auto events = std::stable_partition(input.events.begin(), input.events.end(), std::not_fn(early));
  std::move(events, input.events.end(), std::back_inserter(input.events_before));
  input.events.erase(events, input.events.end());
  const auto calls = std::stable_partition(input.calls.begin(), input.calls.end(),
                                           [from](const auto& call) { return call.start >= from; });
  std::move(calls, input.calls.end(), std::back_inserter(input.calls_before));
  input.calls.erase(calls, input.calls.end());
  return input;
}

struct Grouping {
  std::vector<std::size_t> root;  // per service: the group it is in

  std::size_t find(std::size_t s) const {
    while (root[s] != s) s = root[s];
    return s;
  }
};

// Three or more services that fall quiet within minutes of each other have lost the same thing: their
// callers, a network, a shipper. That is one outage, whoever it began with.
void join_shared_drop(const Facts& facts, const Settings& settings, Grouping& grouping) {
  std::vector<std::size_t> quiet;
  for (std::size_t s = 0; s < facts.services.size(); ++s) {
    if (facts.services[s].only_silent) quiet.push_back(s);
  }
  if (quiet.size() < 3) return;
  std::ranges::sort(quiet, {},
                    [&](std::size_t s) { return facts.services[s].onset.value_or(facts.during.from); });
  for (std::size_t i = 1; i < quiet.size(); ++i) {
    const auto& earlier = facts.services[quiet[i - 1]].onset;
    const auto& later = facts.services[quiet[i]].onset;
    if (earlier && later && *later - *earlier > settings.window / 2) continue;
    const auto a = grouping.find(quiet[i - 1]);
    const auto b = grouping.find(quiet[i]);
    if (a != b) grouping.root[std::max(a, b)] = std::min(a, b);
  }
}

// Each suffering service goes where most of its trouble comes to rest. Two outages below one front stay two:
// the front joins the one that hurts it more.
Grouping group(const Facts& facts, const BlameGraph& blame, const Settings& settings) {
  Grouping grouping;
  for (std::size_t s = 0; s < facts.services.size(); ++s) grouping.root.push_back(s);
  const auto near_in_time = [&](std::size_t a, std::size_t b) {
    const auto& x = facts.services[a].onset;
    const auto& y = facts.services[b].onset;
    if (!x || !y) return true;
    return (*x < *y ? *y - *x : *x - *y) <= settings.window;
  };
  for (std::size_t s = 0; s < facts.services.size(); ++s) {
    if (!facts.services[s].anomalous()) continue;
    const auto rest = blame.rest_of(s);
    std::size_t goal = s;
    for (std::size_t t = 0; t < rest.size(); ++t) {
      if (t == s || !near_in_time(s, t)) continue;
      const auto better = [&] {
        if (rest[t] != rest[goal]) return rest[t] > rest[goal];
        return facts.services[t].score > facts.services[goal].score;
      };
      if (rest[t] > 0 && better()) goal = t;
    }
    const auto a = grouping.find(s);
    const auto b = grouping.find(goal);
    if (a != b) grouping.root[std::max(a, b)] = std::min(a, b);
  }
  join_shared_drop(facts, settings, grouping);
  return grouping;
}

model::Link to_link(const Facts& facts, const EdgeFacts& edge, double blame) {
  model::Link link;
  link.caller = facts.services[edge.caller].name;
  link.callee = facts.services[edge.callee].name;
  link.source = edge.span                               ? model::Link::Source::kSpan
                : edge.traces + edge.first_failures > 0 ? model::Link::Source::kTrace
                : edge.mentions > 0                     ? model::Link::Source::kMention
                                                        : model::Link::Source::kTopology;
  link.calls = edge.calls > 0 ? edge.calls : std::max({edge.traces, edge.first_failures, edge.mentions});
  link.errors = std::max({edge.errors, edge.mentions, edge.first_failures});
  link.blame = blame;
  link.last_seen = edge.last_seen.value_or(facts.during.from);
  return link;
}

std::vector<model::Link> links_among(const Facts& facts, const BlameGraph& blame,
                                     const std::set<std::size_t>& members) {
  std::map<std::pair<std::size_t, std::size_t>, double> shares;
  for (const auto& b : blame.edges()) shares[{b.from, b.to}] = b.share;
  std::vector<model::Link> links;
  for (const auto& edge : facts.edges) {
    if (!members.contains(edge.caller) || !members.contains(edge.callee)) continue;
    const auto share = shares.find({edge.caller, edge.callee});
    links.push_back(to_link(facts, edge, share == shares.end() ? 0 : share->second));
  }
  return links;
}

// New before gone, bad before harmless, frequent before rare.
double interest(const model::Pattern& pattern) {
  double value = 0;
  switch (pattern.change) {
    case model::Pattern::Change::kNew:
      value = 4;
      break;
    case model::Pattern::Change::kMore:
      value = 3;
      break;
    case model::Pattern::Change::kGone:
      value = 2;
      break;
    case model::Pattern::Change::kLess:
      value = 1;
      break;
    case model::Pattern::Change::kSteady:
      break;
  }
  return value + (pattern.level >= model::Level::kError     ? 3
                  : pattern.level == model::Level::kWarning ? 1
                                                            : 0);
}

std::vector<model::Pattern> patterns_of(const Input& input, const std::set<std::string>& names) {
  std::vector<model::Pattern> patterns;
  for (const auto& pattern : input.patterns)
    if (std::ranges::any_of(pattern.services, [&](const auto& s) { return names.contains(s.first); }))
      patterns.push_back(pattern);
  std::ranges::sort(patterns, [](const model::Pattern& a, const model::Pattern& b) {
    if (interest(a) != interest(b)) return interest(a) > interest(b);
    if (a.count != b.count) return a.count > b.count;
    return a.id < b.id;
  });
  return patterns;
}

std::vector<model::LogEvent> events_of(const Input& input, const std::set<std::string>& names,
                                       std::size_t limit) {
  std::vector<const model::LogEvent*> chosen;
  for (const auto& event : input.events)
    if (names.contains(event.service) && (event.failed() || event.level == model::Level::kWarning))
      chosen.push_back(&event);
  std::ranges::stable_sort(chosen, [](const auto* a, const auto* b) {
    return std::tie(b->time, a->service, a->message, a->span_id, a->trace_id) <
           std::tie(a->time, b->service, b->message, b->span_id, b->trace_id);
  });
  if (chosen.size() > limit) chosen.resize(limit);
  std::vector<model::LogEvent> events;
  for (const auto* event : chosen) events.push_back(*event);
  return events;
}

std::vector<double> start_weights(const Facts& facts, const std::vector<std::size_t>& members) {
  std::vector<double> start(facts.services.size(), 0.0);
  double total = 0;
  for (const auto s : members) total += start[s] = std::clamp(facts.services[s].score, 1.0, 10.0);
  for (auto& weight : start) weight /= total;
  return start;
}

model::Group describe(const Input& input, const Facts& facts, const BlameGraph& blame,
                      const std::vector<std::size_t>& members, const Settings& settings) {
  model::Group group;
  auto rest = blame.rest_of(start_weights(facts, members));
  std::vector<std::size_t> candidates = members;
  for (std::size_t s = 0; s < rest.size(); ++s)
    if (!facts.services[s].anomalous() && rest[s] >= kBlamedStranger) candidates.push_back(s);
  std::ranges::sort(candidates);
  const Scene scene{input, facts, blame, candidates, std::move(rest)};
  group.causes = rank(scene);

  std::set<std::string> names;
  for (const auto& cause : group.causes) {
    names.insert(cause.service);
    group.services.push_back(cause.service);
  }
  for (const auto s : members)
    for (const auto a : facts.services[s].anomalies) group.anomalies.push_back(input.anomalies[a]);
  std::ranges::sort(group.anomalies, [](const model::Anomaly& a, const model::Anomaly& b) {
    return std::tie(a.service, a.metric, a.at, a.channel) < std::tie(b.service, b.metric, b.at, b.channel);
  });
  group.links = links_among(facts, blame, std::set<std::size_t>(candidates.begin(), candidates.end()));
  group.patterns = patterns_of(input, names);
  group.events = events_of(input, names, settings.max_events);
  group.onset = group.causes.front().onset;
  for (const auto& cause : group.causes) group.onset = std::min(group.onset, cause.onset);
  return group;
}

}  // namespace

std::vector<model::Group> correlate(const Input& asked, const Settings& settings) {
  if (asked.anomalies.empty()) return {};
  const model::TimeRange during = judged(asked, settings);
  const Input input = asked.since ? divided(asked, during.from) : asked;
  const Facts facts = gather(input, during, settings);
  const BlameGraph blame(facts, settings);
  const Grouping grouping = group(facts, blame, settings);
  std::map<std::size_t, std::vector<std::size_t>> members;
  for (std::size_t s = 0; s < facts.services.size(); ++s)
    if (facts.services[s].anomalous()) members[grouping.find(s)].push_back(s);
  std::vector<model::Group> groups;
  for (const auto& [root, services] : members)
    groups.push_back(describe(input, facts, blame, services, settings));
  std::ranges::stable_sort(groups, {}, &model::Group::onset);
  return groups;
}

std::vector<model::Cause> diagnose(const Input& input, model::TimeRange during, const Settings& settings) {
  const Facts facts = gather(input, during, settings);
  if (facts.services.empty()) return {};
  const BlameGraph blame(facts, settings);
  std::vector<std::size_t> all(facts.services.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  // Who shows trouble starts the walk: without anomalies, by how far errors and latency moved.
  std::vector<double> start(all.size(), 0.0);
  double total = 0;
  for (const auto s : all) {
    const ServiceFacts& service = facts.services[s];
    double trouble = service.score;
    // Where somebody has said who suffers, that trouble is the question.
    if (!input.anomalies.empty()) {
      total += start[s] = std::max(trouble, 1e-3);
      continue;
    }
    if (service.latency.known()) trouble = std::max(trouble, service.latency.z - 1);
    const double extra = service.errors - service.errors_before;
    if (extra >= 1) trouble = std::max(trouble, extra / std::sqrt(service.errors_before + 1));
    total += start[s] = std::clamp(trouble, 0.01, 10.0);
  }
  for (auto& weight : start) weight /= total;
  const Scene scene{input, facts, blame, all, blame.rest_of(start)};
  return rank(scene);
}

}  // namespace sentinel::correlate
