// Spans joined over service borders: what a service did itself, what it waited for, and how much of the wait
// the called service accounts for.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "model/log_event.hpp"

namespace sentinel::correlate {

struct SpanVisitor {
  // Every entry into a service: its operation, whole duration, and the part without waiting for callees.
  std::function<void(const model::LogEvent& entry, double ms, double own_ms)> entry;
  // Every call out of a service. `gap_ms` is the wait minus the callee's entry span (NaN when that is not
  // there). Without a client span the call is the caller's span that holds the callee's entry.
  std::function<void(const model::LogEvent& call, std::string_view callee, double ms, double gap_ms)> call;
};

// Any order, any mixture with log lines (ignored). Spans inside a service are looked through. A span whose
// parent is missing counts as an entry without a caller.
void visit_spans(std::span<const model::LogEvent> events, const SpanVisitor& visitor);

}  // namespace sentinel::correlate
