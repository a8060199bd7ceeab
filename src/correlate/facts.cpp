#include "correlate/facts.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <unordered_map>

#include "correlate/name_finder.hpp"
#include "correlate/red_metrics.hpp"
#include "correlate/span_tree.hpp"

namespace sentinel::correlate {
namespace {

using model::LogEvent;
using Edges = std::map<std::pair<std::size_t, std::size_t>, EdgeFacts>;

// A failed request, an error line, or a warning: what a service says when it is not well.
bool complains(const LogEvent& event) { return event.failed() || event.level == model::Level::kWarning; }

std::vector<LogEvent> sorted(const std::vector<LogEvent>& events) {
  std::vector<const LogEvent*> order;
  order.reserve(events.size());
  for (const auto& event : events) order.push_back(&event);
  const auto key = [](const LogEvent* e) {
    return std::tie(e->time, e->trace_id, e->span_id, e->message, e->service, e->level);
  };
  std::ranges::stable_sort(order, [&](const LogEvent* a, const LogEvent* b) { return key(a) < key(b); });
  std::vector<LogEvent> copy;
  copy.reserve(order.size());
  for (const auto* event : order) copy.push_back(*event);
  return copy;
}

class Gatherer {
 public:
  Gatherer(const Input& input, model::TimeRange during, const Settings& settings)
      : input_(input), settings_(settings), events_(sorted(input.events)) {
    facts_.during = during;
    name_services();
    read_measured();
    covered_stretches();
  }

  Facts run() {
    read_anomalies();
    read_slices();
    read_calls();
    read_spans();
    read_failures();
    read_versions();
    read_metrics();
    read_patterns();
    for (const auto& edge : input_.topology)
      if (EdgeFacts* e = edge_of(edge.caller, edge.callee)) e->topology = true;
    find_onsets();
    facts_.out.resize(facts_.services.size());
    facts_.in.resize(facts_.services.size());
    for (auto& [key, edge] : edges_) {
      facts_.out[edge.caller].push_back(facts_.edges.size());
      facts_.in[edge.callee].push_back(facts_.edges.size());
      facts_.edges.push_back(std::move(edge));
    }
    for (auto& service : facts_.services) find_own_excess(service);
    return std::move(facts_);
  }

 private:
  void name_services() {
    std::set<std::string> names(input_.services.begin(), input_.services.end());
    for (const auto& s : input_.slices) names.insert(s.service);
    for (const auto* calls : {&input_.calls, &input_.calls_before})
      for (const auto& c : *calls) names.insert({c.caller, c.callee});
    for (const auto* events : {&input_.events, &input_.events_before})
      for (const auto& e : *events) {
        names.insert(e.service);
        if (model::is_outgoing(e.span_kind)) names.insert(e.peer);
      }
    for (const auto& edge : input_.topology) names.insert({edge.caller, edge.callee});
    for (const auto& m : input_.metrics) names.insert(m.service);
    names.erase("");
    for (const auto& a : input_.anomalies) names.insert(a.service);  // judged, so it exists, even unnamed
    for (const auto& name : names) {
      index_.emplace(name, facts_.services.size());
      facts_.services.emplace_back().name = name;
    }
  }

  // How many slices of time have data at all: recordings and outages of telemetry leave holes, and a hole is
  // not a stretch without errors.
  void covered_stretches() {
    std::set<Time> before;
    std::set<Time> now;
    for (const auto& s : slices_) (is_during(s.start) ? now : before).insert(s.start);
    const auto lately = before.lower_bound(facts_.during.from - settings_.window);
    const auto recent = std::distance(lately, before.end());
    lately_scale_ = recent == 0 ? 0 : static_cast<double>(now.size()) / static_cast<double>(recent);
    facts_.resolution = resolution_of(now);
    slice_scale_ = before.empty() ? 0 : static_cast<double>(now.size()) / static_cast<double>(before.size());
    slices_before_ = before.size();
    std::set<Time> call_before;
    std::set<Time> call_now;
    for (const auto& c : input_.calls_before) call_before.insert(c.start);
    for (const auto& c : input_.calls) call_now.insert(c.start);
    call_scale_ = call_before.empty()
                      ? 0
                      : static_cast<double>(call_now.size()) / static_cast<double>(call_before.size());
  }

