#include "telemetry/embedded/row_appender.hpp"

#include <array>

namespace sentinel::telemetry {
namespace {

constexpr idx_t kChunk = 2048;  // DuckDB's vector size

// A chunk being filled and the appender it goes to.
class ChunkWriter {
 public:
  template <std::size_t N>
  static Result<std::unique_ptr<ChunkWriter>> open(const duck::Connection& connection,
                                                   const std::string& alias, const char* table,
                                                   const std::array<duckdb_type, N>& types) {
    auto writer = std::unique_ptr<ChunkWriter>(new ChunkWriter());
    if (duckdb_appender_create_ext(connection.raw(), alias.c_str(), "main", table, &writer->appender_) !=
        DuckDBSuccess) {
      const char* message = duckdb_appender_error(writer->appender_);
      return tl::unexpected<Error>(
          duck::error_of(message != nullptr ? message : "unknown failure", "appending rows"));
    }
    std::array<duckdb_logical_type, N> logical{};
    for (std::size_t i = 0; i < N; ++i) logical[i] = duckdb_create_logical_type(types[i]);
    writer->chunk_ = duckdb_create_data_chunk(logical.data(), N);
    for (auto& type : logical) duckdb_destroy_logical_type(&type);
    writer->columns_ = N;
    writer->find_vectors();
    return writer;
  }
  ~ChunkWriter() {
    if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
    if (appender_ != nullptr) duckdb_appender_destroy(&appender_);
  }
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  template <class T>
  void put(std::size_t column, T value) {
    static_cast<T*>(data_[column])[row_] = value;
  }
  void put_text(std::size_t column, std::string_view text) {
    duckdb_vector_assign_string_element_len(vectors_[column], row_, text.data() != nullptr ? text.data() : "",
                                            text.size());
  }
  Result<void> end_row() {
    if (++row_ < kChunk) return {};
    return flush_chunk();
  }
  Result<void> finish() {
    if (row_ > 0) SENTINEL_TRY(flush_chunk());
    if (duckdb_appender_close(appender_) != DuckDBSuccess) return failure();
    return {};
  }

 private:
  ChunkWriter() = default;
  void find_vectors() {
    vectors_.resize(columns_);
    data_.resize(columns_);
    for (idx_t i = 0; i < columns_; ++i) {
      vectors_[i] = duckdb_data_chunk_get_vector(chunk_, i);
      data_[i] = duckdb_vector_get_data(vectors_[i]);
    }
  }
  Result<void> flush_chunk() {
    duckdb_data_chunk_set_size(chunk_, row_);
    if (duckdb_append_data_chunk(appender_, chunk_) != DuckDBSuccess) return failure();
    duckdb_data_chunk_reset(chunk_);
    find_vectors();  // a reset may move the vectors' memory
    row_ = 0;
    return {};
  }
  Result<void> failure() const {
    const char* message = duckdb_appender_error(appender_);
    return tl::unexpected<Error>(
        duck::error_of(message != nullptr ? message : "unknown failure", "appending rows"));
  }

  duckdb_appender appender_ = nullptr;
  duckdb_data_chunk chunk_ = nullptr;
  idx_t columns_ = 0;
  idx_t row_ = 0;
  std::vector<duckdb_vector> vectors_;
  std::vector<void*> data_;
};

constexpr std::array<duckdb_type, 20> kDocTypes = {
    DUCKDB_TYPE_BIGINT,   DUCKDB_TYPE_BIGINT,   DUCKDB_TYPE_BIGINT,  DUCKDB_TYPE_VARCHAR,
    DUCKDB_TYPE_UTINYINT, DUCKDB_TYPE_UTINYINT, DUCKDB_TYPE_BOOLEAN, DUCKDB_TYPE_BOOLEAN,
    DUCKDB_TYPE_BOOLEAN,  DUCKDB_TYPE_SMALLINT, DUCKDB_TYPE_FLOAT,   DUCKDB_TYPE_SMALLINT,
    DUCKDB_TYPE_VARCHAR,  DUCKDB_TYPE_VARCHAR,  DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR,
    DUCKDB_TYPE_VARCHAR,  DUCKDB_TYPE_VARCHAR,  DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR};
constexpr std::array<duckdb_type, 5> kPointTypes = {
    DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_DOUBLE};

Result<void> append_docs(ChunkWriter& out, const ArrivedBatch& arrived, SegmentStats& stats,
                         std::int64_t& seq) {
  const std::int64_t ingested = micros(arrived.ingested);
  for (const model::LogRow& row : arrived.batch->logs) {
    out.put(0, seq);
    out.put(1, micros(row.time));
    out.put(2, ingested);
    out.put_text(3, row.service);
    out.put(4, static_cast<std::uint8_t>(row.level));
    out.put(5, static_cast<std::uint8_t>(row.span_kind));
    out.put(6, row.is_span);
    out.put(7, model::counts_in_slice(row));
    out.put(8, model::is_error(row.level, row.status_code));
    out.put(9, row.status_code);
    // NaN stands for "no duration": a value of FLOAT, so that no validity mask is needed.
    out.put(10, row.duration_ms);
    out.put(11, static_cast<std::int16_t>(
                    row.has_duration() ? model::latency_bin(static_cast<double>(row.duration_ms)) : -1));
    out.put_text(12, row.message);
    out.put_text(13, row.trace_id);
    out.put_text(14, row.span_id);
    out.put_text(15, row.parent_id);
    out.put_text(16, row.peer);
    out.put_text(17, row.host);
    out.put_text(18, row.version);
    out.put_text(19, row.extra);
    SENTINEL_TRY(out.end_row());
    stats.add(micros(row.time), ingested);
    stats.max_seq = seq++;
  }
  return {};
}

Result<void> append_points(ChunkWriter& out, const ArrivedBatch& arrived, SegmentStats& stats) {
  const std::int64_t ingested = micros(arrived.ingested);
  for (const model::MetricRow& row : arrived.batch->metrics) {
    out.put(0, micros(row.time));
    out.put(1, ingested);
    out.put_text(2, row.service);
    out.put_text(3, row.name);
    out.put(4, row.value);
    SENTINEL_TRY(out.end_row());
    stats.add(micros(row.time), ingested);
  }
  return {};
}

}  // namespace

Result<void> append_rows(const duck::Connection& connection, const std::string& alias,
                         std::span<const ArrivedBatch> batches, SegmentStats& stats, std::int64_t& seq) {
  bool docs = false;
  bool points = false;
  for (const auto& arrived : batches) {
    docs = docs || !arrived.batch->logs.empty();
    points = points || !arrived.batch->metrics.empty();
  }
  if (docs) {
    SENTINEL_ASSIGN(const auto out, ChunkWriter::open(connection, alias, "docs", kDocTypes));
    for (const auto& arrived : batches) SENTINEL_TRY(append_docs(*out, arrived, stats, seq));
    SENTINEL_TRY(out->finish());
  }
  if (points) {
    SENTINEL_ASSIGN(const auto out, ChunkWriter::open(connection, alias, "points", kPointTypes));
    for (const auto& arrived : batches) SENTINEL_TRY(append_points(*out, arrived, stats));
    SENTINEL_TRY(out->finish());
  }
  return {};
}

}  // namespace sentinel::telemetry
