// Known faults of a recording, and how well the incidents of a backtest meet them. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/incident.hpp"
#include "model/slice.hpp"

namespace sentinel::app {

struct Label {
  std::string id;
  std::string service;     // that started it
  Time injected;           // delays count from here
  model::TimeRange match;  // an incident opened in it is a hit
};

// A JSON list of {id, service, inject_time, match_from, match_to}; the error names the entry and the field.
Result<std::vector<Label>> read_labels(std::string_view json);

struct FaultScore {
  std::string id;
  std::string service;
  std::vector<std::string> incidents;  // that hit it, earliest first
  Duration delay{};                    // of the first
  std::size_t rank = 0;                // of the right service among its causes; 0: not among them
};

struct Score {
  std::vector<FaultScore> faults;  // in the order of the labels
  std::vector<std::string> false_incidents;
  std::size_t merged = 0;  // incidents that hit more than one fault
  std::size_t split = 0;   // faults that more than one incident hits
  double days = 0;         // of telemetry

  std::size_t found() const;
  std::size_t top(std::size_t n) const;  // found faults whose service is among the first n causes
};

// `incidents` by rising created_at.
Score score(std::span<const model::Incident> incidents, std::span<const Label> labels, Duration covered);

}  // namespace sentinel::app