  // Buckets wider than a slice: nothing can be told more sharply than they are apart.
  Duration resolution_of(const std::set<Time>& starts) const {
    std::optional<Duration> closest;
    for (auto it = starts.begin(); it != starts.end() && std::next(it) != starts.end(); ++it)
      closest = std::min(closest.value_or(*std::next(it) - *it), *std::next(it) - *it);
    return closest && *closest > settings_.slice ? *closest : Duration{};
  }

  bool is_during(Time start) const { return start + settings_.slice > facts_.during.from; }
  std::optional<std::size_t> index(std::string_view name) const {
    const auto it = index_.find(name);
    return it == index_.end() ? std::nullopt : std::optional(it->second);
  }
  EdgeFacts* edge_of(std::string_view caller, std::string_view callee) {
    const auto from = index(caller);
    const auto to = index(callee);
    return from && to && *from != *to ? &edge_at(*from, *to) : nullptr;
  }
  EdgeFacts& edge_at(std::size_t caller, std::size_t callee) {
    EdgeFacts& edge = edges_[{caller, callee}];
    edge.caller = caller;
    edge.callee = callee;
    return edge;
  }
  static void see(EdgeFacts& edge, Time t) { edge.last_seen = std::max(edge.last_seen.value_or(t), t); }

  void read_anomalies() {
    for (std::size_t i = 0; i < input_.anomalies.size(); ++i) {
      ServiceFacts& service = facts_.services[*index(input_.anomalies[i].service)];
      service.anomalies.push_back(i);
      service.score = std::max(service.score, input_.anomalies[i].score);
      service.only_silent = (service.anomalies.size() == 1 || service.only_silent) &&
                            input_.anomalies[i].metric == model::kSilence;
    }
    facts_.only_failures =
        !input_.anomalies.empty() && std::ranges::all_of(input_.anomalies, [](const auto& a) {
          const MetricRole role = meaning_of(a.metric).role;
          return role == MetricRole::kErrorRate || role == MetricRole::kErrors ||
                 role == MetricRole::kAvailability;
        });
  }

  // Services without a document of their own may tell as much in metrics.
  void read_measured() {
    slices_ = input_.slices;
    std::set<std::string_view> known;
    for (const auto& s : input_.slices) known.insert(s.service);
    for (auto& s : slices_from_metrics(input_.metrics))
      if (!known.contains(s.service)) {
        measured_.insert(s.service);
        slices_.push_back(std::move(s));
      }
  }

  void read_slices() {
    std::vector<ShiftMeter> latency(facts_.services.size());
    for (const auto& slice : slices_) {
      if (slice.service.empty() || slice.start >= facts_.during.to) continue;
      const std::size_t i = *index(slice.service);
      ServiceFacts& service = facts_.services[i];
      const bool now = is_during(slice.start);
      const double scale = now ? 1 : slice_scale_;
      (now ? service.docs : service.docs_before) += scale * static_cast<double>(slice.docs);
      if (!now && slice.start >= facts_.during.from - settings_.window)
        service.docs_lately += lately_scale_ * static_cast<double>(slice.docs);
      (now ? service.errors : service.errors_before) += scale * static_cast<double>(slice.errors);
      latency[i].add(slice.latency, now);
    }
    for (std::size_t i = 0; i < latency.size(); ++i) facts_.services[i].latency = latency[i].measure();
    if (lately_scale_ == 0)
      for (auto& service : facts_.services) service.docs_lately = service.docs_before;
  }

