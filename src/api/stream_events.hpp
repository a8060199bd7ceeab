// The data of the events of /api/stream. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/view.hpp"
#include "model/incident.hpp"

namespace sentinel::api {

std::string tick_event(const engine::View& view, Time now);
std::string incident_event(const model::Incident& incident, const std::vector<model::IncidentEvent>& events,
                           Time now);

}  // namespace sentinel::api
