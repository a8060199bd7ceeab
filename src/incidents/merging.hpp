// Two incidents that turn out to be one outage, and the way back. Pure. What a merge or a split changed is
// kept as JSON in its event, so that it can be undone from the history alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/incident.hpp"

namespace sentinel::incidents {

// The survivor takes anomalies, services, onset and severity; the other one ends as a part of it. Returns the
// data of the event, enough for unfold().
std::string fold(model::Incident& survivor, model::Incident& other, Time now);

// Of a survivor that the merge made worse: "P3 -> P1: the other one's title".
std::string escalation_text(model::Severity before, const model::Incident& other);

// Takes back what fold() did, as its data say. What the survivor learnt since then stays with it.
Result<void> unfold(model::Incident& survivor, model::Incident& other, const std::string& data, Time now);

// The named services leave with their anomalies; what comes back is their own incident. kInvalid when a
// service has no anomaly of its own, or none would be left behind.
Result<model::Incident> split_off(model::Incident& incident, std::span<const std::string> services, Time now);

// Both ids of a merge or split, from the data of its event.
struct Pair {
  std::string survivor;  // or what was split
  std::string other;     // or what was split off
};
Result<Pair> pair_of(const std::string& data);

// Neither the same tick nor a later one joins the two again by itself.
void keep_apart(model::Incident& a, model::Incident& b);

}  // namespace sentinel::incidents
