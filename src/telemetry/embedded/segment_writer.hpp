// The threads behind submit(): one takes queued batches and commits them together, one checkpoints the lane
// that the first has left.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "telemetry/embedded/segment_set.hpp"
#include "telemetry/store.hpp"

namespace sentinel::telemetry {

class SegmentWriter {
 public:
  struct Options {
    std::size_t queue_bytes = 0;
    std::uint64_t lane_wal_bytes = 0;
    std::uint64_t segment_bytes = 0;
  };
  SegmentWriter(SegmentSet& segments, Options options, Log log, Metrics& metrics);
  ~SegmentWriter();  // as close()

  Result<void> submit(model::DocumentBatch batch, Time ingested, TelemetrySink::Done done);
  // Asks for a checkpoint of the lane soon, which seals it when it was marked.
  void request_checkpoint(std::size_t lane);
  // Writes what is queued, then ends both threads.
  void close();
  std::optional<Time> last_ingest() const;

 private:
  struct Item {
    model::DocumentBatch batch;
    Time ingested;
    TelemetrySink::Done done;
    std::size_t bytes;
  };
  void write_loop();
  void checkpoint_loop();
  Result<void> write(const std::vector<Item>& group);
  Result<void> append(const std::vector<Item>& group);
  void choose_lane();
  void reopen_after(const Error& error);

  SegmentSet& segments_;
  Options options_;
  Log log_;
  Counter& rows_;
  Counter& refused_;
  Histogram& commit_seconds_;
  Histogram& checkpoint_seconds_;

  mutable std::mutex mutex_;
  std::condition_variable work_;        // something is queued, or the end
  std::condition_variable checkpoint_;  // a lane waits, was checkpointed, or the end
  std::deque<Item> queue_;
  std::size_t queued_bytes_ = 0;
  std::array<bool, 2> wanted_{};   // checkpoints asked for
  std::array<bool, 2> running_{};  // lane is being checkpointed
  std::array<bool, 2> appending_{};
  bool closing_ = false;
  bool broken_ = false;  // DuckDB could not be opened anew yet
  std::optional<Time> last_ingest_;

  std::size_t lane_ = 0;  // writer thread only, but for close()
  std::int64_t seq_ = 0;
  std::thread writer_;
  std::thread checkpointer_;
};

}  // namespace sentinel::telemetry
