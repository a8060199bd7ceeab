#include "notify/pump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "notify/payload.hpp"
#include "notify/policy.hpp"

namespace sentinel::notify {
namespace {

using state::OutboxRow;
using Status = OutboxRow::Status;

constexpr std::size_t kPage = 1000;  // rows in memory at once

MetricLabels label(const std::string& name) { return {{"channel", name}}; }

}  // namespace

Pump::Pump(Deps deps, std::string name, Rate rate, std::uint64_t seed)
    : deps_(deps),
      name_(std::move(name)),
      rate_(rate),
      rng_(seed),
      tokens_(rate.burst),
      delivered_(deps.metrics.counter("sentinelops_notify_delivered_total", "Messages that a channel took.",
                                      label(name_))),
      failed_(deps.metrics.counter("sentinelops_notify_failed_total",
                                   "Attempts that failed and are repeated.", label(name_))),
      parked_(deps.metrics.counter("sentinelops_notify_parked_total", "Messages that wait for a person.",
                                   label(name_))) {}

std::string Pump::memory_name(const std::string& incident_id) const {
  return "notify/" + name_ + "/" + incident_id;
}

bool Pump::take_token(Time now) {
  if (filled_ && now > *filled_)
    tokens_ = std::min(rate_.burst, tokens_ + rate_.per_second * seconds_of(now - *filled_));
  filled_ = filled_ ? std::max(*filled_, now) : now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

// 1 s, doubled each time, with a quarter of jitter so that channels that failed together do not return
// together.
Duration Pump::backoff(int attempts) {
  const double base = std::min(seconds_of(kLongestWait), std::ldexp(1.0, std::min(attempts, 20) - 1));
  return Duration(static_cast<std::int64_t>(base * rng_.uniform(0.75, 1.25) * 1e6));
}

Result<PumpReport> Pump::pump(Time now, std::stop_token stop) {
  PumpReport report;
  if (not_before_ > now) {
    report.next = not_before_;
    return report;
  }
  SENTINEL_ASSIGN(auto rows, deps_.state.due_outbox(name_, now, kPage));
  // By incident, in the order of the oldest row of each.
  std::vector<std::vector<OutboxRow>> queues;
  std::map<std::string, std::size_t> where;
  for (auto& row : rows) {
    const auto [at, is_new] = where.try_emplace(row.incident_id, queues.size());
    if (is_new) queues.emplace_back();
    queues[at->second].push_back(std::move(row));
  }
  for (auto& queue : queues) {
    // A rate limit may have paused the channel meanwhile.
    if (not_before_ > now || stop.stop_requested()) {
      report.next = std::max(now, not_before_);
      break;
    }
    if (!take_token(now)) {
      report.next =
          std::min(report.next,
                   now + Duration(static_cast<std::int64_t>((1 - tokens_) / rate_.per_second * 1e6) + 1000));
      break;
    }
    SENTINEL_TRY(deliver(std::move(queue), now, stop, report));
  }
  if (rows.size() == kPage && report.delivered > 0)
    report.next = std::min(report.next, std::max(now, not_before_));
  if (not_before_ <= now) SENTINEL_TRY(refresh(now, stop));
  if (const auto every = deps_.channel.refresh_every()) report.next = std::min(report.next, now + *every / 4);
  return report;
}

Result<void> Pump::deliver(std::vector<OutboxRow> rows, Time now, std::stop_token stop, PumpReport& report) {
  state::Change change;
  const auto settle = [&](Status status, const std::string& why) {
    for (auto& row : rows) {
      row.status = status;
      row.last_error = why;
    }
    change.outbox_updates = rows;
    return deps_.state.commit(change);
  };
  const std::string id = rows.front().incident_id;
  std::vector<model::IncidentEvent> events;
  std::optional<model::Incident> incident;
  for (const auto& row : rows) {
    auto payload = read_payload(row.payload);
    if (!payload) return settle(Status::kParked, payload.error().text());
    events.push_back(std::move(payload->event));
    if (payload->incident) incident = std::move(payload->incident);
  }
  if (!incident) {
    SENTINEL_ASSIGN(incident, deps_.state.incident(id));
    if (!incident) return settle(Status::kParked, fmt::format("incident {} is not in the state store", id));
  }
  SENTINEL_ASSIGN(const auto memory, deps_.state.blob(memory_name(id)));
  const bool opens =
      std::any_of(events.begin(), events.end(), [](const auto& e) { return is_opening(e.kind); });
  if (!memory && !opens) return settle(Status::kCoalesced, "the channel was never told of this incident");

  if (!memory && !incident->merged_into.empty())
    return settle(Status::kCoalesced,
                  fmt::format("part of {}, which is told instead", incident->merged_into));

  const Attempt attempt =
      deps_.channel.deliver({*incident, events, memory.value_or(""), rows.back().key, now}, stop);
  if (!attempt.memory.empty() && attempt.memory != memory.value_or(""))
    change.blobs.emplace_back(memory_name(id), attempt.memory);
  if (attempt.kind == Attempt::Kind::kDelivered) {
    failures_ = 0;
    health_ = {};
    delivered_.add();
    ++report.delivered;
    refreshed_[id] = now;
    for (auto& row : rows) {
      row.status = Status::kCoalesced;
      row.last_error = fmt::format("told with message {}", rows.back().id);
    }
    rows.back().status = Status::kDelivered;
    rows.back().last_error.clear();
    ++rows.back().attempts;
    change.outbox_updates = std::move(rows);
    // Said once it is on record: who reads the log may ask the outbox at once.
    SENTINEL_TRY(deps_.state.commit(change));
    deps_.log.info("notify.delivered", {{"channel", name_}, {"incident", id}, {"kind", events.back().kind}});
    return {};
  }

  const int attempts = ++rows.front().attempts;
  const bool parked = attempt.kind == Attempt::Kind::kParked || attempts >= kMostAttempts;
  const std::string why = one_line(attempt.why, 500);
  // Once per failure: the outbox shows each message's own reason.
  const bool news = !health_.failing_since;
  const auto tell = [&, kept = id] {
    if (news)
      deps_.log.warning("notify.failed",
                        {{"channel", name_}, {"incident", kept}, {"reason", why}, {"parked", parked}});
  };
  if (news) health_.failing_since = now;
  health_.why = why;
  if (parked) {
    parked_.add();
    ++report.parked;
    SENTINEL_TRY(settle(Status::kParked, why));
    tell();
    return {};
  }
  failed_.add();
  ++report.retried;
  const Duration wait = std::max(backoff(attempts), attempt.wait.value_or(Duration::zero()));
  if (attempt.whole_channel) {
    const Duration pause = std::max(backoff(++failures_), attempt.wait.value_or(Duration::zero()));
    not_before_ =
        now + std::min<Duration>(pause, std::max<Duration>(minutes(1), attempt.wait.value_or(Duration{})));
  }
  for (auto& row : rows) {
    row.due_at = attempt.whole_channel ? not_before_ : now + wait;
    row.last_error = why;
    report.next = std::min(report.next, row.due_at);
  }
  change.outbox_updates = std::move(rows);
  SENTINEL_TRY(deps_.state.commit(change));
  tell();
  return {};
}

Result<void> Pump::refresh(Time now, std::stop_token stop) {
  const auto every = deps_.channel.refresh_every();
  if (!every) return {};
  SENTINEL_ASSIGN(const auto page, deps_.state.incidents({.active_only = true, .limit = 1000}));
  for (const auto& incident : page.incidents) {
    const auto last = refreshed_.find(incident.id);
    if (last != refreshed_.end() && now - last->second < *every) continue;
    SENTINEL_ASSIGN(const auto memory, deps_.state.blob(memory_name(incident.id)));
    if (!memory) continue;  // never told there
    if (!take_token(now)) return {};
    const auto attempt = deps_.channel.deliver({incident, {}, *memory, incident.id + ":refresh", now}, stop);
    if (attempt.kind == Attempt::Kind::kDelivered) refreshed_[incident.id] = now;
  }
  std::erase_if(refreshed_, [&](const auto& item) { return now - item.second > hours(24); });
  return {};
}

}  // namespace sentinel::notify
