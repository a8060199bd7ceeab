#include "correlate/blame_graph.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

namespace sentinel::correlate {
namespace {

constexpr double kMostPassedOn = 0.95;  // something always remains with a service that suffers
constexpr double kLeastShare = 0.1;     // less is coincidence
constexpr double kOrderWeight = 0.7;    // clocks and log buffers disturb the order
constexpr double kTopologyShare = 0.6;
constexpr double kSlowButFailing = 0.3;  // failures were noticed, and this one is slow without failing
constexpr int kReach = 3;
constexpr double kSlowZ = 2;
constexpr int kSteps = 200;  // 0.95^200 is nothing: what still walks then walks in circles

class Builder {
 public:
  Builder(const Facts& facts, const Settings& settings) : facts_(facts), settings_(settings) {
    blame_slow_networks();
  }

  std::vector<Blame> build() {
    for (std::size_t i = 0; i < facts_.edges.size(); ++i) blame_callee(i);
    for (std::size_t s = 0; s < facts_.services.size(); ++s) blame_starving_callers(s);
    for (std::size_t s = 0; s < facts_.services.size(); ++s) blame_by_topology(s);
    std::vector<Blame> edges;
    std::map<std::size_t, double> passed;
    for (const auto& [key, blame] : blames_) passed[blame.from] += blame.share;
    for (auto [key, blame] : blames_) {
      if (passed[blame.from] > kMostPassedOn) blame.share *= kMostPassedOn / passed[blame.from];
      edges.push_back(blame);
    }
    return edges;
  }

  const std::vector<std::optional<std::size_t>>& slow_network() const { return gap_taken_by_; }

 private:
  void blame(std::size_t from, std::size_t to, double share, Blame::Reason reason) {
    share = std::min(share, 1.0);
    if (!(share >= kLeastShare)) return;
    Blame& b = blames_[{from, to}];
    if (share > b.share) b = {from, to, share, reason};
  }

  // Excess waits that no entry span accounts for belong to one end of their edge. The service on which most
  // of the lost time meets, in calls and in being called, takes all of its edges; then the next one (greedy
  // vertex cover).
  void blame_slow_networks() {
    std::vector<std::size_t> slow;
    for (std::size_t i = 0; i < facts_.edges.size(); ++i) {
      const Shift& gap = facts_.edges[i].gap;
      if (gap.known() && gap.z >= kSlowZ && gap.excess_ms > 0) slow.push_back(i);
    }
    gap_taken_by_.assign(facts_.edges.size(), std::nullopt);
    double worst = 0;
    const auto lost = [&](std::size_t i) { return facts_.edges[i].gap.excess_ms / facts_.edges[i].gap.n; };
    for (const auto i : slow) worst = std::max(worst, lost(i));
    while (!slow.empty()) {
      std::map<std::size_t, double> found;
      for (const auto i : slow)
        for (const auto end : {facts_.edges[i].caller, facts_.edges[i].callee}) found[end] += lost(i) / worst;
      std::size_t best = 0;
      double best_cover = -1;
      for (const auto& [service, count] : found) {
        double measured = 0;
        double called = 0;
        for (const auto* edges : {&facts_.out[service], &facts_.in[service]})
          for (const auto e : *edges) measured += facts_.edges[e].gap.known() ? 1 : 0;
        for (const auto e : facts_.in[service]) called += facts_.edges[e].gap.known() ? 1 : 0;
        // A leaf with one caller and its caller explain one slow edge equally well: then the callee it is.
        const double cover = count * count / std::max(1.0, measured) + (called > 0 ? 0.01 : 0) -
                             0.001 * static_cast<double>(facts_.out[service].size());
        if (cover > best_cover) best = service, best_cover = cover;
      }
      std::erase_if(slow, [&](std::size_t i) {
        if (facts_.edges[i].caller != best && facts_.edges[i].callee != best) return false;
        gap_taken_by_[i] = best;
        return true;
      });
    }
  }

