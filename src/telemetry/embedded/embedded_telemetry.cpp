#include "telemetry/embedded/embedded_telemetry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "telemetry/embedded/segment_set.hpp"
#include "telemetry/embedded/segment_writer.hpp"
#include "telemetry/embedded/text_search.hpp"
#include "telemetry/field_match.hpp"

namespace sentinel::telemetry {
namespace {

std::vector<std::pair<std::string, std::string>> settings_of(const EmbeddedOptions& options) {
  return {
      {"autoinstall_known_extensions", "false"},  // nothing is ever fetched
      {"autoload_known_extensions", "false"},
      {"memory_limit", fmt::format("{}MB", options.memory_limit_mb)},
      {"threads", std::to_string(options.threads)},
      {"temp_directory", options.folder + "/tmp"},
      {"storage_compatibility_version", "v1.4.0"},
      {"checkpoint_threshold", "1TB"},  // checkpoints are ours to time
      {"preserve_insertion_order", "false"},
      {"allocator_background_threads", "true"},
  };
}

// The documents of several segments as one table. Aliases are ours, never input.
std::string union_of(const std::vector<Segment>& segments, const char* table, const char* columns) {
  std::string sql;
  for (const auto& segment : segments)
    sql += fmt::format("{}SELECT {} FROM {}.{}", sql.empty() ? "" : " UNION ALL ", columns, segment.alias(),
                       table);
  return "(" + sql + ")";
}

// SQL's % keeps the sign of its left side; slices before 1970 must still be floored.
std::string slice_start(Duration step) {
  return fmt::format("(time - ((time % {0}) + {0}) % {0})", step.count());
}

struct Conditions {
  std::string sql;
  std::vector<std::string> texts;
};

// One `field = value`. Words and numbers of ours are compared as the numbers that are stored.
void add_field(Conditions& c, const std::string& field, const std::string& value) {
  const char* column = column_of(field);
  if (column == nullptr) {
    // A row may hold text that is no JSON: extracting from it would fail the whole query.
    c.sql +=
        " AND CASE WHEN json_valid(extra) THEN coalesce(json_extract_string(extra, ?), "
        "json_extract_string(extra, ?)) ELSE NULL END = ?";
    c.texts.insert(c.texts.end(), {dotted_pointer(field), nested_pointer(field), value});
  } else if (field == "level") {
    const auto level = model::parse_level(value);
    c.sql += model::to_string(level) == value ? fmt::format(" AND level = {}", static_cast<int>(level))
                                              : std::string(" AND false");
  } else if (field == "span_kind") {
    const auto kind = model::parse_span_kind(value);
    c.sql += model::to_string(kind) == value ? fmt::format(" AND span_kind = {}", static_cast<int>(kind))
                                             : std::string(" AND false");
  } else {
    c.sql += fmt::format(" AND CAST({} AS VARCHAR) = ?", column);
    c.texts.push_back(value);
  }
}

Conditions conditions_of(const EventQuery& query) {
  Conditions c;
  c.sql = "time >= ? AND time < ?";
  const auto any = [&](const char* column, const std::vector<std::string>& values) {
    if (values.empty()) return;
    std::string marks;
    for (const auto& value : values) {
      marks += marks.empty() ? "?" : ",?";
      c.texts.push_back(value);
    }
    c.sql += fmt::format(" AND {} IN ({})", column, marks);
  };
  any("service", query.services);
  any("trace_id", query.trace_ids);
  if (query.min_level) c.sql += fmt::format(" AND level >= {}", static_cast<int>(*query.min_level));
  if (query.failed_only) c.sql += " AND failed";
  if (query.kind == EventQuery::Kind::kSpans) c.sql += " AND span_id <> '' AND bin >= 0";
  if (query.kind == EventQuery::Kind::kLogs) c.sql += " AND NOT is_span";
  for (const auto& text : query.texts) {
    c.sql += fmt::format(" AND {}(message, ?)", kHasText);
    c.texts.push_back(text);
  }
  for (const auto& [field, value] : query.fields) add_field(c, field, value);
  return c;
}

// The columns that conditions_of() may look at. Those that only field conditions need are left out otherwise:
// each is read from disk.
std::string condition_columns(const EventQuery& query) {
  std::string columns = "time, service, level, failed, is_span, span_id, bin, trace_id, message";
  if (!query.fields.empty()) columns += ", host, version, peer, parent_id, status, span_kind, extra";
  return columns;
}

void bind(duck::Statement& statement, const EventQuery& query, const Conditions& conditions) {
  statement.bind(micros(query.range.from)).bind(micros(query.range.to));
  for (const auto& text : conditions.texts) statement.bind(std::string_view(text));
}

constexpr const char* kEventColumns =
    "seq, time, ingested, service, CAST(level AS BIGINT) AS level, CAST(span_kind AS BIGINT) AS span_kind, "
    "CAST(is_span AS BIGINT) AS is_span, "
    "CAST(status AS BIGINT) AS status, CAST(duration AS DOUBLE) AS duration, message, trace_id, span_id, "
    "parent_id, peer, host, version, extra";

constexpr std::size_t kEventWidth = 17;  // columns of these
constexpr std::size_t kMostFoundByPlace = 256;

model::LogEvent read_event(const duck::Rows& row) {
  model::LogEvent event;
  event.time = time_from_micros(row.int64(1));
  event.ingested = time_from_micros(row.int64(2));
  event.service = row.text(3);
  event.level = static_cast<model::Level>(row.int64(4));
  event.span_kind = static_cast<model::SpanKind>(row.int64(5));
  event.is_span = row.int64(6) != 0;
  event.status_code = static_cast<std::int16_t>(row.int64(7));
  event.duration_ms = static_cast<float>(row.real(8));
  event.message = row.text(9);
  event.trace_id = row.text(10);
  event.span_id = row.text(11);
  event.parent_id = row.text(12);
  event.peer = row.text(13);
  event.host = row.text(14);
  event.version = row.text(15);
  event.extra = row.text(16);
  return event;
}

}  // namespace

struct EmbeddedTelemetry::Impl {
  Impl(EmbeddedOptions o, Log l, Metrics& m)
      : options(std::move(o)),
        log(l),
        segments(options.folder, settings_of(options), log),
        disk_bytes(m.gauge("sentinelops_telemetry_disk_bytes", "Bytes of the embedded store on disk.")) {}

