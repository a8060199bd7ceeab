#include "incidents/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "incidents/merging.hpp"

namespace sentinel::incidents {
namespace {

using model::Incident;
using model::IncidentEvent;

// Data of an event that only follows from an undo: taking it back would be a redo.
constexpr const char* kByUndo = R"({"by":"undo"})";

IncidentEvent told(const Incident& incident, std::string kind, std::string text, std::string_view who,
                   Time now, std::string data = "") {
  return {.incident_id = incident.id,
          .at = now,
          .kind = std::move(kind),
          .actor = std::string(who),
          .text = std::move(text),
          .data = std::move(data)};
}

std::string with_why(std::string text, std::string_view why) {
  return why.empty() ? text : text + ": " + std::string(why);
}

// The newest event that undo can take back. Events that were taken back are named by the `undone` events
// after them.
const IncidentEvent* newest_undoable(std::span<const IncidentEvent> timeline) {
  static const std::set<std::string> kinds = {"acknowledged", "resolved", "reopened", "merged", "split"};
  std::set<std::int64_t> undone;
  for (auto event = timeline.rbegin(); event != timeline.rend(); ++event) {
    if (event->kind == "undone") {
      const auto data = nlohmann::json::parse(event->data, nullptr, false);
      if (data.is_object() && data.contains("number") && data["number"].is_number_integer())
        undone.insert(data["number"].get<std::int64_t>());
      continue;
    }
    if (!kinds.contains(event->kind) || undone.contains(event->number) || event->data == kByUndo) continue;
    // What the product resolved or reopened followed from facts that an undo does not change.
    if (event->actor == "sentinelops" && event->kind != "merged") continue;
    return &*event;
  }
  return nullptr;
}

}  // namespace

Result<Outcome> reopen(const Incident& incident, std::string_view who, std::string_view why, Time now) {
  if (!incident.merged_into.empty())
    return fail(ErrorKind::kConflict,
                fmt::format("{} is part of {}: undo the merge instead", incident.id, incident.merged_into));
  if (incident.is_active())
    return fail(ErrorKind::kConflict, fmt::format("{} is {}; only a resolved incident can be reopened",
                                                  incident.id, model::to_string(incident.state)));
  Incident next = incident;
  next.state = model::IncidentState::kOpen;
  next.resolved_at.reset();
  next.acknowledged_by.clear();
  next.unattended_since = now;
  next.last_bad_at = std::max(next.last_bad_at, now);
  next.updated_at = now;
  Outcome outcome;
  outcome.events.push_back(
      told(next, "reopened", why.empty() ? "reopened by hand" : std::string(why), who, now));
  outcome.changed.push_back(std::move(next));
  return outcome;
}

Result<Outcome> merge(const Incident& incident, const Incident& into, std::string_view who,
                      std::string_view why, Time now) {
  if (incident.id == into.id) return fail(ErrorKind::kInvalid, "an incident cannot be merged into itself");
  if (!incident.merged_into.empty())
    return fail(ErrorKind::kConflict,
                fmt::format("{} is part of {} already", incident.id, incident.merged_into));
  if (!into.merged_into.empty())
    return fail(ErrorKind::kConflict,
                fmt::format("{} is part of {}: merge into that one", into.id, into.merged_into));
  if (!into.is_active() && incident.is_active())
    return fail(ErrorKind::kConflict,
                fmt::format("{} is resolved: reopen it first, or merge the other way round", into.id));
  Incident survivor = into;
  Incident other = incident;
  const std::string data = fold(survivor, other, now);
  std::erase(survivor.apart, other.id);
  std::erase(other.apart, survivor.id);
  Outcome outcome;
  outcome.events.push_back(told(survivor, "merged",
                                with_why(fmt::format("{} turned out to be the same outage", other.id), why),
                                who, now, data));
  outcome.events.push_back(
      told(other, "merged", with_why(fmt::format("part of {}", survivor.id), why), who, now, data));
  if (model::worse(survivor.severity, into.severity))
    outcome.events.push_back(told(survivor, "escalated", escalation_text(into.severity, other), who, now));
  outcome.changed.push_back(std::move(survivor));
  outcome.changed.push_back(std::move(other));
  return outcome;
}

Result<Outcome> split(const Incident& incident, std::span<const std::string> services, std::string_view who,
                      std::string_view why, Time now) {
  if (!incident.is_active())
    return fail(ErrorKind::kConflict,
                fmt::format("{} is resolved; only an active incident can be split", incident.id));
  Incident rest = incident;
  SENTINEL_ASSIGN(auto off, split_off(rest, services, now));
  const std::string data =
      nlohmann::json{{"survivor", rest.id}, {"other", off.id}, {"services", off.services}}.dump();
  Outcome outcome;
  const std::string names = fmt::format("{}", fmt::join(off.services, ", "));
  outcome.events.push_back(
      told(off, "opened", with_why(fmt::format("split off {}", rest.id), why), who, now));
  outcome.events.push_back(told(
      rest, "split", with_why(fmt::format("{} is another outage: {}", names, off.id), why), who, now, data));
  outcome.changed.push_back(std::move(off));
  outcome.changed.push_back(std::move(rest));
  return outcome;
}

Result<Outcome> undo(const Incident& incident, std::span<const IncidentEvent> timeline,
                     const std::function<std::optional<Incident>(const std::string&)>& find,
                     std::string_view who, std::string_view why, Time now) {
  const IncidentEvent* last = newest_undoable(timeline);
  if (last == nullptr)
    return fail(ErrorKind::kConflict, fmt::format("{}: nothing that could be undone", incident.id));
  const std::string text = with_why(fmt::format("took back: {} by {}", last->kind, last->actor), why);
  const std::string number = nlohmann::json{{"number", last->number}}.dump();
  Outcome outcome;
  if (last->kind == "merged" || last->kind == "split") {
    SENTINEL_ASSIGN(const auto pair, pair_of(last->data));
    const bool is_survivor = pair.survivor == incident.id;
    auto second = find(is_survivor ? pair.other : pair.survivor);
    if (!second)
      return fail(ErrorKind::kNotFound,
                  fmt::format("incident {} not found", is_survivor ? pair.other : pair.survivor));
    Incident survivor = is_survivor ? incident : *second;
    Incident other = is_survivor ? *second : incident;
    std::string data;
    if (last->kind == "merged") {
      SENTINEL_TRY(unfold(survivor, other, last->data, now));
    } else {
      data = fold(survivor, other, now);
      std::erase(survivor.apart, other.id);
      std::erase(other.apart, survivor.id);
    }
    outcome.events.push_back(told(survivor, "undone", text, who, now, is_survivor ? number : ""));
    // Whoever was told that it is part of another one hears that it stands for itself again, and the other
    // way round.
    outcome.events.push_back(told(other, "undone", text, who, now, is_survivor ? "" : number));
    if (last->kind == "split")
      outcome.events.push_back(told(other, "merged", fmt::format("part of {}", survivor.id), who, now, data));
    if (last->kind == "merged" && other.is_active())
      outcome.events.push_back(
          told(other, "reopened", fmt::format("not part of {}", survivor.id), who, now, kByUndo));
    outcome.changed.push_back(std::move(survivor));
    outcome.changed.push_back(std::move(other));
    return outcome;
  }
  Incident next = incident;
  next.updated_at = now;
  if (last->kind == "acknowledged" && next.state == model::IncidentState::kAcknowledged) {
    next.state = model::IncidentState::kOpen;
    next.acknowledged_by.clear();
    next.unattended_since = now;
  } else if (last->kind == "resolved" && !next.is_active()) {
    next.state =
        next.acknowledged_by.empty() ? model::IncidentState::kOpen : model::IncidentState::kAcknowledged;
    next.resolved_at.reset();
    next.unattended_since = now;
    next.last_bad_at = std::max(next.last_bad_at, now);
    outcome.events.push_back(told(next, "reopened", text, who, now, kByUndo));
  } else if (last->kind == "reopened" && next.is_active()) {
    next.state = model::IncidentState::kResolved;
    next.resolved_at = now;
    outcome.events.push_back(told(next, "resolved", text, who, now, kByUndo));
  } else {
    return fail(ErrorKind::kConflict, fmt::format("{} is {} now: {} cannot be taken back", incident.id,
                                                  model::to_string(incident.state), last->kind));
  }
  outcome.events.push_back(told(next, "undone", text, who, now, number));
  outcome.changed.push_back(std::move(next));
  return outcome;
}

}  // namespace sentinel::incidents
