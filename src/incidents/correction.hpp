// What late documents change about an incident: they can take an anomaly back, or tell more about the time of
// one that has ended. Pure.
#pragma once

#include <string>
#include <string_view>

#include "incidents/lifecycle.hpp"

namespace sentinel::incidents {

// The anomaly was none. It leaves the incident; one that has no other is resolved. No event: it was not in
// there.
Outcome retract(const model::Incident& incident, std::string_view service, std::string_view metric,
                std::string text, Time now);

// Whether the anomaly lies within the life of this resolved incident and concerns one of its services.
bool is_of_its_time(const model::Incident& incident, const model::Anomaly& anomaly);
// Writes such an anomaly into the incident: the worse of what is known of its service and metric stands. No
// event: it told nothing new. The incident stays resolved.
Outcome add_late(const model::Incident& incident, const model::Anomaly& anomaly, Time now);

}  // namespace sentinel::incidents
