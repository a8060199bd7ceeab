// What comes in: log documents, spans and metric points, as rows that view into the batch that owns their
// text. A row is one document of the original's schema after its field names were normalised (`ingest`).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace sentinel::model {

// Levels in rising order. `kNone`: the document names no level.
enum class Level : std::uint8_t { kNone, kTrace, kDebug, kInfo, kWarning, kError, kFatal };
std::string_view to_string(Level level);  // "", "trace", "debug", "info", "warning", "error", "fatal"
// Any spelling in use (WARN, warning, err, CRITICAL, emerg, notice, ...); an unknown word is kNone.
Level parse_level(std::string_view text);
// The spellings, in lower case, that parse_level reads as `least` or worse, the common ones first; for stores
// that must ask for them. (It also takes each with one of the digits 2 to 4 behind it.)
std::vector<std::string_view> level_words(Level least);

// Which side of a call a span is. `kNone`: the document is no span, or does not say (then it counts as an
// entry).
enum class SpanKind : std::uint8_t { kNone, kServer, kClient, kInternal, kProducer, kConsumer };
std::string_view to_string(SpanKind kind);
SpanKind parse_span_kind(std::string_view text);

// The call out of a service as it saw it: belongs to the edge to `peer`, not to the service's own latency.
constexpr bool is_outgoing(SpanKind kind) { return kind == SpanKind::kClient || kind == SpanKind::kProducer; }

inline constexpr float kNoDuration = std::numeric_limits<float>::quiet_NaN();

// One log line or span. Text fields are valid UTF-8, empty when absent, and live in the batch.
struct LogRow {
  Time time;                 // of a span: its end
  std::string_view service;  // may be empty: such rows are kept and searchable, but in no slice
  std::string_view message;  // of a span: the operation
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view parent_id;
  std::string_view peer;  // of an outgoing span: the service called
  std::string_view host;
  std::string_view version;         // service.version: a change of it is a deploy
  std::string_view extra;           // all other fields as one JSON object, or empty
  float duration_ms = kNoDuration;  // NaN when absent; negative and infinite values were made absent
  std::int16_t status_code = 0;     // HTTP status, 0 when absent
  Level level = Level::kNone;
  SpanKind span_kind = SpanKind::kNone;
  bool is_span = false;  // a span without log text of its own (`event.kind: span`, OTLP span)

  bool has_duration() const { return !std::isnan(duration_ms); }
};

// A failed request or an error line: level error or worse; without a level, a status of 500 or more.
constexpr bool is_error(Level level, int status_code) {
  return level >= Level::kError || (level == Level::kNone && status_code >= 500);
}
// Whether a row counts in its service's slices: outgoing spans belong to edges instead.
inline bool counts_in_slice(const LogRow& row) { return !row.service.empty() && !is_outgoing(row.span_kind); }

struct MetricRow {
  Time time;
  std::string_view service;
  std::string_view name;  // dotted, as in detection.metrics
  double value = 0;       // finite
};

// Rows and the memory their text lives in. Movable; views stay valid across moves, until destruction or
// clear(). Not thread-safe.
class DocumentBatch {
 public:
  DocumentBatch() = default;
  DocumentBatch(DocumentBatch&&) noexcept = default;
  DocumentBatch& operator=(DocumentBatch&&) noexcept = default;
  DocumentBatch(const DocumentBatch&) = delete;
  DocumentBatch& operator=(const DocumentBatch&) = delete;

  std::vector<LogRow> logs;
  std::vector<MetricRow> metrics;

  // A copy of `text` that lives as long as the batch.
  std::string_view keep(std::string_view text);
  // Takes over a buffer whose contents rows already view into (a request body, a parser's string buffer).
  void adopt(std::unique_ptr<char[]> buffer, std::size_t bytes);
  // Adds a row, copying its text.
  void add(const LogRow& row);
  void add(const MetricRow& row);

  std::size_t size() const { return logs.size() + metrics.size(); }
  bool empty() const { return logs.empty() && metrics.empty(); }
  std::size_t bytes() const {
    return bytes_ + logs.size() * sizeof(LogRow) + metrics.size() * sizeof(MetricRow);
  }

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* free_ = nullptr;  // within the chunk that keep() fills
  std::size_t room_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace sentinel::model
