// Rows that several routes show: incidents, silences, the state of a service.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/view.hpp"
#include "model/incident.hpp"
#include "model/silence.hpp"
#include "state/store.hpp"
#include "telemetry/store.hpp"

namespace sentinel::api {

// IncidentRow of the document: what the original's page reads, and the state.
nlohmann::json incident_row(const model::Incident& incident, const std::vector<model::Silence>& silences,
                            Time now);
// Incident of the document. `asked`: what was asked of a model about it, oldest first, with bodies.
nlohmann::json incident_detail(const model::Incident& incident,
                               const std::vector<model::IncidentEvent>& timeline,
                               const std::vector<model::Silence>& silences,
                               const std::vector<model::AnalysisRecord>& asked, Time now);
// The same, read from the state; kNotFound.
Result<nlohmann::json> read_incident(state::StateStore& state, const std::string& id, Time now);
nlohmann::json silence_row(const model::Silence& silence, Time now);

// What is wrong with each service: of its active incidents and of the anomalies of the last tick, the worst.
struct ServiceState {
  std::optional<model::Severity> worst;
  std::vector<model::Anomaly> anomalies;
  std::string active_incident;  // newest
  std::string last_incident;
  std::optional<Time> last_incident_at;
  int incidents = 0;
};
// `incidents` newest first.
std::map<std::string, ServiceState> service_states(const engine::View& view,
                                                   const std::vector<model::Incident>& incidents);
std::string_view status_word(std::optional<model::Severity> worst);

nlohmann::json optional_number(const std::optional<double>& value);
nlohmann::json optional_time(const std::optional<Time>& value);

// Edges between services over a stretch of time, for the map and for a service's neighbours.
struct Edge {
  std::string caller;
  std::string callee;
  std::string source;  // "span", "trace", "mention", "learned", "topology"
  double calls = 0;
  double errors = 0;
  std::optional<double> p99_ms;
  std::optional<Time> last_seen;
};
// Seen calls first; then links that active incidents found, calls learned over the last days and calls that
// are configured, each where nothing before it knew of the edge.
std::vector<Edge> edges_of(const std::vector<model::CallSlice>& calls,
                           const std::vector<model::Incident>& active,
                           const std::vector<model::Link>& learned,
                           const std::vector<std::pair<std::string, std::string>>& configured);
nlohmann::json edge_json(const Edge& edge);

}  // namespace sentinel::api