  void read_calls() {
    std::map<std::pair<std::size_t, std::size_t>, ShiftMeter> meters;
    for (const bool now : {false, true}) {
      for (const auto& call : now ? input_.calls : input_.calls_before) {
        EdgeFacts* edge = edge_of(call.caller, call.callee);
        if (!edge) continue;
        const double scale = now ? 1 : call_scale_;
        (now ? edge->calls : edge->calls_before) += scale * static_cast<double>(call.calls);
        (now ? edge->errors : edge->errors_before) += scale * static_cast<double>(call.errors);
        edge->span = true;
        meters[{edge->caller, edge->callee}].add(call.latency, now);
        if (now) see(*edge, std::min(call.start + settings_.slice, facts_.during.to));
      }
    }
    for (auto& [key, meter] : meters) edges_[key].client = meter.measure();
  }

  // Spans say more than slices: own time, network gaps, operation by operation.
  void read_spans() {
    std::map<std::size_t, ShiftMeter> own;
    std::map<std::size_t, ShiftMeter> whole;
    std::map<std::pair<std::size_t, std::size_t>, std::pair<ShiftMeter, ShiftMeter>> waits;
    std::map<std::pair<std::size_t, std::size_t>, std::pair<double, double>> counted;
    const auto before = sorted(input_.events_before);
    for (const bool now : {false, true}) {
      SpanVisitor visitor;
      visitor.entry = [&](const LogEvent& entry, std::string_view operation, double ms, double own_ms) {
        const std::size_t i = *index(entry.service);
        own[i].add(operation, own_ms, now);
        whole[i].add(operation, ms, now);
      };
      visitor.call = [&](const SpanCall& call) {
        EdgeFacts* edge = edge_of(call.caller.service, call.callee);
        if (!edge) return;
        const std::pair key{edge->caller, edge->callee};
        edge->span = true;
        waits[key].first.add(call.operation, call.ms, now);
        if (!std::isnan(call.gap_ms)) waits[key].second.add(call.operation, call.gap_ms, now);
        if (now) {
          see(*edge, call.caller.time);
          counted[key].first += 1;
          if (call.failed) counted[key].second += 1;
        }
      };
      visit_spans(now ? events_ : before, visitor);
    }
    for (auto& [service, work] : compare_work(before, events_))
      if (const auto i = index(service)) facts_.services[*i].work = work;
    for (auto& [i, meter] : own) facts_.services[i].own = meter.measure();
    for (auto& [i, meter] : whole)
      if (const Shift shift = meter.measure(); shift.known()) facts_.services[i].latency = shift;
    for (auto& [key, meters] : waits) {
      EdgeFacts& edge = edges_[key];
      if (const Shift shift = meters.first.measure(); shift.known()) edge.client = shift;
      edge.gap = meters.second.measure();
    }
    for (auto& [key, seen] : counted) {
      EdgeFacts& edge = edges_[key];
      if (edge.calls > 0) continue;  // call slices are complete, events may be a part
      edge.calls = seen.first;
      edge.errors = seen.second;
    }
  }

  // Without spans the time that callees lost is taken off, as far as it is known.
  void find_own_excess(ServiceFacts& service) const {
    if (service.own.known()) {
      service.own_excess_ms = service.own.excess_ms;
      return;
    }
    if (!service.latency.known()) return;
    service.own_excess_ms = service.latency.excess_ms;
    for (const auto e : facts_.out[static_cast<std::size_t>(&service - facts_.services.data())]) {
      const EdgeFacts& edge = facts_.edges[e];
      const Shift& lost = edge.client.known() ? edge.client : facts_.services[edge.callee].latency;
      if (lost.known()) service.own_excess_ms -= std::max(0.0, lost.excess_ms);
    }
    service.own_excess_ms = std::max(0.0, service.own_excess_ms);
  }