  // Runs `sql` (with one "{}" for the table) over the segments that `wanted` names and gives each row to
  // `take`.
  Result<void> each_row(const char* table, const char* columns,
                        const std::function<bool(const SegmentStats&)>& wanted, const std::string& sql,
                        const std::function<void(duck::Statement&)>& bind_values,
                        const std::function<void(const duck::Rows&)>& take) {
    const auto shared = segments.read_lock();
    std::vector<Segment> chosen;
    for (auto& segment : segments.all()) {
      if (wanted(segment.stats)) chosen.push_back(std::move(segment));
    }
    if (chosen.empty()) return {};
    SENTINEL_ASSIGN(auto connection, segments.borrow());
    {
      SENTINEL_ASSIGN(auto statement,
                      duck::Statement::prepare(
                          connection, fmt::format(fmt::runtime(sql), union_of(chosen, table, columns))));
      bind_values(statement);
      SENTINEL_ASSIGN(auto rows, statement.execute());
      while (rows.next()) take(rows);
    }
    segments.give_back(std::move(connection));
    return {};
  }

  Result<std::vector<model::Slice>> read_slices(model::TimeRange range, Duration step,
                                                const std::vector<std::string>& only);
  Result<std::vector<model::LogEvent>> find_rows(const EventQuery& query);

