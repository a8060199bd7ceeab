#include "notify/payload.hpp"

#include <nlohmann/json.hpp>

#include "model/json.hpp"

namespace sentinel::notify {

using nlohmann::json;

std::string payload_text(const model::IncidentEvent& event, const model::Incident* incident) {
  json j = {{"event",
             {{"incident_id", event.incident_id},
              {"at", micros(event.at)},
              {"kind", event.kind},
              {"actor", event.actor},
              {"text", event.text}}}};
  if (incident != nullptr) j["incident"] = model::to_json(*incident);
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Payload> read_payload(const std::string& text) {
  SENTINEL_ASSIGN(const auto j, model::parse_json(text));
  Payload payload;
  try {
    const auto& event = j.at("event");
    payload.event.incident_id = event.at("incident_id").get<std::string>();
    payload.event.at = time_from_micros(event.at("at").get<std::int64_t>());
    payload.event.kind = event.at("kind").get<std::string>();
    payload.event.actor = event.at("actor").get<std::string>();
    payload.event.text = event.at("text").get<std::string>();
  } catch (const json::exception& error) {
    return fail(ErrorKind::kCorrupt, std::string("message: ") + error.what());
  }
  if (j.contains("incident")) {
    SENTINEL_ASSIGN(payload.incident, model::incident_from_json(j["incident"]));
  }
  return payload;
}

}  // namespace sentinel::notify
