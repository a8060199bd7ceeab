// One DuckDB file of the embedded store. Rows are in the order of arrival; each file knows which stretch of
// event time and of ingest time it holds, so that a query opens only what can matter and retention drops
// whole files.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/slice.hpp"
#include "telemetry/embedded/duck.hpp"

namespace sentinel::telemetry {

// Version of the tables inside a segment.
inline constexpr std::int64_t kSegmentVersion = 1;

// Times are microseconds; an empty segment has min > max.
struct SegmentStats {
  std::int64_t min_time = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_time = std::numeric_limits<std::int64_t>::min();
  std::int64_t min_ingested = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_ingested = std::numeric_limits<std::int64_t>::min();
  std::int64_t max_seq = -1;
  std::uint64_t rows = 0;

  void add(std::int64_t time, std::int64_t ingested);
  bool overlaps_time(const model::TimeRange& range) const {
    return rows > 0 && min_time < micros(range.to) && max_time >= micros(range.from);
  }
  bool overlaps_ingested(const model::TimeRange& range) const {
    return rows > 0 && min_ingested < micros(range.to) && max_ingested >= micros(range.from);
  }
};

struct Segment {
  int id = 0;
  std::string path;
  SegmentStats stats;

  std::string alias() const { return "s" + std::to_string(id); }
  std::uint64_t bytes() const;  // on disk, write-ahead log included
  std::uint64_t wal_bytes() const;
};

std::string segment_path(const std::string& folder, int id);
// Attaches the file, creating its tables when it is new. A newer version is kInvalid with what to do.
Result<Segment> attach_segment(const duck::Connection& connection, const std::string& folder, int id);
Result<void> detach_segment(const duck::Connection& connection, const Segment& segment);

}  // namespace sentinel::telemetry
