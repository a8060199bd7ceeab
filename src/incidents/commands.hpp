// What people do to incidents beyond acknowledging, resolving and commenting (lifecycle.hpp): reopen, merge,
// split, undo. Pure; the error says why it cannot be done.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "incidents/lifecycle.hpp"

namespace sentinel::incidents {

// It gets the whole clean time again before it resolves by itself.
Result<Outcome> reopen(const model::Incident& incident, std::string_view who, std::string_view why, Time now);

// `incident` ends as a part of `into`, which lives on and is the first of the changed.
Result<Outcome> merge(const model::Incident& incident, const model::Incident& into, std::string_view who,
                      std::string_view why, Time now);

// The named services get an incident of their own, the first of the changed. The two are never joined again
// by themselves.
Result<Outcome> split(const model::Incident& incident, std::span<const std::string> services,
                      std::string_view who, std::string_view why, Time now);

// Takes back the newest of what people did (acknowledge, resolve, reopen, merge, split) or of the merges that
// correlation made, and that was not taken back before. `timeline` is the incident's; `find` gives another
// incident.
Result<Outcome> undo(const model::Incident& incident, std::span<const model::IncidentEvent> timeline,
                     const std::function<std::optional<model::Incident>(const std::string&)>& find,
                     std::string_view who, std::string_view why, Time now);

}  // namespace sentinel::incidents
