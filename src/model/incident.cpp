#include "model/incident.hpp"

#include "base/text.hpp"

namespace sentinel::model {

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::kLow:
      return "low";
    case Confidence::kMedium:
      return "medium";
    case Confidence::kHigh:
      return "high";
  }
  return "low";
}

std::optional<Confidence> parse_confidence(std::string_view text) {
  for (const Confidence c : {Confidence::kLow, Confidence::kMedium, Confidence::kHigh}) {
    if (iequals(text, to_string(c))) return c;
  }
  return std::nullopt;
}

std::string_view to_string(IncidentState state) {
  switch (state) {
    case IncidentState::kOpen:
      return "open";
    case IncidentState::kAcknowledged:
      return "acknowledged";
    case IncidentState::kResolved:
      return "resolved";
  }
  return "open";
}

std::optional<IncidentState> parse_incident_state(std::string_view text) {
  for (const IncidentState s :
       {IncidentState::kOpen, IncidentState::kAcknowledged, IncidentState::kResolved}) {
    if (iequals(text, to_string(s))) return s;
  }
  return std::nullopt;
}

std::string incident_id(Time created, std::string_view dedup_key) {
  std::string id = "INC-";
  for (const char c : format_human(created)) {
    if (c >= '0' && c <= '9') id += c;
  }
  return id + "-" + std::string(dedup_key.substr(0, 8));
}

}  // namespace sentinel::model
