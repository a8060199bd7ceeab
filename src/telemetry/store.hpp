// The ports of the telemetry room. A store answers what detection and correlation ask; a sink takes what
// shippers send. Adapters: embedded/ (DuckDB), memory/ (the double); one contract suite runs on all of them
// (tests/contract/telemetry_contract.hpp).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/document.hpp"
#include "model/log_event.hpp"
#include "model/slice.hpp"

namespace sentinel::telemetry {

// Which log lines and spans are asked for. Every condition given must hold.
struct EventQuery {
  model::TimeRange range;                 // by @timestamp, half-open
  std::vector<std::string> services;      // any of these; empty: all
  std::optional<model::Level> min_level;  // this level or worse (fatal counts as worse than error)
  bool failed_only = false;               // only documents for which model::is_error holds
  std::vector<std::string> texts;         // the message contains each of these, ASCII case folded
  std::vector<std::string> trace_ids;     // any of these; empty: all
  // Each field has exactly this value, as text: names of answers (host, version, status_code, ...) or any
  // other that the shipper sent; "a.b" finds both {"a.b": ...} and {"a": {"b": ...}}.
  std::vector<std::pair<std::string, std::string>> fields;
  enum class Kind : std::uint8_t {
    kAll,
    kLogs,
    kSpans
  } kind = Kind::kAll;        // kSpans: rows with a span_id and a duration
  bool oldest_first = false;  // default: newest first; equal times in order of arrival
  std::size_t limit = 50;
  std::size_t offset = 0;
  bool paged = false;  // more pages follow: equal times must come in the same order in all of them
};

struct StoreStatus {
  std::string kind;  // "embedded", "memory"
  std::uint64_t rows = 0;
  std::uint64_t bytes_on_disk = 0;
  std::optional<model::TimeRange> extent;  // oldest and newest (exclusive: + 1 us) @timestamp of documents
  std::optional<Time> last_ingest;
  std::vector<std::string> damaged;  // files set aside because they could not be read
};

// Matches of an EventQuery in one step of time.
struct CountSlice {
  Time start;
  std::uint64_t total = 0;
  std::uint64_t errors = 0;    // level error or worse
  std::uint64_t warnings = 0;  // level warning
  friend bool operator==(const CountSlice&, const CountSlice&) = default;
};

// Read side. All calls block, are safe from any thread, and give an answer that is complete or an error,
// never a part of it. `step` divides an hour; ranges are aligned down to it by the caller.
class TelemetryStore {
 public:
  virtual ~TelemetryStore() = default;

  // For every service with at least one counted document (model::counts_in_slice) in a slice of the range:
  // the slice. Sorted by (start, service). Slices without documents are absent.
  virtual Result<std::vector<model::Slice>> slices(model::TimeRange range, Duration step) = 0;
  // The same for these services. An adapter that can ask for less than all services overrides it.
  virtual Result<std::vector<model::Slice>> service_slices(const std::vector<std::string>& services,
                                                           model::TimeRange range, Duration step);
  // Calls seen from the caller's side (outgoing spans with a peer), by (start, caller, callee).
  virtual Result<std::vector<model::CallSlice>> calls(model::TimeRange range, Duration step) = 0;
  // The named numeric fields of metric documents, by (start, service, metric).
  virtual Result<std::vector<model::MetricSlice>> metrics(model::TimeRange range, Duration step,
                                                          const std::vector<std::string>& names) = 0;
  virtual Result<std::vector<model::LogEvent>> events(const EventQuery& query) = 0;
  virtual Result<std::uint64_t> count(const EventQuery& query) = 0;  // limit and offset do not matter
  // What was ingested in `ingested` (by our clock at arrival), by (slice, service, source): late documents
  // are those whose slice had closed. Counted rows only. An adapter that cannot tell sources apart leaves
  // them empty.
  virtual Result<std::vector<model::Arrival>> arrivals(model::TimeRange ingested, Duration step) = 0;
  virtual Result<StoreStatus> status() = 0;
  // How many match per step of time (any length that is at least a millisecond, aligned to the epoch), by
  // start; steps without a match are absent. The default counts step by step and refuses more than 500 of
  // them.
  virtual Result<std::vector<CountSlice>> histogram(const EventQuery& query, Duration step);
};

// Write side. Thread-safe.
class TelemetrySink {
 public:
  using Done = std::function<void(Result<void>)>;
  virtual ~TelemetrySink() = default;

  // Takes a batch. When it is accepted, `done` is called exactly once, from any thread, after the rows are
  // durable (they survive kill -9 and are seen by the store) or have failed as a whole. When the queue is
  // full (kOverloaded) or the sink is closed (kUnavailable) the error is returned at once, `done` is never
  // called, and nothing of the batch is kept.
  virtual Result<void> submit(model::DocumentBatch batch, Time ingested, Done done) = 0;
};

// submit() and wait.
Result<void> write(TelemetrySink& sink, model::DocumentBatch batch, Time ingested);

}  // namespace sentinel::telemetry
