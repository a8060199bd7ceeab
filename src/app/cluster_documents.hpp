// What the product writes into a cluster, always on request: runbooks, and incidents for those who look at
// them in Kibana. Nothing of it is needed to run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "model/incident.hpp"
#include "model/runbook.hpp"
#include "telemetry/elasticsearch/connection.hpp"

namespace sentinel::app {

// Makes the index when it is missing and fills it when it is empty; how many runbooks were put.
Result<int> seed_runbook_index(telemetry::Connection& connection, const std::string& index,
                               const std::vector<model::Runbook>& runbooks);
// All runbooks of the index; nothing when there is no such index. A document that is no runbook is left out;
// kInvalid when there are 10,000 or more.
Result<std::optional<std::vector<model::Runbook>>> read_runbook_index(telemetry::Connection& connection,
                                                                      const std::string& index);

// Keeps one document per incident, under its id: writing again replaces it. Not thread-safe.
class IncidentMirror {
 public:
  IncidentMirror(telemetry::Connection& connection, std::string index, Log log)
      : connection_(connection), index_(std::move(index)), log_(log) {}
  // Writes these and what an earlier call could not; a failure is logged once and tried again with the next
  // call.
  void write(const std::vector<model::Incident>& changed);

 private:
  telemetry::Connection& connection_;
  std::string index_;
  Log log_;
  std::map<std::string, model::Incident> waiting_;
  bool failing_ = false;
};

}  // namespace sentinel::app
