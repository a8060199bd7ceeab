// What people and the analysis do to incidents, silences and messages: each a decision of a pure room,
// committed.
#include <fmt/format.h>

#include <algorithm>

#include "analyze/report.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "engine/engine_impl.hpp"
#include "incidents/commands.hpp"

namespace sentinel::engine {
namespace {

Result<void> done(const Result<incidents::Outcome>& outcome) {
  if (!outcome) return tl::unexpected<Error>(outcome.error());
  return {};
}

}  // namespace

Result<incidents::Outcome> Engine::Impl::command(
    const std::string& id, Time now,
    const std::function<Result<incidents::Outcome>(const model::Incident&)>& decide) {
  const std::lock_guard lock(mutex);
  SENTINEL_ASSIGN(const auto found, deps.state.incident(id));
  if (!found) return fail(ErrorKind::kNotFound, fmt::format("incident {} not found", id));
  SENTINEL_ASSIGN(auto outcome, decide(*found));
  state::Change change;
  change.incidents = outcome.changed;
  change.events = outcome.events;
  change.outbox = notify::rows_for(outcome.changed, outcome.events, settings.channels, now);
  SENTINEL_TRY(deps.state.commit(change));
  remember(outcome.changed, now);
  log_events(outcome.events, outcome.changed);
  return outcome;
}

Result<void> Engine::acknowledge(const std::string& id, std::string_view who, std::string_view why,
                                 Time now) {
  return done(impl_->command(id, now, [&](const model::Incident& incident) {
    return incidents::acknowledge(incident, who, why, now);
  }));
}
Result<void> Engine::resolve(const std::string& id, std::string_view who, std::string_view why, Time now) {
  return done(impl_->command(
      id, now, [&](const model::Incident& incident) { return incidents::resolve(incident, who, why, now); }));
}
Result<void> Engine::comment(const std::string& id, std::string_view who, std::string_view text, Time now) {
  return done(impl_->command(id, now, [&](const model::Incident& incident) {
    return incidents::comment(incident, who, text, now);
  }));
}
Result<void> Engine::reopen(const std::string& id, std::string_view who, std::string_view why, Time now) {
  return done(impl_->command(
      id, now, [&](const model::Incident& incident) { return incidents::reopen(incident, who, why, now); }));
}

Result<std::string> Engine::merge(const std::string& id, const std::string& into, std::string_view who,
                                  std::string_view why, Time now) {
  SENTINEL_ASSIGN(const auto outcome,
                  impl_->command(id, now, [&](const model::Incident& incident) -> Result<incidents::Outcome> {
                    SENTINEL_ASSIGN(const auto survivor, impl_->deps.state.incident(into));
                    if (!survivor)
                      return fail(ErrorKind::kNotFound, fmt::format("incident {} not found", into));
                    return incidents::merge(incident, *survivor, who, why, now);
                  }));
  return outcome.changed.front().id;
}

Result<std::string> Engine::split(const std::string& id, const std::vector<std::string>& services,
                                  std::string_view who, std::string_view why, Time now) {
  SENTINEL_ASSIGN(const auto outcome,
                  impl_->command(id, now, [&](const model::Incident& incident) -> Result<incidents::Outcome> {
                    SENTINEL_ASSIGN(auto parted, incidents::split(incident, services, who, why, now));
                    for (auto& changed : parted.changed) {
                      if (!changed.analysis)
                        changed.analysis = analyze::deterministic_report(group_of(changed), changed.runbooks);
                    }
                    return parted;
                  }));
  return outcome.changed.front().id;
}

Result<void> Engine::undo(const std::string& id, std::string_view who, std::string_view why, Time now) {
  return done(impl_->command(id, now, [&](const model::Incident& incident) -> Result<incidents::Outcome> {
    SENTINEL_ASSIGN(const auto timeline, impl_->deps.state.timeline(id));
    const auto find = [&](const std::string& other) {
      auto found = impl_->deps.state.incident(other);
      return found ? *found : std::nullopt;
    };
    return incidents::undo(incident, timeline, find, who, why, now);
  }));
}

Result<model::Silence> Engine::put_silence(model::Silence silence, Time now) {
  SENTINEL_TRY(model::check(silence));
  const std::lock_guard lock(impl_->mutex);
  if (silence.id.empty()) {
    SENTINEL_ASSIGN(const auto all, impl_->deps.state.silences());
    const auto taken = [&] {
      return std::any_of(all.begin(), all.end(), [&](const auto& s) { return s.id == silence.id; });
    };
    // Short enough to type, from what it is, so that a replay gives the same.
    std::uint64_t salt = fnv1a(silence.service + "\n" + silence.metric + "\n" + silence.author,
                               static_cast<std::uint64_t>(micros(now)));
    do {
      silence.id = "s-" + hex(salt, 16).substr(0, 6);
      salt = fnv1a("again", salt);
    } while (taken());
  }
  SENTINEL_TRY(impl_->deps.state.put_silence(silence));
  impl_->deps.log.info("silence.put", {{"id", silence.id},
                                       {"service", silence.service},
                                       {"until", format_rfc3339(silence.ends_at)},
                                       {"author", silence.author}});
  return silence;
}

Result<model::Silence> Engine::expire_silence(const std::string& id, std::string_view who, Time now) {
  const std::lock_guard lock(impl_->mutex);
  SENTINEL_ASSIGN(auto all, impl_->deps.state.silences());
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.id == id; });
  if (found == all.end()) return fail(ErrorKind::kNotFound, fmt::format("silence {} not found", id));
  if (found->ends_at <= now) return *found;
  found->ends_at = now;
  if (found->starts_at > now) found->starts_at = now;
  SENTINEL_TRY(impl_->deps.state.put_silence(*found));
  impl_->deps.log.info("silence.expired", {{"id", id}, {"by", who}});
  return *found;
}

