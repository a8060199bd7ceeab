// Rows of batches into the tables of a segment, column vector by column vector.
#pragma once

#include <span>

#include "model/document.hpp"
#include "telemetry/embedded/duck.hpp"
#include "telemetry/embedded/segment.hpp"

namespace sentinel::telemetry {

struct ArrivedBatch {
  const model::DocumentBatch* batch;
  Time ingested;
};

// Appends within the connection's open transaction; the caller commits. `stats` gets what was added, `seq`
// moves on.
Result<void> append_rows(const duck::Connection& connection, const std::string& alias,
                         std::span<const ArrivedBatch> batches, SegmentStats& stats, std::int64_t& seq);

}  // namespace sentinel::telemetry
