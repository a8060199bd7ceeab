// All segments of a folder: which exist, which two are written, and who may change that while queries run.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "telemetry/embedded/duck.hpp"
#include "telemetry/embedded/segment.hpp"

namespace sentinel::telemetry {

// Thread-safe. Queries hold read_lock() from choosing segments to their last row: a segment is detached only
// under the exclusive lock.
class SegmentSet {
 public:
  SegmentSet(std::string folder, std::vector<std::pair<std::string, std::string>> settings, Log log)
      : folder_(std::move(folder)), settings_(std::move(settings)), log_(log) {}

  // Opens every segment of the folder; picks (or makes) the two lanes. Again after a fatal failure of DuckDB.
  Result<void> open();
  void close();

  std::shared_lock<std::shared_mutex> read_lock() { return std::shared_lock(structure_); }
  // A connection for one query; reused. Valid while the read lock is held.
  Result<duck::Connection> borrow();
  void give_back(duck::Connection connection);

  std::vector<Segment> all() const;  // a copy, by id
  std::vector<std::string> damaged() const;
  Segment lane(std::size_t which) const;
  void note_written(std::size_t lane, const SegmentStats& added);
  // Writes the lane's log into its file. A lane that is full or was marked is then sealed and replaced.
  Result<void> checkpoint(std::size_t lane, std::uint64_t full_at);
  void seal_soon(std::size_t lane);
  // Detaches and deletes a sealed segment.
  Result<void> drop(int id);
  bool is_lane(int id) const;
  std::int64_t newest_seq() const;

 private:
  Result<void> open_locked();

  std::string folder_;
  std::vector<std::pair<std::string, std::string>> settings_;
  Log log_;
  std::shared_mutex structure_;  // shared: queries, appends, checkpoints; exclusive: drop, reopen
  mutable std::mutex mutex_;     // guards what follows
  duck::Database database_;
  std::vector<duck::Connection> idle_;
  std::vector<Segment> segments_;  // by id
  std::array<int, 2> lanes_{};     // ids
  std::array<bool, 2> seal_{};
  std::vector<std::string> damaged_;
  int next_id_ = 1;
};

}  // namespace sentinel::telemetry
