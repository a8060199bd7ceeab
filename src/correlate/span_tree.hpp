// Spans joined over service borders: what a service did itself, what it waited for, and how much of the wait
// the called service accounts for.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "model/log_event.hpp"

namespace sentinel::correlate {

struct SpanCall {
  const model::LogEvent&
      caller;  // the client span; without one, the caller's span that holds the callee's entry
  std::string_view operation;
  std::string_view callee;
  bool failed = false;
  double ms = 0;
  double gap_ms = 0;  // the wait minus the callee's entry span; NaN when that is not there
};

struct SpanVisitor {
  // Every entry into a service: its operation (of a request log line: its pattern), whole duration, and the
  // part without waiting for callees.
  std::function<void(const model::LogEvent& entry, std::string_view operation, double ms, double own_ms)>
      entry;
  std::function<void(const SpanCall& call)> call;  // every call out of a service
};

// Any order, any mixture with log lines (ignored). Spans inside a service are looked through. A span whose
// parent is missing counts as an entry without a caller.
void visit_spans(std::span<const model::LogEvent> events, const SpanVisitor& visitor);

}  // namespace sentinel::correlate