Result<void> Engine::silence_incident(const std::string& id, Duration length, std::string_view who,
                                      std::string_view why, Time now) {
  SENTINEL_ASSIGN(const auto incident, impl_->deps.state.incident(id));
  if (!incident) return fail(ErrorKind::kNotFound, fmt::format("incident {} not found", id));
  std::set<std::string> services;
  for (const auto& anomaly : incident->anomalies) services.insert(anomaly.service);
  for (const auto& service : services) {
    model::Silence silence;
    silence.service = service;
    silence.starts_at = now;
    silence.ends_at = now + length;
    silence.author = who;
    silence.reason = why;
    SENTINEL_TRY(put_silence(std::move(silence), now));
  }
  return {};
}

Result<state::OutboxRow> Engine::Impl::change_message(std::int64_t id,
                                                      const std::function<void(state::OutboxRow&)>& change) {
  const std::lock_guard lock(mutex);
  SENTINEL_ASSIGN(auto row, deps.state.outbox_row(id));
  if (!row) return fail(ErrorKind::kNotFound, fmt::format("message {} not found", id));
  using Status = state::OutboxRow::Status;
  if (row->status == Status::kDelivered || row->status == Status::kCoalesced)
    return fail(ErrorKind::kConflict, fmt::format("message {} was delivered already", id));
  change(*row);
  SENTINEL_TRY(deps.state.update_outbox(*row));
  return *row;
}

Result<state::OutboxRow> Engine::retry_message(std::int64_t id, Time now) {
  return impl_->change_message(id, [now](state::OutboxRow& row) {
    row.status = state::OutboxRow::Status::kPending;
    row.due_at = now;
    row.attempts = 0;
  });
}

Result<state::OutboxRow> Engine::drop_message(std::int64_t id, std::string_view who, Time) {
  return impl_->change_message(id, [who](state::OutboxRow& row) {
    row.status = state::OutboxRow::Status::kCoalesced;
    row.last_error = fmt::format("dropped by {}", who);
  });
}

Result<void> Engine::attach_analysis(const std::string& id, model::Analysis analysis, Time now) {
  const std::string text =
      fmt::format("{} explained it, confidence {}{}", analysis.source, model::to_string(analysis.confidence),
                  analysis.note.empty() ? "" : ": " + analysis.note);
  return done(impl_->command(id, now, [&](const model::Incident& incident) -> Result<incidents::Outcome> {
    if (!incident.merged_into.empty())
      return fail(ErrorKind::kConflict,
                  fmt::format("incident {} is part of {} now", id, incident.merged_into));
    incidents::Outcome outcome;
    auto& changed = outcome.changed.emplace_back(incident);
    if (changed.analysis && changed.analysis->source == "deterministic")
      changed.deterministic = std::move(changed.analysis);
    if (changed.deterministic) changed.deterministic->model_note.clear();
    changed.analysis = std::move(analysis);
    changed.updated_at = std::max(changed.updated_at, now);
    outcome.events.push_back(
        {.incident_id = id, .at = now, .kind = "analyzed", .actor = changed.analysis->source, .text = text});
    return outcome;
  }));
}

Result<void> Engine::note_no_analysis(const std::string& id, std::string_view why, Time now) {
  return done(impl_->command(id, now, [&](const model::Incident& incident) -> Result<incidents::Outcome> {
    incidents::Outcome outcome;
    if (!incident.analysis || incident.analysis->model_note == why) return outcome;
    auto& changed = outcome.changed.emplace_back(incident);
    changed.analysis->model_note = std::string(why);
    return outcome;
  }));
}

}  // namespace sentinel::engine