  // Who complains, whom they name, and who failed first in the traces that failed in several services.
  void read_failures() {
    std::vector<std::string> names;
    for (const auto& service : facts_.services) names.push_back(service.name);
    const NameFinder finder(names);
    struct Failure {
      std::size_t service;
      Time time;
    };
    std::map<std::string_view, std::vector<Failure>> traces;
    std::map<std::string_view, std::vector<std::size_t>> visits;
    for (const auto& event : events_) {
      const auto i = index(event.service);
      if (!i) continue;
      // A failure, and a line that tells how long a request took, is written on the way back: only lines of
      // the way in tell who called whom.
      const bool way_back = complains(event) || event.has_duration();
      if (!event.trace_id.empty() && !event.is_span && !way_back) {
        auto& visited = visits[event.trace_id];
        if (std::ranges::find(visited, *i) == visited.end()) visited.push_back(*i);
      }
      if (!complains(event)) continue;
      facts_.services[*i].failing_events += 1;
      for (const std::size_t named : finder.find(event.message)) {
        if (named == *i) continue;
        EdgeFacts& edge = edge_at(*i, named);
        edge.mentions += 1;
        see(edge, event.time);
      }
      if (!event.peer.empty() && !event.is_span)
        if (EdgeFacts* edge = edge_of(event.service, event.peer)) edge->mentions += 1, see(*edge, event.time);
      if (event.trace_id.empty()) continue;
      auto& failures = traces[event.trace_id];
      if (std::ranges::none_of(failures, [&](const Failure& f) { return f.service == *i; }))
        failures.push_back({*i, event.time});
    }
    for (const auto& [trace, failures] : traces) {
      for (std::size_t late = 0; late < failures.size(); ++late) {
        facts_.services[failures[late].service].traced_failures += 1;
        for (std::size_t early = 0; early < late; ++early) {
          if (failures[early].time == failures[late].time) continue;
          EdgeFacts& edge = edge_at(failures[late].service, failures[early].service);
          edge.first_failures += 1;
          see(edge, failures[late].time);
        }
      }
    }
    // Log lines alone give an order of visits; it only becomes a link where no better one is known.
    for (const auto& [trace, visited] : visits)
      for (std::size_t i = 1; i < visited.size(); ++i) edge_at(visited[i - 1], visited[i]).traces += 1;
  }

  void read_versions() {
    std::map<std::size_t, std::set<std::string_view>> known;
    for (const auto& event : input_.events_before)
      if (!event.version.empty() && !event.service.empty())
        known[*index(event.service)].insert(event.version);
    for (const auto& event : events_) {
      if (event.version.empty() || event.service.empty()) continue;
      const std::size_t i = *index(event.service);
      auto& versions = known[i];
      const bool first_ever = versions.empty();
      if (!versions.insert(event.version).second || first_ever) continue;
      facts_.services[i].deployed = event.time;
      facts_.services[i].version = event.version;
    }
  }

  void read_metrics() {
    struct Series {
      double n[2] = {0, 0};
      double sum[2] = {0, 0};
      double squares = 0;  // of the baseline
    };
    std::map<std::pair<std::size_t, std::string>, Series> series;
    for (const auto& m : input_.metrics) {
      if (m.count == 0 || m.service.empty() || m.start >= facts_.during.to) continue;
      Series& s = series[{*index(m.service), m.metric}];
      const double mean = m.sum / static_cast<double>(m.count);
      const int now = is_during(m.start) ? 1 : 0;
      s.n[now] += 1;
      s.sum[now] += mean;
      if (now == 0) s.squares += mean * mean;
    }
    for (const auto& [key, s] : series) {
      if (s.n[1] == 0 || s.n[0] < 3) continue;
      // Rate, errors and duration that became slices are no second piece of evidence.
      if (measured_.contains(facts_.services[key.first].name) &&
          meaning_of(key.second).role != MetricRole::kOther)
        continue;
      MetricFact fact{key.second, s.sum[1] / s.n[1], s.sum[0] / s.n[0], 0};
      const double variance = std::max(0.0, s.squares / s.n[0] - fact.mean_before * fact.mean_before);
      const double noise = 0.1 * std::abs(fact.mean_before);
      const double deviation = std::sqrt(variance * (1 / s.n[1] + 1 / s.n[0]) + noise * noise);
      fact.z = deviation > 0 ? (fact.mean - fact.mean_before) / deviation : 0;
      facts_.services[key.first].metrics.push_back(fact);
    }
  }

