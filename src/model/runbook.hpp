// What fixed it last time.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"

namespace sentinel::model {

struct Runbook {
  std::string id;  // "rb-" + 12 hex of the title's hash unless given; the key for import
  std::string title;
  std::string incident_date;  // as written by its author ("2026-01-15"); may be empty
  std::vector<std::string> services_affected;
  std::string root_cause;
  std::vector<std::string> resolution_steps;  // one text of the original is one step per line
  std::vector<std::string> tags;              // metric names and words
  friend bool operator==(const Runbook&, const Runbook&) = default;
};

std::string runbook_id(std::string_view title);

struct RunbookMatch {
  Runbook runbook;
  double score = 0;                  // higher is better; only the order means something
  std::vector<std::string> reasons;  // "names payment-service", "tag error_rate", "text: pool, exhausted"
};

}  // namespace sentinel::model
