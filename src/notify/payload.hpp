// What an outbox row carries: the event; the incident only when the state store does not know it (news of the
// product itself). The pump reads the incident from the store when it delivers, so that what goes out is the
// latest state.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "model/incident.hpp"

namespace sentinel::notify {

struct Payload {
  model::IncidentEvent event;
  std::optional<model::Incident> incident;
};

std::string payload_text(const model::IncidentEvent& event, const model::Incident* incident);
Result<Payload> read_payload(const std::string& text);

}  // namespace sentinel::notify