  void read_patterns() {
    for (std::size_t i = 0; i < input_.patterns.size(); ++i) {
      const auto& pattern = input_.patterns[i];
      if (pattern.change == model::Pattern::Change::kSteady) continue;
      for (const auto& [service, count] : pattern.services)
        if (const auto s = index(service)) facts_.services[*s].patterns.push_back(i);
    }
  }

  // The first slice of the bad stretch with more errors than the baseline explains, or with latencies that
  // moved, sharpened to the first event in it that shows the trouble.
  void find_onsets() {
    std::vector<std::vector<const model::Slice*>> slices(facts_.services.size());
    for (const auto& slice : slices_)
      if (!slice.service.empty() && slice.start < facts_.during.to && is_during(slice.start))
        slices[*index(slice.service)].push_back(&slice);
    for (std::size_t i = 0; i < slices.size(); ++i) {
      ServiceFacts& service = facts_.services[i];
      std::ranges::sort(slices[i], {}, &model::Slice::start);
      const double length = seconds_of(facts_.during.length()) / seconds_of(settings_.slice);
      const double rate = length > 0 ? service.errors_before / length : 0;
      for (const auto* slice : slices[i]) {
        const double errors = static_cast<double>(slice->errors);
        // Without a baseline any error is a sign.
        const bool failing = slices_before_ == 0 ? errors > 0 : errors > rate + 3 * std::sqrt(rate + 1);
        const bool slow = is_slow(service, *slice);
        if (!failing && !slow) continue;
        service.onset = failing ? first_event(i, slice->start).value_or(slice->start) : slice->start;
        break;
      }
    }
    // Anomalies without slices: the first event that complains, else the beginning of the judged window.
    for (const auto& anomaly : input_.anomalies) {
      const std::size_t i = *index(anomaly.service);
      auto& onset = facts_.services[i].onset;
      if (onset) continue;
      onset = first_event(i, anomaly.window.from).value_or(anomaly.window.from);
    }
  }

  bool is_slow(const ServiceFacts& service, const model::Slice& slice) const {
    if (!service.latency.known() || slice.latency.total() < 3) return false;
    // Half way (in ratio) from usual to now; one outlier in a quiet minute is no onset.
    const double limit = std::sqrt(service.latency.mean_ms * service.latency.mean_before_ms);
    const auto slow = static_cast<double>(slice.latency.at_or_above(model::latency_bin(limit)));
    return service.latency.z > 3 && slow >= 2 && slow >= 0.2 * static_cast<double>(slice.latency.total());
  }

  std::optional<Time> first_event(std::size_t service, Time from) const {
    for (const auto& event : events_)
      if (event.time >= from && event.service == facts_.services[service].name && complains(event))
        return event.time;
    return std::nullopt;
  }

  const Input& input_;
  const Settings& settings_;
  std::vector<LogEvent> events_;      // in time order
  std::vector<model::Slice> slices_;  // counted and measured ones
  std::set<std::string> measured_;    // services of the latter
  std::map<std::string, std::size_t, std::less<>> index_;
  Facts facts_;
  Edges edges_;
  double slice_scale_ = 0;
  double lately_scale_ = 0;
  double call_scale_ = 0;
  std::size_t slices_before_ = 0;
};

}  // namespace

std::optional<std::size_t> Facts::index_of(const std::string& service) const {
  const auto it = std::ranges::lower_bound(services, service, {}, &ServiceFacts::name);
  if (it == services.end() || it->name != service) return std::nullopt;
  return static_cast<std::size_t>(it - services.begin());
}

Facts gather(const Input& input, model::TimeRange during, const Settings& settings) {
  return Gatherer(input, during, settings).run();
}

}  // namespace sentinel::correlate
