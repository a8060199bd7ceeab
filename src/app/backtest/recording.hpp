// Where a backtest's documents come from: a file, or the embedded store's own past. One document at a time,
// about in the order of time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "ingest/ingest.hpp"
#include "model/document.hpp"
#include "model/slice.hpp"
#include "telemetry/store.hpp"

namespace sentinel::app {

// Not thread-safe. Legal order: while !ended(): time() and document(), then next().
class DocumentSource {
 public:
  virtual ~DocumentSource() = default;
  virtual bool ended() const = 0;
  virtual Time time() const = 0;
  // One log line or span, or the points of one metric document.
  virtual const model::DocumentBatch& document() const = 0;
  virtual Result<void> next() = 0;
  virtual std::uint64_t rejected() const = 0;  // lines that were no document, so far
  virtual double share() const = 0;            // of it that was read, 0..1
};

// NDJSON, plain or compressed. A document without message, level, status, duration and span id is a
// measurement: its numbers become metric points.
Result<std::unique_ptr<DocumentSource>> open_recording(const std::string& path,
                                                       const ingest::FieldNames& fields);

// What the store kept of the stretch, read page by page. Metrics come as one point per slice, the mean;
// `metrics` names them. The store outlives it.
Result<std::unique_ptr<DocumentSource>> open_past(telemetry::TelemetryStore& store, model::TimeRange range,
                                                  std::vector<std::string> metrics, Duration slice);

}  // namespace sentinel::app
