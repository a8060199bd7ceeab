// A stretch of time in which matching anomalies are recorded but not announced.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/anomaly.hpp"

namespace sentinel::model {

struct Silence {
  std::string id;
  std::string service = "*";         // glob
  std::string metric = "*";          // glob
  std::vector<Severity> severities;  // empty: all
  Time starts_at;
  Time ends_at;
  std::string author;
  std::string reason;

  bool matches(const Anomaly& anomaly, Time now) const;
};

}  // namespace sentinel::model
