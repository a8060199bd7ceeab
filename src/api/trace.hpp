// The spans of one trace in the order of a waterfall. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/log_event.hpp"

namespace sentinel::api {

struct WaterfallSpan {
  const model::LogEvent* event = nullptr;
  std::string id;
  std::string parent;  // empty for roots, and where the parent is not in the trace
  int depth = 0;
  bool inferred = false;  // a log line with a duration, in a trace without spans
};

// Parents before children, siblings by start. Rows that belong to no span (log lines) are left out. Without
// any span, lines with durations stand in for them. `events` outlive the answer.
std::vector<WaterfallSpan> waterfall(const std::vector<model::LogEvent>& events);

}  // namespace sentinel::api
