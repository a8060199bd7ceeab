// What an EventQuery means for one row, for the stores that hold rows in memory.
#pragma once

#include <string>
#include <vector>

#include "telemetry/store.hpp"

namespace sentinel::telemetry {

class RowFilter {
 public:
  explicit RowFilter(const EventQuery& query);  // `query` outlives the filter
  bool matches(const model::LogRow& row) const;

 private:
  const EventQuery& query_;
  std::vector<std::string> lowered_texts_;
};

model::LogEvent to_event(const model::LogRow& row, Time ingested);

}  // namespace sentinel::telemetry