  EmbeddedOptions options;
  Log log;
  SegmentSet segments;
  Gauge& disk_bytes;
  std::unique_ptr<SegmentWriter> writer;
};

EmbeddedTelemetry::EmbeddedTelemetry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmbeddedTelemetry::~EmbeddedTelemetry() { close(); }

Result<std::unique_ptr<EmbeddedTelemetry>> EmbeddedTelemetry::open(EmbeddedOptions options, Log log,
                                                                   Metrics& metrics) {
  auto impl = std::make_unique<Impl>(std::move(options), log, metrics);
  if (auto opened = impl->segments.open(); !opened)
    return fail(std::move(opened).error(), "telemetry store in " + impl->options.folder);
  impl->writer = std::make_unique<SegmentWriter>(
      impl->segments,
      SegmentWriter::Options{impl->options.queue_bytes, impl->options.lane_wal_bytes,
                             impl->options.segment_bytes},
      log, metrics);
  return std::unique_ptr<EmbeddedTelemetry>(new EmbeddedTelemetry(std::move(impl)));
}

void EmbeddedTelemetry::close() {
  if (!impl_->writer) return;
  impl_->writer->close();
  impl_->segments.close();
}

Result<void> EmbeddedTelemetry::submit(model::DocumentBatch batch, Time ingested, Done done) {
  return impl_->writer->submit(std::move(batch), ingested, std::move(done));
}

// Of these services, or of all when `only` is empty.
Result<std::vector<model::Slice>> EmbeddedTelemetry::Impl::read_slices(model::TimeRange range, Duration step,
                                                                       const std::vector<std::string>& only) {
  std::string marks;
  for (std::size_t i = 0; i < only.size(); ++i) marks += i == 0 ? "?" : ",?";
  const std::string sql = fmt::format(
      "SELECT {} AS slice, service, CAST(bin AS BIGINT) AS bin, count(*) AS docs, CAST(sum(CAST(failed AS "
      "INTEGER)) AS BIGINT) AS errors FROM {{}} WHERE counted AND "
      "time >= ? AND time < ?{} GROUP BY ALL ORDER BY slice, service, bin",
      slice_start(step), only.empty() ? "" : " AND service IN (" + marks + ")");
  std::vector<model::Slice> slices;
  SENTINEL_TRY(each_row(
      "docs", "time, service, bin, failed, counted",
      [&](const SegmentStats& s) { return s.overlaps_time(range); }, sql,
      [&](duck::Statement& s) {
        s.bind(micros(range.from)).bind(micros(range.to));
        for (const std::string& service : only) s.bind(std::string_view(service));
      },
      [&](const duck::Rows& row) {
        const Time start = time_from_micros(row.int64(0));
        const std::string_view service = row.text(1);
        if (slices.empty() || slices.back().start != start || slices.back().service != service)
          slices.push_back({.service = std::string(service), .start = start});
        model::Slice& slice = slices.back();
        slice.docs += static_cast<std::uint64_t>(row.int64(3));
        slice.errors += static_cast<std::uint64_t>(row.int64(4));
        if (row.int64(2) >= 0)
          slice.latency.add(static_cast<int>(row.int64(2)), static_cast<std::uint32_t>(row.int64(3)));
      }));
  return slices;
}

Result<std::vector<model::Slice>> EmbeddedTelemetry::slices(model::TimeRange range, Duration step) {
  return impl_->read_slices(range, step, {});
}

Result<std::vector<model::Slice>> EmbeddedTelemetry::service_slices(const std::vector<std::string>& services,
                                                                    model::TimeRange range, Duration step) {
  if (services.empty()) return std::vector<model::Slice>();
  return impl_->read_slices(range, step, services);
}

Result<std::vector<model::CallSlice>> EmbeddedTelemetry::calls(model::TimeRange range, Duration step) {
  const std::string sql = fmt::format(
      "SELECT {} AS slice, service, peer, CAST(bin AS BIGINT) AS bin, count(*) AS calls, "
      "CAST(sum(CAST(failed AS INTEGER)) AS BIGINT) AS errors FROM {{}} WHERE span_kind IN "
      "({}, {}) AND service <> '' AND peer <> '' AND time >= ? AND time < ? GROUP BY ALL ORDER BY slice, "
      "service, peer, bin",
      slice_start(step), static_cast<int>(model::SpanKind::kClient),
      static_cast<int>(model::SpanKind::kProducer));
  std::vector<model::CallSlice> calls;
  SENTINEL_TRY(impl_->each_row(
      "docs", "time, service, peer, bin, failed, span_kind",
      [&](const SegmentStats& s) { return s.overlaps_time(range); }, sql,
      [&](duck::Statement& s) { s.bind(micros(range.from)).bind(micros(range.to)); },
      [&](const duck::Rows& row) {
        const Time start = time_from_micros(row.int64(0));
        const std::string_view caller = row.text(1);
        const std::string_view callee = row.text(2);
        if (calls.empty() || calls.back().start != start || calls.back().caller != caller ||
            calls.back().callee != callee) {
          calls.push_back({.caller = std::string(caller), .callee = std::string(callee), .start = start});
        }
        model::CallSlice& call = calls.back();
        call.calls += static_cast<std::uint64_t>(row.int64(4));
        call.errors += static_cast<std::uint64_t>(row.int64(5));
        if (row.int64(3) >= 0)
          call.latency.add(static_cast<int>(row.int64(3)), static_cast<std::uint32_t>(row.int64(4)));
      }));
  return calls;
}

Result<std::vector<model::MetricSlice>> EmbeddedTelemetry::metrics(model::TimeRange range, Duration step,
                                                                   const std::vector<std::string>& names) {
  std::vector<model::MetricSlice> slices;
  if (names.empty()) return slices;
  std::string marks;
  for (std::size_t i = 0; i < names.size(); ++i) marks += i == 0 ? "?" : ",?";
  // Points are summed here, in the order of time and arrival, so that the sum does not depend on DuckDB's
  // threads.
  const std::string sql = fmt::format(
      "SELECT {} AS slice, service, name, value FROM {{}} WHERE time >= ? AND time < ? AND name IN ({}) "
      "ORDER BY slice, service, name, time, value",
      slice_start(step), marks);
  SENTINEL_TRY(impl_->each_row(
      "points", "time, service, name, value", [&](const SegmentStats& s) { return s.overlaps_time(range); },
      sql,
      [&](duck::Statement& s) {
        s.bind(micros(range.from)).bind(micros(range.to));
        for (const auto& name : names) s.bind(std::string_view(name));
      },
      [&](const duck::Rows& row) {
        const Time start = time_from_micros(row.int64(0));
        const std::string_view service = row.text(1);
        const std::string_view name = row.text(2);
        if (slices.empty() || slices.back().start != start || slices.back().service != service ||
            slices.back().metric != name) {
          slices.push_back({.service = std::string(service), .metric = std::string(name), .start = start});
        }
        ++slices.back().count;
        slices.back().sum += row.real(3);
      }));
  return slices;
}

// A search that few rows match: their places are found by the narrow columns that it looks at, and only those
// rows are read whole.
Result<std::vector<model::LogEvent>> EmbeddedTelemetry::Impl::find_rows(const EventQuery& query) {
  const Conditions conditions = conditions_of(query);
  const auto shared = segments.read_lock();
  std::string places;
  for (const auto& segment : segments.all()) {
    if (!segment.stats.overlaps_time(query.range)) continue;
    places += fmt::format("{}SELECT {} AS segment, rowid AS place, seq, {} FROM {}.docs",
                          places.empty() ? "" : " UNION ALL ", segment.id, condition_columns(query),
                          segment.alias());
  }
  std::vector<model::LogEvent> events;
  if (places.empty()) return events;
  SENTINEL_ASSIGN(auto connection, segments.borrow());
  std::string whole;
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> rank;  // of (segment, place)
  {
    SENTINEL_ASSIGN(
        auto statement,
        duck::Statement::prepare(
            connection, fmt::format("SELECT CAST(segment AS BIGINT), place FROM ({}) WHERE {} ORDER BY time "
                                    "{}, seq LIMIT {} OFFSET {}",
                                    places, conditions.sql, query.oldest_first ? "ASC" : "DESC", query.limit,
                                    query.offset)));
    bind(statement, query, conditions);
    SENTINEL_ASSIGN(auto rows, statement.execute());
    while (rows.next()) {
      // One range for each row: DuckDB goes straight to it. A list of places would be held against all rows.
      whole += fmt::format(
          "{}SELECT {}, rowid, CAST({} AS BIGINT) FROM s{}.docs WHERE rowid >= {} AND rowid <= {}",
          whole.empty() ? "" : " UNION ALL ", kEventColumns, rows.int64(0), rows.int64(0), rows.int64(1),
          rows.int64(1));
      rank.emplace(std::pair(rows.int64(0), rows.int64(1)), rank.size());
    }
  }
  events.resize(rank.size());
  if (!whole.empty()) {
    SENTINEL_ASSIGN(auto rows, connection.query(whole));
    while (rows.next())
      events[rank.at({rows.int64(kEventWidth + 1), rows.int64(kEventWidth)})] = read_event(rows);
  }
  segments.give_back(std::move(connection));
  return events;
}

Result<std::vector<model::LogEvent>> EmbeddedTelemetry::events(const EventQuery& query) {
  if ((!query.texts.empty() || !query.fields.empty()) && query.limit <= kMostFoundByPlace)
    return impl_->find_rows(query);
  const Conditions conditions = conditions_of(query);
  const std::string sql =
      fmt::format("SELECT * FROM {{}} WHERE {} ORDER BY time {}, seq LIMIT {} OFFSET {}", conditions.sql,
                  query.oldest_first ? "ASC" : "DESC", query.limit, query.offset);
  std::vector<model::LogEvent> events;
  // The filter works on the raw columns; `bin` is one that it needs and the answer does not.
  const std::string columns = std::string(kEventColumns) + ", bin, failed";
  SENTINEL_TRY(impl_->each_row(
      "docs", columns.c_str(), [&](const SegmentStats& s) { return s.overlaps_time(query.range); }, sql,
      [&](duck::Statement& s) { bind(s, query, conditions); },
      [&](const duck::Rows& row) { events.push_back(read_event(row)); }));
  return events;
}

Result<std::uint64_t> EmbeddedTelemetry::count(const EventQuery& query) {
  const Conditions conditions = conditions_of(query);
  std::uint64_t total = 0;
  SENTINEL_TRY(impl_->each_row(
      "docs", condition_columns(query).c_str(),
      [&](const SegmentStats& s) { return s.overlaps_time(query.range); },
      "SELECT count(*) FROM {} WHERE " + conditions.sql,
      [&](duck::Statement& s) { bind(s, query, conditions); },
      [&](const duck::Rows& row) { total = static_cast<std::uint64_t>(row.int64(0)); }));
  return total;
}

Result<std::vector<CountSlice>> EmbeddedTelemetry::histogram(const EventQuery& query, Duration step) {
  const Conditions conditions = conditions_of(query);
  const std::string sql = fmt::format(
      "SELECT {} AS slice, count(*) AS total, count(*) FILTER (level >= {}) AS errors, count(*) FILTER "
      "(level = "
      "{}) AS warnings FROM {{}} WHERE {} GROUP BY slice ORDER BY slice",
      slice_start(step), static_cast<int>(model::Level::kError), static_cast<int>(model::Level::kWarning),
      conditions.sql);
  std::vector<CountSlice> found;
  SENTINEL_TRY(impl_->each_row(
      "docs", condition_columns(query).c_str(),
      [&](const SegmentStats& s) { return s.overlaps_time(query.range); }, sql,
      [&](duck::Statement& s) { bind(s, query, conditions); },
      [&](const duck::Rows& row) {
        found.push_back({time_from_micros(row.int64(0)), static_cast<std::uint64_t>(row.int64(1)),
                         static_cast<std::uint64_t>(row.int64(2)), static_cast<std::uint64_t>(row.int64(3))});
      }));
  return found;
}

Result<std::vector<model::Arrival>> EmbeddedTelemetry::arrivals(model::TimeRange ingested, Duration step) {
  const std::string sql = fmt::format(
      "SELECT {} AS slice, service, count(*) AS docs, max(ingested - time) AS lag, host FROM {{}} WHERE "
      "counted "
      "AND ingested >= ? AND ingested < ? GROUP BY ALL ORDER BY slice, "
      "service, host",
      slice_start(step));
  std::vector<model::Arrival> arrivals;
  SENTINEL_TRY(impl_->each_row(
      "docs", "time, ingested, service, host, counted",
      [&](const SegmentStats& s) { return s.overlaps_ingested(ingested); }, sql,
      [&](duck::Statement& s) { s.bind(micros(ingested.from)).bind(micros(ingested.to)); },
      [&](const duck::Rows& row) {
        arrivals.push_back({std::string(row.text(1)), time_from_micros(row.int64(0)),
                            static_cast<std::uint64_t>(row.int64(2)), Duration(row.int64(3)),
                            std::string(row.text(4))});
      }));
  return arrivals;
}

Result<StoreStatus> EmbeddedTelemetry::status() {
  StoreStatus status;
  status.kind = "embedded";
  SegmentStats all;
  for (const auto& segment : impl_->segments.all()) {
    status.bytes_on_disk += segment.bytes();
    status.rows += segment.stats.rows;
    if (segment.stats.rows == 0) continue;
    all.min_time = std::min(all.min_time, segment.stats.min_time);
    all.max_time = std::max(all.max_time, segment.stats.max_time);
    all.max_ingested = std::max(all.max_ingested, segment.stats.max_ingested);
  }
  if (status.rows > 0) {
    status.extent =
        model::TimeRange{time_from_micros(all.min_time), time_from_micros(all.max_time) + Duration(1)};
    status.last_ingest = time_from_micros(all.max_ingested);
  }
  status.damaged = impl_->segments.damaged();
  return status;
}

Result<Maintained> EmbeddedTelemetry::maintain(Time now) {
  Maintained done;
  const EmbeddedOptions& options = impl_->options;
  for (std::size_t lane = 0; lane < 2; ++lane) {
    const Segment segment = impl_->segments.lane(lane);
    if (segment.stats.rows == 0) continue;
    // A lane that nobody writes to any more must not outlive retention.
    const bool expired =
        std::min(segment.stats.max_time, segment.stats.max_ingested) < micros(now - options.retention);
    if (expired || micros(now) - segment.stats.min_ingested > options.segment_age.count()) {
      impl_->segments.seal_soon(lane);
      impl_->writer->request_checkpoint(lane);
    }
  }
  std::uint64_t bytes = 0;
  for (const auto& segment : impl_->segments.all()) bytes += segment.bytes();
  // By age first, then the oldest until the budget is met. Documents from the future do not keep a segment:
  // what counts is the earlier of their own time and of their arrival.
  for (const auto& segment : impl_->segments.all()) {
    if (impl_->segments.is_lane(segment.id)) continue;
    const std::int64_t newest = std::min(segment.stats.max_time, segment.stats.max_ingested);
    const bool expired = segment.stats.rows == 0 || newest < micros(now - options.retention);
    if (!expired && bytes <= options.disk_budget_bytes) continue;
    const std::uint64_t size = segment.bytes();
    SENTINEL_TRY(impl_->segments.drop(segment.id));
    impl_->log.info("telemetry.segment.dropped", {{"path", segment.path},
                                                  {"reason", expired ? "retention" : "disk budget"},
                                                  {"bytes", static_cast<std::int64_t>(size)}});
    done.dropped.push_back(std::filesystem::path(segment.path).filename().string());
    done.bytes += size;
    bytes -= std::min(bytes, size);
  }
  impl_->disk_bytes.set(static_cast<double>(bytes));
  return done;
}

}  // namespace sentinel::telemetry
