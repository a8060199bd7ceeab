#include "app/backtest/recording.hpp"

#include <algorithm>
#include <limits>

#include "ingest/ndjson.hpp"

namespace sentinel::app {
namespace {

constexpr std::size_t kMaxLine = 64ULL << 20;
constexpr Duration kPage = minutes(5);  // of the store's past, read at once

bool is_measurement(const model::LogRow& row) {
  return row.message.empty() && row.level == model::Level::kNone && row.status_code == 0 &&
         !row.has_duration() && row.span_id.empty() && !row.is_span && !row.extra.empty();
}

class FileRecording final : public DocumentSource {
 public:
  FileRecording(std::unique_ptr<ingest::ByteSource> source, const ingest::FieldNames& fields)
      : source_(std::move(source)), lines_(*source_, kMaxLine), parser_(fields) {}

  bool ended() const override { return ended_; }
  Time time() const override {
    return ahead_.logs.empty() ? ahead_.metrics.front().time : ahead_.logs.front().time;
  }
  const model::DocumentBatch& document() const override { return ahead_; }
  std::uint64_t rejected() const override { return rejected_; }
  double share() const override {
    const auto size = source_->size();
    return size && *size > 0 ? static_cast<double>(source_->consumed()) / static_cast<double>(*size) : 0;
  }

  Result<void> next() override {
    for (;;) {
      SENTINEL_ASSIGN(const auto line, lines_.next());
      ahead_ = {};
      ended_ = !line;
      if (ended_) return {};
      if (line->text.empty()) continue;
      if (!line->too_long && read(line->text)) return {};
      ahead_ = {};
      ++rejected_;
    }
  }

 private:
  bool read(std::string_view text) {
    if (!parser_.add(text, false, ingest::DocumentClass::kLog, Time{}, ahead_)) return false;
    if (!is_measurement(ahead_.logs.front())) return true;
    model::DocumentBatch points;
    if (parser_.add(text, false, ingest::DocumentClass::kMetric, Time{}, points)) ahead_ = std::move(points);
    return true;
  }

  std::unique_ptr<ingest::ByteSource> source_;
  ingest::LineReader lines_;
  ingest::DocumentParser parser_;
  model::DocumentBatch ahead_;
  bool ended_ = false;
  std::uint64_t rejected_ = 0;
};

model::LogRow to_row(const model::LogEvent& e) {
  model::LogRow row;
  row.time = e.time;
  row.service = e.service;
  row.message = e.message;
  row.trace_id = e.trace_id;
  row.span_id = e.span_id;
  row.parent_id = e.parent_id;
  row.peer = e.peer;
  row.host = e.host;
  row.version = e.version;
  row.extra = e.extra;
  row.duration_ms = e.duration_ms;
  row.status_code = e.status_code;
  row.level = e.level;
  row.span_kind = e.span_kind;
  row.is_span = e.is_span;
  return row;
}

class StorePast final : public DocumentSource {
 public:
  StorePast(telemetry::TelemetryStore& store, model::TimeRange range, std::vector<std::string> metrics,
            Duration slice)
      : store_(store), range_(range), metrics_(std::move(metrics)), slice_(slice), read_until_(range.from) {}

  bool ended() const override { return ended_; }
  Time time() const override { return at_event() ? events_[event_].time : points_[point_].start; }
  const model::DocumentBatch& document() const override { return ahead_; }
  std::uint64_t rejected() const override { return 0; }
  double share() const override {
    return seconds_of(read_until_ - range_.from) / std::max(1.0, seconds_of(range_.length()));
  }

  Result<void> next() override {
    if (!ahead_.empty()) at_event() ? ++event_ : ++point_;
    return look();
  }
  // Makes the next document the current one; reads pages until there is one.
  Result<void> look() {
    ahead_ = {};
    while (event_ == events_.size() && point_ == points_.size()) {
      ended_ = read_until_ >= range_.to;
      if (ended_) return {};
      SENTINEL_TRY(read_page());
    }
    if (at_event()) {
      ahead_.add(to_row(events_[event_]));
    } else {
      const auto& p = points_[point_];
      ahead_.add(model::MetricRow{p.start, p.service, p.metric,
                                  p.sum / static_cast<double>(std::max<std::uint64_t>(p.count, 1))});
    }
    return {};
  }

 private:
  bool at_event() const {
    if (event_ == events_.size()) return false;
    return point_ == points_.size() || events_[event_].time <= points_[point_].start;
  }
  Result<void> read_page() {
    const model::TimeRange page{read_until_, std::min(range_.to, read_until_ + kPage)};
    telemetry::EventQuery query;
    query.range = page;
    query.oldest_first = true;
    query.limit = std::numeric_limits<std::int32_t>::max();
    SENTINEL_ASSIGN(events_, store_.events(query));
    points_.clear();
    if (!metrics_.empty()) {
      SENTINEL_ASSIGN(points_, store_.metrics({align_down(page.from, slice_), align_down(page.to, slice_)},
                                              slice_, metrics_));
    }
    event_ = point_ = 0;
    read_until_ = page.to;
    return {};
  }

  telemetry::TelemetryStore& store_;
  model::TimeRange range_;
  std::vector<std::string> metrics_;
  Duration slice_;
  Time read_until_;
  std::vector<model::LogEvent> events_;
  std::vector<model::MetricSlice> points_;
  std::size_t event_ = 0;
  std::size_t point_ = 0;
  model::DocumentBatch ahead_;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<DocumentSource>> open_recording(const std::string& path,
                                                       const ingest::FieldNames& fields) {
  SENTINEL_ASSIGN(auto source, ingest::open_source(path));
  std::unique_ptr<DocumentSource> recording = std::make_unique<FileRecording>(std::move(source), fields);
  if (auto first = recording->next(); !first) return fail(std::move(first).error(), path);
  return recording;
}

Result<std::unique_ptr<DocumentSource>> open_past(telemetry::TelemetryStore& store, model::TimeRange range,
                                                  std::vector<std::string> metrics, Duration slice) {
  auto past = std::make_unique<StorePast>(store, model::TimeRange{align_down(range.from, slice), range.to},
                                          std::move(metrics), slice);
  SENTINEL_TRY(past->look());
  return std::unique_ptr<DocumentSource>(std::move(past));
}

}  // namespace sentinel::app
