#include "engine/coverage.hpp"

#include <algorithm>

namespace sentinel::engine {

std::uint64_t documents(const detect::FleetSlice& slice) {
  std::uint64_t sum = 0;
  for (const auto& service : slice.services) sum += service.docs;
  for (const auto& metric : slice.metrics) sum += metric.count;
  return sum;
}

model::LedgerEntry ledger_entry(const detect::FleetSlice& slice, Duration length, Time now,
                                Duration in_time) {
  model::LedgerEntry entry;
  entry.slice = slice.start;
  entry.judged_at = now;
  entry.docs = documents(slice);
  if (entry.docs == 0) {
    entry.coverage = model::Coverage::kGap;
    entry.note = "no service sent anything";
  } else if (now - (slice.start + length) > in_time) {
    entry.coverage = model::Coverage::kLate;
    entry.note = "judged " + format_duration(now - (slice.start + length)) + " after its end";
  }
  return entry;
}

void SilentFleet::heard(const detect::FleetSlice& slice, Duration length) {
  if (documents(slice) == 0) return;
  const Time end = slice.start + length;
  newest_ = newest_ ? std::max(*newest_, end) : end;
}

std::optional<Time> SilentFleet::silent_since(Time now) const {
  if (!newest_ || now - *newest_ < least_) return std::nullopt;
  return newest_;
}

}  // namespace sentinel::engine
