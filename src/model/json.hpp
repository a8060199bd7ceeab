// The JSON of the domain values: what the API shows, what the state store keeps, what the incidents file of a
// backtest holds. Field names are the original's where it had them; times are RFC 3339; absent values are
// left out. Reading ignores unknown fields and refuses wrong types with the field's name; to_json and back
// give an equal value.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "model/explanation.hpp"
#include "model/incident.hpp"

namespace sentinel::model {

nlohmann::json to_json(const Anomaly& anomaly);  // {service, metric, current_value, baseline_mean,
                                                 // baseline_stddev, z_score, severity, timestamp, ...}
nlohmann::json to_json(const LogEvent& event);   // {service, level, message, timestamp, trace_id, ...}
nlohmann::json to_json(const Pattern& pattern);
nlohmann::json to_json(const Link& link);
nlohmann::json to_json(const Evidence& evidence);
nlohmann::json to_json(const Cause& cause);
nlohmann::json to_json(const Runbook& runbook);
nlohmann::json to_json(
    const RunbookMatch& match);  // {title, root_cause, resolution_steps, services_affected, score, ...}
nlohmann::json to_json(const Analysis& analysis);  // {root_cause, confidence, remediation_steps,
                                                   // affected_services, summary, ...}
nlohmann::json to_json(const Incident& incident);  // everything; the state store keeps this
nlohmann::json to_json(const IncidentEvent& event);
nlohmann::json to_json(const ServiceExplanation& explanation);  // {service, at, replayed, metrics: [{metric,
                                                                // score, verdict, horizons, last_hour, ...}]}
nlohmann::json to_json(const SeriesPoint& point);

Result<Anomaly> anomaly_from_json(const nlohmann::json& json);
Result<Runbook> runbook_from_json(
    const nlohmann::json& json);  // resolution_steps: list of strings or one text
Result<Analysis> analysis_from_json(const nlohmann::json& json);
Result<Incident> incident_from_json(const nlohmann::json& json);

// Parses text that came from outside: a failure names the byte and what was expected; nesting is limited.
Result<nlohmann::json> parse_json(std::string_view text);

}  // namespace sentinel::model
