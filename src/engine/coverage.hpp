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

}  // namespace sentinel::engine
