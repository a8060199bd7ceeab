#include "telemetry/embedded/segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace sentinel::telemetry {
namespace {

std::uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// `bin` is computed at arrival by model::latency_bin (-1: no duration), `counted` and `failed` by
// model::counts_in_slice and model::is_error: every store answers by the same functions.
constexpr const char* kTables = R"(
CREATE TABLE {0}.meta(version BIGINT);
INSERT INTO {0}.meta VALUES ({1});
CREATE TABLE {0}.docs(
  seq BIGINT, time BIGINT, ingested BIGINT, service VARCHAR, level UTINYINT, span_kind UTINYINT, is_span BOOLEAN,
  counted BOOLEAN, failed BOOLEAN, status SMALLINT, duration FLOAT, bin SMALLINT,
  message VARCHAR USING COMPRESSION zstd, trace_id VARCHAR, span_id VARCHAR, parent_id VARCHAR, peer VARCHAR, host VARCHAR,
  version VARCHAR, extra VARCHAR USING COMPRESSION zstd);
CREATE TABLE {0}.points(time BIGINT, ingested BIGINT, service VARCHAR, name VARCHAR, value DOUBLE);
)";

Result<SegmentStats> read_stats(const duck::Connection& connection, const std::string& alias) {
  SegmentStats stats;
  for (const char* table : {"docs", "points"}) {
    const bool docs = std::string_view(table) == "docs";
    SENTINEL_ASSIGN(auto rows,
                    connection.query(fmt::format(
                        "SELECT count(*), min(time), max(time), min(ingested), max(ingested){} FROM {}.{}",
                        docs ? ", max(seq)" : "", alias, table)));
    if (!rows.next() || rows.int64(0) == 0) continue;
    stats.rows += static_cast<std::uint64_t>(rows.int64(0));
    stats.min_time = std::min(stats.min_time, rows.int64(1));
    stats.max_time = std::max(stats.max_time, rows.int64(2));
    stats.min_ingested = std::min(stats.min_ingested, rows.int64(3));
    stats.max_ingested = std::max(stats.max_ingested, rows.int64(4));
    if (docs) stats.max_seq = rows.int64(5);
  }
  return stats;
}

Result<SegmentStats> check_or_create(const duck::Connection& connection, const std::string& alias) {
  SENTINEL_ASSIGN(auto tables,
                  connection.query(fmt::format("SELECT count(*) FROM duckdb_tables() WHERE database_name={}",
                                               duck::quoted(alias))));
  const bool fresh = !tables.next() || tables.int64(0) == 0;
  if (fresh) {
    SENTINEL_TRY(connection.run("BEGIN"));
    auto made = connection.run(fmt::format(fmt::runtime(kTables), alias, kSegmentVersion));
    if (made) made = connection.run("COMMIT");
    if (!made) {
      (void)connection.run("ROLLBACK");
      return tl::unexpected<Error>(std::move(made).error());
    }
    return SegmentStats{};
  }
  SENTINEL_ASSIGN(auto meta, connection.query(fmt::format("SELECT max(version) FROM {}.meta", alias)));
  const std::int64_t version = meta.next() && !meta.is_null(0) ? meta.int64(0) : 0;
  if (version != kSegmentVersion) {
    return fail(ErrorKind::kInvalid, fmt::format("its format is version {}, this program knows {}: use the "
                                                 "newer program, or give it another folder",
                                                 version, kSegmentVersion));
  }
  return read_stats(connection, alias);
}

}  // namespace

void SegmentStats::add(std::int64_t time, std::int64_t ingested) {
  min_time = std::min(min_time, time);
  max_time = std::max(max_time, time);
  min_ingested = std::min(min_ingested, ingested);
  max_ingested = std::max(max_ingested, ingested);
  ++rows;
}

std::uint64_t Segment::bytes() const { return size_of(path) + wal_bytes(); }
std::uint64_t Segment::wal_bytes() const { return size_of(path + ".wal"); }

std::string segment_path(const std::string& folder, int id) {
  return fmt::format("{}/seg-{:06}.duckdb", folder, id);
}

Result<Segment> attach_segment(const duck::Connection& connection, const std::string& folder, int id) {
  Segment segment{.id = id, .path = segment_path(folder, id)};
  auto attached = connection.run(
      fmt::format("ATTACH {} AS {} (STORAGE_VERSION 'v1.4.0')", duck::quoted(segment.path), segment.alias()));
  if (!attached) return fail(std::move(attached).error(), "opening " + segment.path);
  auto stats = check_or_create(connection, segment.alias());
  if (!stats) {
    (void)detach_segment(connection, segment);
    return fail(std::move(stats).error(), "opening " + segment.path);
  }
  segment.stats = *stats;
  return segment;
}

Result<void> detach_segment(const duck::Connection& connection, const Segment& segment) {
  return connection.run("DETACH " + segment.alias());
}

}  // namespace sentinel::telemetry
