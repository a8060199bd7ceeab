// The embedded telemetry store: DuckDB files in one folder, one writer.
//
// Two segments ("lanes") are open for writing at a time. The writer fills one until its write-ahead log is
// large, then turns to the other while a second thread checkpoints the first: whoever waits for an
// acknowledgement never waits for a checkpoint, which takes half a second and more. A segment that is full or
// old is sealed and a new one takes its place; retention and the disk budget delete whole sealed segments.
//
// Rows are durable (in the write-ahead log, synced) when submit()'s `done` is called, and seen by every later
// query.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "telemetry/store.hpp"

namespace sentinel::telemetry {

struct EmbeddedOptions {
  std::string folder;
  Duration retention = hours(168);
  std::uint64_t disk_budget_bytes = 20ULL << 30;
  int memory_limit_mb = 160;  // of DuckDB's buffers, not of the process
  int threads = 2;
  std::size_t queue_bytes = 48ULL << 20;       // batches that wait; beyond: kOverloaded
  std::uint64_t lane_wal_bytes = 32ULL << 20;  // a lane is left for checkpointing at this size of its log
  std::uint64_t segment_bytes = 512ULL << 20;  // sealed at this size
  Duration segment_age = hours(6);             // or at this age
};

struct Maintained {
  std::vector<std::string> dropped;  // file names
  std::uint64_t bytes = 0;
};

class EmbeddedTelemetry final : public TelemetryStore, public TelemetrySink {
 public:
  // Replays what a crash left, sets damaged segments aside (renamed to *.damaged, never deleted), and starts
  // the writer. The folder must be locked by the caller (folder_lock.hpp).
  static Result<std::unique_ptr<EmbeddedTelemetry>> open(EmbeddedOptions options, Log log, Metrics& metrics);
  ~EmbeddedTelemetry() override;

  Result<void> submit(model::DocumentBatch batch, Time ingested, Done done) override;
  Result<std::vector<model::Slice>> slices(model::TimeRange range, Duration step) override;
  Result<std::vector<model::Slice>> service_slices(const std::vector<std::string>& services,
                                                   model::TimeRange range, Duration step) override;
  Result<std::vector<model::CallSlice>> calls(model::TimeRange range, Duration step) override;
  Result<std::vector<model::MetricSlice>> metrics(model::TimeRange range, Duration step,
                                                  const std::vector<std::string>& names) override;
  Result<std::vector<model::LogEvent>> events(const EventQuery& query) override;
  Result<std::uint64_t> count(const EventQuery& query) override;
  Result<std::vector<model::Arrival>> arrivals(model::TimeRange ingested, Duration step) override;
  Result<StoreStatus> status() override;
  Result<std::vector<CountSlice>> histogram(const EventQuery& query, Duration step) override;

  // Deletes what retention and the disk budget no longer allow, seals old lanes. Call it every minute or so.
  Result<Maintained> maintain(Time now);
  // Writes what is queued, then refuses more. The destructor does it too.
  void close();

 private:
  struct Impl;
  explicit EmbeddedTelemetry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::telemetry
