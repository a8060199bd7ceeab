// Time in slices and blocks. A slice is L seconds (L divides 300), a block 5 minutes; both start at multiples
// of their length since the epoch.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace sentinel::detect {

inline constexpr std::int64_t kBlockSeconds = 300;
inline constexpr std::int64_t kBlocksPerDay = 288;

struct Grid {
  std::int64_t slice_seconds = 60;

  int per_block() const { return static_cast<int>(kBlockSeconds / slice_seconds); }
  // Slices in `m` minutes, at least one.
  int slices(int m) const {
    const auto n = m * 60 / slice_seconds;
    return n < 1 ? 1 : static_cast<int>(n);
  }
  std::int64_t block_of(std::int64_t slice) const {
    const std::int64_t w = per_block();
    return slice >= 0 ? slice / w : (slice - w + 1) / w;
  }
  bool ends_block(std::int64_t slice) const { return block_of(slice) != block_of(slice + 1); }
  std::int64_t index_of(Time start) const { return micros(start) / (slice_seconds * 1'000'000); }
  Time start_of(std::int64_t slice) const { return time_from_micros(slice * slice_seconds * 1'000'000); }
};

}  // namespace sentinel::detect
