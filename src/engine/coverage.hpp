// Which coverage a slice gets in the ledger. Pure.
#pragma once

#include "detect/detector.hpp"
#include "model/ledger.hpp"

namespace sentinel::engine {

// Documents of the whole fleet in a slice.
std::uint64_t documents(const detect::FleetSlice& slice);

// The entry of a slice that closes at `now`. `gap`: telemetry was missing (detect::Detector::is_gap). Judged
// later than `in_time` after its end (the process or the store was away): late.
model::LedgerEntry ledger_entry(const detect::FleetSlice& slice, bool gap, Duration length, Time now,
                                Duration in_time);

// The entry of a closed slice after `docs` more documents came for it: a gap that they fill was judged late.
model::LedgerEntry with_late(model::LedgerEntry entry, std::uint64_t docs, Time now);

}  // namespace sentinel::engine
