#include "fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/hash.hpp"

namespace sentinel::scenario {
namespace {
Duration ms(double value) { return Duration(static_cast<std::int64_t>(value * 1000)); }
}  // namespace

Fleet::Fleet(const Story& story, Time start) : story_(story), start_(start), rng_(story.seed) {
  for (const auto& service : story.services) specs_[service.name] = &service;
  for (const auto& change : story.changes) {
    if (change.burst > 0) bursts_.emplace_back(start + change.from, &change);
  }
}

const ChangeSpec* Fleet::change_at(const std::string& service, Time at) const {
  for (const auto& change : story_.changes) {
    if (change.service == service && change.burst == 0 && at >= start_ + change.from &&
        at < start_ + change.to)
      return &change;
  }
  return nullptr;
}

Fleet::Outcome Fleet::call(const std::string& service, Time at, const std::string& trace,
                           const std::string& parent, std::vector<Document>& out) {
  const ServiceSpec& spec = *specs_.at(service);
  const ChangeSpec* change = change_at(service, at);
  if (change != nullptr && change->silent) return {at + ms(2), true, true};
  const double grown = change == nullptr ? 0
                       : change->ramp
                           ? seconds_of(at - start_ - change->from) / seconds_of(change->to - change->from)
                           : 1;
  const double factor = change == nullptr ? 1 : 1 + (change->latency_factor - 1) * grown;
  const double share = change != nullptr && change->errors
                           ? spec.errors + (*change->errors - spec.errors) * grown
                           : spec.errors;

  const double own = spec.latency_ms * factor * std::exp(0.4 * rng_.normal());
  const std::string span = hex(rng_.next());
  bool failed = rng_.chance(share);
  std::string message = failed ? fmt::format("{} could not finish its work after {:.0f} ms", service, own)
                               : fmt::format("{} handled a request in {:.0f} ms", service, own);
  Time now = at + ms(own / 2);
  for (const auto& callee : spec.calls) {
    const Outcome inner = call(callee, now + ms(0.5), trace, span, out);
    now = inner.end + ms(0.5);
    if (inner.failed && !failed) {
      failed = true;
      message = inner.refused ? fmt::format("calling {}: connection refused", callee)
                              : fmt::format("calling {} failed", callee);
    }
  }
  now += ms(own / 2);
  Time arrives = change == nullptr ? now : now + change->delay;
  if (change != nullptr && change->held) arrives = std::max(arrives, start_ + change->to);
  out.push_back({arrives, now, service, message, trace, span, parent,
                 change == nullptr || change->version.empty() ? "1.0" : change->version, spec.host,
                 seconds_of(now - at) * 1000, failed});
  return {now, failed, false};
}

std::vector<Fleet::Document> Fleet::requests(Time from, Time to) {
  std::vector<Document> out;
  for (const auto& service : story_.services) {
    if (service.per_minute <= 0) continue;
    for (Time second = from; second < to; second += seconds(1)) {
      const ChangeSpec* change = change_at(service.name, second);
      const double rate = service.per_minute / 60 * (change == nullptr ? 1 : change->traffic_factor);
      const auto count = rng_.poisson(rate);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::string trace = hex(rng_.next()) + hex(rng_.next());
        call(service.name, second + Duration(rng_.integer(0, 999'999)), trace, "", out);
      }
    }
  }
  for (const auto& [at, change] : bursts_) {
    if (at < from || at >= to) continue;
    for (int i = 0; i < change->burst; ++i) {
      out.push_back({at, at + Duration(i), change->service, "burst of trouble", "", "", "", "1.0",
                     specs_.at(change->service)->host, 20, true});
    }
  }
  for (const auto& [gap_from, gap_to] : story_.fleet_gaps) {
    std::erase_if(out,
                  [&](const Document& d) { return d.at >= start_ + gap_from && d.at < start_ + gap_to; });
  }
  for (const auto& gap : story_.host_gaps) {
    std::erase_if(out, [&](const Document& d) {
      return d.host == gap.host && d.at >= start_ + gap.from && d.at < start_ + gap.to;
    });
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.arrives < b.arrives; });
  return out;
}

}  // namespace sentinel::scenario
