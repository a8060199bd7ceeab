// The coverage ledger: for each slice of time, whether detection has judged it.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"

namespace sentinel::model {

enum class Coverage : std::uint8_t {
  kEvaluated,  // judged in time
  kLate,       // judged after the fact, because the store or the process was away
  kGap,        // never judged: no telemetry could be had for it (yet)
};
std::string_view to_string(Coverage coverage);
std::optional<Coverage> parse_coverage(std::string_view text);

struct LedgerEntry {
  Time slice;  // start; one entry per slice of the fleet
  Coverage coverage = Coverage::kEvaluated;
  Time judged_at;
  std::uint64_t docs = 0;       // in the whole fleet when it was closed
  std::uint64_t late_docs = 0;  // arrived after closing
  std::string note;             // why it is late or a gap
};

}  // namespace sentinel::model
