// The incident state machine: one outage is one incident for its whole life. Pure: from what is open and what
// correlation found now, to what changes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/cause.hpp"
#include "model/incident.hpp"
#include "model/silence.hpp"

namespace sentinel::incidents {

struct Settings {
  Duration dedup_cooldown = minutes(30);
  Duration resolve_after = minutes(10);  // clean windows needed to resolve
  int flapping_after = 3;                // relapses that make an incident flapping
  // An open incident that was calm for so long and then has what would page again has relapsed.
  Duration calm_before_relapse = minutes(2);
};

struct Outcome {
  std::vector<model::Incident> changed;      // new or updated, whole
  std::vector<model::IncidentEvent> events;  // what happened to them, in order; number 0 (the store gives it)
  int suppressed = 0;                        // duplicates that only were counted
};

// `known`: active incidents and those resolved within the cooldown. `groups`: of this tick, each with its
// anomalies. Rules, in order: a group joins the active incident that shares an anomaly (service, metric) or a
// linked service with it; it reopens one resolved within the cooldown with the same service and metric; else
// it opens one. Trouble that comes back to an open incident after a calm is a relapse, told as a reopening
// is. A group whose anomalies all are easing (over, but for what the windows remember) joins what is open and
// does no more: it neither opens, nor reopens, nor keeps from resolving. Same keys within the cooldown are
// suppressed (counted). Higher severity escalates. An incident without any anomaly for `resolve_after`
// resolves. `now` is the tick's time.
Outcome advance(std::span<const model::Incident> known, std::span<const model::Group> groups,
                std::span<const model::Silence> silences, const Settings& settings, Time now);

// What people do. The error says why it cannot be done (already resolved, ...).
Result<Outcome> acknowledge(const model::Incident& incident, std::string_view who, std::string_view why,
                            Time now);
Result<Outcome> resolve(const model::Incident& incident, std::string_view who, std::string_view why,
                        Time now);
Result<Outcome> comment(const model::Incident& incident, std::string_view who, std::string_view text,
                        Time now);

}  // namespace sentinel::incidents