  // Share of `complaints` of a service that its ordinary failures (and one deviation of them) do not account
  // for.
  static double unusual_share(const ServiceFacts& service, double complaints) {
    const double usual = service.errors_before + std::sqrt(service.errors_before);
    return std::clamp((complaints - usual) / std::max(complaints, 1.0), 0.0, 1.0);
  }

  void blame_callee(std::size_t i) {
    const EdgeFacts& edge = facts_.edges[i];
    const ServiceFacts& caller = facts_.services[edge.caller];
    const auto put = [&](double share, Blame::Reason reason) {
      blame(edge.caller, edge.callee, share, reason);
    };
    // What a service complains about every day says nothing about today: only failures beyond the usual
    // point.
    const double unusual = unusual_share(caller, caller.failing_events);
    if (edge.mentions > 0)
      put(unusual * edge.mentions / std::max(caller.failing_events, 1.0), Blame::Reason::kMentions);
    const double failed = edge.errors - edge.errors_before;
    if (failed >= 1 && failed > 3 * std::sqrt(edge.errors_before + 1) - 3) {
      const double failures = std::max({caller.errors - caller.errors_before, caller.failing_events, failed});
      put(unusual_share(caller, std::max(caller.failing_events, failed)) * failed / failures,
          Blame::Reason::kCalls);
    }
    if (edge.first_failures > 0 && caller.traced_failures > 0)
      put(unusual * kOrderWeight * edge.first_failures / caller.traced_failures, Blame::Reason::kOrder);
    if (edge.topology && !edge.client.known() && edge.calls == 0) blame_excess(edge);
    if (edge.client.known() && edge.client.z >= kSlowZ && edge.client.excess_ms > 0) {
      double excess = edge.client.excess_ms;
      if (gap_taken_by_[i] == edge.caller) excess -= edge.gap.excess_ms;
      double all = std::max(caller.own.known() && caller.own.z >= kSlowZ ? caller.own.excess_ms : 0, 0.0);
      for (const auto e : facts_.out[edge.caller]) all += std::max(0.0, facts_.edges[e].client.excess_ms);
      if (excess > 0 && all > 0) put(excess / all, Blame::Reason::kSlow);
    }
  }

  // Nobody measured the call: what both sides lost in the same time must do.
  void blame_excess(const EdgeFacts& edge) {
    const ServiceFacts& caller = facts_.services[edge.caller];
    const ServiceFacts& callee = facts_.services[edge.callee];
    // Nobody called it before: whoever began to has changed, not what it calls.
    if (callee.docs_before == 0 && caller.docs_before > 0) return;
    const double failed = extra_errors(callee);
    if (failed > 0 && extra_errors(caller) > 0)
      blame(edge.caller, edge.callee, failed / std::max(extra_errors(caller), failed),
            Blame::Reason::kExcess);
    if (is_slow(caller) && is_slow(callee))
      blame(edge.caller, edge.callee,
            (facts_.only_failures && failed == 0 ? kSlowButFailing : 1) * callee.latency.excess_ms /
                std::max(caller.latency.excess_ms, callee.latency.excess_ms),
            Blame::Reason::kExcess);
  }
  // Failures beyond what the baseline makes now and then.
  static double extra_errors(const ServiceFacts& service) {
    const double extra = service.errors - service.errors_before;
    return extra >= 2 && extra > 2 * std::sqrt(service.errors_before + 1) ? extra : 0;
  }
  static bool is_slow(const ServiceFacts& service) {
    return service.latency.known() && service.latency.z >= 1.5 && service.latency.excess_ms > 0;
  }

  // Fewer calls coming in are the caller's doing, when the caller itself is in trouble.
  void blame_starving_callers(std::size_t s) {
    const ServiceFacts& service = facts_.services[s];
    const bool starves =
        std::ranges::any_of(facts_.in[s], [&](std::size_t e) { return facts_.edges[e].calls_before > 0; });
    if (!starves || service.docs >= 0.5 * service.docs_before) return;
    double before = 0;
    for (const auto e : facts_.in[s]) before += facts_.edges[e].calls_before;
    for (const auto e : facts_.in[s]) {
      const EdgeFacts& edge = facts_.edges[e];
      const double missing = edge.calls_before - edge.calls;
      if (facts_.services[edge.caller].anomalous() && missing > 0.5 * edge.calls_before)
        blame(s, edge.caller, missing / before, Blame::Reason::kStarved);
    }
  }

