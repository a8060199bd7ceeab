#include "engine/coverage.hpp"

namespace sentinel::engine {

std::uint64_t documents(const detect::FleetSlice& slice) {
  std::uint64_t sum = 0;
  for (const auto& service : slice.services) sum += service.docs;
  for (const auto& metric : slice.metrics) sum += metric.count;
  return sum;
}

model::LedgerEntry ledger_entry(const detect::FleetSlice& slice, bool gap, Duration length, Time now,
                                Duration in_time) {
  model::LedgerEntry entry;
  entry.slice = slice.start;
  entry.judged_at = now;
  entry.docs = documents(slice);
  if (gap) {
    entry.coverage = model::Coverage::kGap;
    entry.note = "no telemetry from the fleet";
  } else if (now - (slice.start + length) > in_time) {
    entry.coverage = model::Coverage::kLate;
    entry.note = "judged " + format_duration(now - (slice.start + length)) + " after its end";
  }
  return entry;
}

model::LedgerEntry with_late(model::LedgerEntry entry, std::uint64_t docs, Time now) {
  entry.late_docs += docs;
  if (entry.coverage == model::Coverage::kGap) {
    entry.coverage = model::Coverage::kLate;
    entry.note = "its documents came late";
  }
  entry.judged_at = now;
  return entry;
}

}  // namespace sentinel::engine
