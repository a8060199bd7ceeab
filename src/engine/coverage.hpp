// Which coverage a slice gets in the ledger, and since when the fleet has been silent. Pure.
#pragma once

#include <optional>

#include "detect/detector.hpp"
#include "model/ledger.hpp"

namespace sentinel::engine {

// Documents of the whole fleet in a slice.
std::uint64_t documents(const detect::FleetSlice& slice);

// The entry of a slice that closes at `now`. Nobody sent anything: a gap. Judged later than `in_time` after
// its end (the process or the store was away): late.
model::LedgerEntry ledger_entry(const detect::FleetSlice& slice, Duration length, Time now, Duration in_time);

// A stretch without any document of the fleet: from the end of the newest slice that had one, when that is at
// least `least` before now. None while the fleet was never heard.
class SilentFleet {
 public:
  explicit SilentFleet(Duration least) : least_(least) {}
  void heard(const detect::FleetSlice& slice, Duration length);
  std::optional<Time> silent_since(Time now) const;

 private:
  Duration least_;
  std::optional<Time> newest_;
};

}  // namespace sentinel::engine