  bool began_together(const ServiceFacts& a, const ServiceFacts& b) const {
    if (!a.onset || !b.onset) return false;
    const Duration apart = *a.onset < *b.onset ? *b.onset - *a.onset : *a.onset - *b.onset;
    return apart <= settings_.window / 2;
  }

  void blame_by_topology(std::size_t s) {
    const ServiceFacts& service = facts_.services[s];
    if (!service.anomalous()) return;
    for (const auto& [key, b] : blames_)
      if (b.from == s) return;
    // Breadth first along calls. Only down: two callees of one caller are not neighbours of each other.
    std::vector<int> steps(facts_.services.size(), -1);
    steps[s] = 0;
    std::deque<std::size_t> queue{s};
    std::optional<std::size_t> best;
    const auto better = [&](std::size_t a, std::size_t b) {
      const ServiceFacts& x = facts_.services[a];
      const ServiceFacts& y = facts_.services[b];
      if (steps[a] != steps[b]) return steps[a] < steps[b];
      if (x.onset != y.onset) return x.onset < y.onset;
      return x.score > y.score;
    };
    while (!queue.empty()) {
      const std::size_t at = queue.front();
      queue.pop_front();
      if (steps[at] == kReach) continue;
      for (const auto e : facts_.out[at]) {
        const EdgeFacts& edge = facts_.edges[e];
        // A reversed guess from the order of log lines must not lead back up a known call.
        const bool known = edge.span || edge.topology || edge.traces > 0;
        if (!known || steps[edge.callee] >= 0) continue;
        steps[edge.callee] = steps[at] + 1;
        queue.push_back(edge.callee);
        const ServiceFacts& callee = facts_.services[edge.callee];
        if (!callee.anomalous() || !began_together(service, callee)) continue;
        if (!best || better(edge.callee, *best)) best = edge.callee;
      }
    }
    if (best) blame(s, *best, kTopologyShare, Blame::Reason::kTopology);
  }

  const Facts& facts_;
  const Settings& settings_;
  std::map<std::pair<std::size_t, std::size_t>, Blame> blames_;
  std::vector<std::optional<std::size_t>> gap_taken_by_;  // per edge: which end its slow network belongs to
};

}  // namespace

BlameGraph::BlameGraph(const Facts& facts, const Settings& settings) : of_(facts.services.size()) {
  Builder builder(facts, settings);
  edges_ = builder.build();
  slow_network_ = builder.slow_network();
  for (std::size_t i = 0; i < edges_.size(); ++i) of_[edges_[i].from].push_back(i);
}

std::vector<const Blame*> BlameGraph::from(std::size_t service) const {
  std::vector<const Blame*> found;
  for (const auto i : of_[service]) found.push_back(&edges_[i]);
  return found;
}

std::vector<double> BlameGraph::rest_of(std::size_t service) const {
  std::vector<double> start(of_.size(), 0.0);
  start[service] = 1;
  return rest_of(start);
}

std::vector<double> BlameGraph::rest_of(const std::vector<double>& start) const {
  std::vector<double> rest(start.size(), 0.0);
  std::vector<double> walking = start;
  for (int step = 0; step < kSteps; ++step) {
    std::vector<double> next(start.size(), 0.0);
    double moving = 0;
    for (std::size_t s = 0; s < walking.size(); ++s) {
      if (walking[s] <= 0) continue;
      double passed = 0;
      for (const auto i : of_[s]) {
        next[edges_[i].to] += walking[s] * edges_[i].share;
        passed += edges_[i].share;
      }
      rest[s] += walking[s] * (1 - passed);
      moving += walking[s] * passed;
    }
    walking = std::move(next);
    if (moving < 1e-9) break;
  }
  for (std::size_t s = 0; s < walking.size(); ++s) rest[s] += walking[s];
  return rest;
}

}  // namespace sentinel::correlate
