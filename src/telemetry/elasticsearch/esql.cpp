#include "telemetry/elasticsearch/esql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/document.hpp"
#include "telemetry/elasticsearch/search_dsl.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

constexpr std::int64_t kPack = 1LL << 32;

std::int64_t millis(Time t) { return micros(t) / 1000; }

std::string literals(const std::vector<std::string>& words) {
  std::string list;
  for (const auto& word : words) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", word);
  return list;
}

// Words of our own table, each with the steps that OpenTelemetry puts behind ("ERROR3").
std::vector<std::string> with_steps(const std::vector<std::string_view>& words) {
  std::vector<std::string> all(words.begin(), words.end());
  for (const std::string_view word : words) {
    for (const char* step : {"2", "3", "4"}) all.push_back(std::string(word) + step);
  }
  return all;
}

// Rows come sorted by slice, service (and callee): behind the mark is what is greater.
std::string behind(const std::optional<PageMark>& after, bool with_other) {
  if (!after) return "";
  if (!with_other) return " | WHERE slice > ?at OR service > ?service";
  return " | WHERE slice > ?at OR service > ?service OR (service == ?service AND other > ?other)";
}
void add_mark(json& params, const std::optional<PageMark>& after, bool with_other) {
  if (!after) return;
  params.push_back({{"at", after->slice}});
  params.push_back({{"service", after->service}});
  if (with_other) params.push_back({{"other", after->other}});
}

// The columns of an answer by name, and its rows.
class Rows {
 public:
  static Result<Rows> of(const json& answer) {
    Rows rows;
    const auto columns = answer.find("columns");
    const auto values = answer.find("values");
    if (columns == answer.end() || values == answer.end() || !columns->is_array() || !values->is_array())
      return fail(ErrorKind::kCorrupt, "the answer of ES|QL has no columns and values");
    for (const auto& column : *columns) {
      if (!column.is_object() || !column.contains("name") || !column["name"].is_string())
        return fail(ErrorKind::kCorrupt, "a column of the answer of ES|QL has no name");
      rows.names_.push_back(column["name"].get<std::string>());
    }
    for (const auto& row : *values) {
      if (!row.is_array() || row.size() != rows.names_.size())
        return fail(ErrorKind::kCorrupt, "a row of the answer of ES|QL has the wrong length");
    }
    rows.values_ = &*values;
    return rows;
  }
  const json& all() const { return *values_; }
  std::size_t size() const { return values_->size(); }
  Result<std::size_t> column(const char* name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end())
      return fail(ErrorKind::kCorrupt, fmt::format("the answer of ES|QL has no column {}", name));
    return static_cast<std::size_t>(found - names_.begin());
  }

 private:
  std::vector<std::string> names_;
  const json* values_ = nullptr;
};

std::int64_t whole(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return static_cast<std::int64_t>(value.get<double>());
  return 0;
}
std::string word(const json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

void unpack(const json& cell, model::LatencyHistogram& histogram) {
  const auto add = [&](const json& packed) {
    const std::int64_t both = whole(packed);
    histogram.add(static_cast<int>(both / kPack), static_cast<std::uint32_t>(both % kPack));
  };
  if (cell.is_array()) {
    std::vector<std::int64_t> sorted;
    for (const auto& packed : cell) sorted.push_back(whole(packed));
    std::sort(sorted.begin(), sorted.end());
    for (const std::int64_t both : sorted)
      histogram.add(static_cast<int>(both / kPack), static_cast<std::uint32_t>(both % kPack));
  } else if (!cell.is_null()) {
    add(cell);  // a list of one is written as the value
  }
}

}  // namespace

std::string quoted(const std::string& column) {
  std::string out = "`";
  for (const char c : column) out += c == '`' ? std::string("``") : std::string(1, c);
  return out + "`";
}

Result<void> check_index(const std::string& index, const std::string& key) {
  const bool fine = !index.empty() && std::all_of(index.begin(), index.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c >= 0x80 ||
           std::string_view("._-*,:+@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (fine) return {};
  return fail(ErrorKind::kInvalid,
              fmt::format("{}: '{}' is no index name, alias or pattern", key, one_line(index, 100)));
}

std::string Esql::body(const std::string& pipeline, const json& filter, const json& params) const {
  json body = {{"query", pipeline}, {"params", params}};
  if (!filter.is_null()) body["filter"] = filter;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string Esql::text(Role role) const {
  const auto& columns = fields_.at(role);
  const auto one = [&](const Column& c) {
    const bool plain = !c.cast && (c.type == ColumnType::kKeyword || c.type == ColumnType::kText);
    return plain ? quoted(c.name) : "TO_STRING(" + quoted(c.name) + ")";
  };
  if (columns.empty()) return "";
  if (columns.size() == 1) return one(columns.front());
  std::string list;
  for (const Column& c : columns) list += (list.empty() ? "" : ", ") + one(c);
  return "COALESCE(" + list + ")";
}

std::string Esql::number(Role role) const {
  const auto& columns = fields_.at(role);
  std::string list;
  for (const Column& c : columns) list += (list.empty() ? "" : ", ") + ("TO_DOUBLE(" + quoted(c.name) + ")");
  return columns.size() > 1 ? "COALESCE(" + list + ")" : list;
}

// As model::is_error of what ingest::DocumentParser reads: the level decides; without a known level the
// span's status, the outcome, the HTTP status.
std::string Esql::errors() const {
  std::string cases;
  if (fields_.has(Role::kLevel)) {
    const std::string level = "TO_LOWER(" + text(Role::kLevel) + ")";
    std::vector<std::string_view> calm;
    const auto bad = model::level_words(model::Level::kError);
    for (const auto word : model::level_words(model::Level::kTrace)) {
      if (std::find(bad.begin(), bad.end(), word) == bad.end()) calm.push_back(word);
    }
    cases += fmt::format("{0} IN ({1}), 0, {0} IN ({2}), 1, ", level, literals(with_steps(calm)),
                         literals(with_steps(bad)));
  }
  if (fields_.has(Role::kSpanStatus))
    cases += fmt::format("TO_LOWER({}) IN (\"2\", \"error\", \"status_code_error\"), 1, ",
                         text(Role::kSpanStatus));
  if (fields_.has(Role::kOutcome))
    cases += fmt::format("TO_LOWER({}) == \"failure\", 1, ", text(Role::kOutcome));
  if (fields_.has(Role::kStatusCode)) {
    const std::string status = number(Role::kStatusCode);
    cases += fmt::format("{0} >= 500 AND {0} <= 9999, 1, ", status);
  }
  return cases.empty() ? "0" : "CASE(" + cases + "0)";
}

std::string Esql::duration() const {
  std::vector<std::string> parts;
  if (fields_.has(Role::kDurationMs)) parts.push_back(number(Role::kDurationMs));
  if (fields_.has(Role::kDurationNs)) parts.push_back(number(Role::kDurationNs) + " * 0.000001");
  if (fields_.has(Role::kSpanDuration) && fields_.has(Role::kSpanName) && fields_.has(Role::kSpanId)) {
    std::string is_span = text(Role::kSpanId) + " IS NOT NULL AND " + text(Role::kSpanName) + " IS NOT NULL";
    if (fields_.has(Role::kMessage)) is_span += " AND " + text(Role::kMessage) + " IS NULL";
    parts.push_back(fmt::format("CASE({}, {} * 0.000001, NULL)", is_span, number(Role::kSpanDuration)));
  }
  if (parts.empty()) return "";
  return parts.size() == 1 ? parts.front() : "COALESCE(" + join(parts, ", ") + ")";
}

// The formula of model::latency_bin; -1 without a duration.
std::string Esql::bin() const {
  const std::string ms = duration();
  if (ms.empty()) return "EVAL bin = -1";
  return fmt::format(
      "EVAL ms = {} | EVAL bin = CASE(ms IS NULL OR ms < 0, -1, ms <= 1.0, 0, "
      "TO_INTEGER(LEAST(FLOOR(LOG(ms) / {}), {}.0)))",
      ms, model::kBinWidth, model::kBins - 1);
}

std::string Esql::outgoing() const {
  return "COALESCE(TO_LOWER(" + text(Role::kSpanKind) +
         R"(), "") IN ("client", "producer", "span_kind_client", "span_kind_producer"))";
}

std::string Esql::slice_number() const {
  const Column& time = fields_.first(Role::kTimestamp);
  const bool cast = time.cast || time.type == ColumnType::kNanos;
  return fmt::format("slice = (TO_LONG({}) - ?from) / ?step",
                     cast ? "TO_DATETIME(" + quoted(time.name) + ")" : quoted(time.name));
}

std::string Esql::slices(model::TimeRange range, Duration step, const std::optional<PageMark>& after) const {
  const Time from = after ? range.from + step * after->slice : range.from;
  std::string query = "FROM " + index_ + " | EVAL service = " + text(Role::kService) +
                      " | WHERE service IS NOT NULL AND service != \"\"";
  if (fields_.has(Role::kSpanKind)) query += " AND NOT " + outgoing();
  query += " | EVAL " + slice_number() + ", bad = " + errors() + " | " + bin();
  query += behind(after, false);
  // Twice: bins of a slice first, then one row for it with the bins packed into a list.
  query += fmt::format(
      " | STATS n = COUNT(*), bad = SUM(bad) BY slice, service, bin"
      " | EVAL packed = CASE(bin >= 0, TO_LONG(bin) * {} + n, NULL)"
      " | STATS docs = SUM(n), errors = SUM(bad), bins = VALUES(packed) BY slice, service"
      " | SORT slice, service | LIMIT {}",
      kPack, kMostRows);
  json params = json::array({{{"from", millis(range.from)}}, {{"step", step / milliseconds(1)}}});
  add_mark(params, after, false);
  return body(query, time_filter(fields_, {from, range.to}), params);
}

std::string Esql::calls(model::TimeRange range, Duration step, const std::optional<PageMark>& after) const {
  const Time from = after ? range.from + step * after->slice : range.from;
  std::string query =
      "FROM " + index_ + " | EVAL service = " + text(Role::kService) + ", other = " + text(Role::kPeer) +
      " | WHERE service IS NOT NULL AND service != \"\" AND other IS NOT NULL AND other != \"\" AND " +
      outgoing();
  query += " | EVAL " + slice_number() + ", bad = " + errors() + " | " + bin();
  query += behind(after, true);
  query += fmt::format(
      " | STATS n = COUNT(*), bad = SUM(bad) BY slice, service, other, bin"
      " | EVAL packed = CASE(bin >= 0, TO_LONG(bin) * {} + n, NULL)"
      " | STATS docs = SUM(n), errors = SUM(bad), bins = VALUES(packed) BY slice, service, other"
      " | SORT slice, service, other | LIMIT {}",
      kPack, kMostRows);
  json params = json::array({{{"from", millis(range.from)}}, {{"step", step / milliseconds(1)}}});
  add_mark(params, after, true);
  return body(query, time_filter(fields_, {from, range.to}), params);
}

std::string Esql::arrivals(model::TimeRange ingested, Duration step,
                           const std::optional<PageMark>& after) const {
  std::string query = "FROM " + index_ + " | EVAL service = " + text(Role::kService) +
                      " | WHERE service IS NOT NULL AND service != \"\"";
  if (fields_.has(Role::kSpanKind)) query += " AND NOT " + outgoing();
  const auto ms_of = [](const Column& c) {
    return c.cast || c.type == ColumnType::kNanos ? "TO_LONG(TO_DATETIME(" + quoted(c.name) + "))"
                                                  : "TO_LONG(" + quoted(c.name) + ")";
  };
  const std::string time = ms_of(fields_.first(Role::kTimestamp));
  query += fmt::format(" | EVAL slice = FLOOR(TO_DOUBLE({0}) / ?step), lag = {1} - {0}", time,
                       ms_of(fields_.first(Role::kIngested)));
  // Documents may be of any age: the slice alone does not limit the question, so the mark needs both parts.
  query += ", other = " +
           (fields_.has(Role::kHost) ? "COALESCE(" + text(Role::kHost) + ", \"\")" : std::string("\"\""));
  if (after)
    query +=
        " | WHERE slice > ?at OR (slice == ?at AND (service > ?service OR (service == ?service AND other > "
        "?other)))";
  query += fmt::format(
      " | STATS docs = COUNT(*), lag = MAX(lag) BY slice, service, other | SORT slice, service, other | "
      "LIMIT {}",
      kMostRows);
  json params = json::array({{{"step", step / milliseconds(1)}}});
  add_mark(params, after, true);
  const json filter = range_filter(fields_.first(Role::kIngested).name, ingested);
  return body(query, filter, params);
}

std::string Esql::metrics(model::TimeRange range, Duration step, const std::vector<Column>& metrics,
                          const std::optional<PageMark>& after) const {
  const Time from = after ? range.from + step * after->slice : range.from;
  const std::string service =
      fields_.has(Role::kService) ? "COALESCE(" + text(Role::kService) + ", \"\")" : "\"\"";
  std::string query = "FROM " + index_ + " | EVAL service = " + service + ", " + slice_number();
  query += behind(after, false) + " | STATS ";
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    query += fmt::format("{0}n{1} = COUNT({2}), s{1} = SUM(TO_DOUBLE({2}))", i == 0 ? "" : ", ", i,
                         quoted(metrics[i].name));
  }
  query += fmt::format(" BY slice, service | SORT slice, service | LIMIT {}", kMostRows);
  json params = json::array({{{"from", millis(range.from)}}, {{"step", step / milliseconds(1)}}});
  add_mark(params, after, false);
  return body(query, time_filter(fields_, {from, range.to}), params);
}

namespace {
// The message has every text of the query; `params` gets them.
std::string has_texts(const std::string& message, const EventQuery& query, json& params) {
  std::string condition;
  for (const auto& text : query.texts) {
    const std::string name = fmt::format("text{}", params.size());
    condition += fmt::format("{}LOCATE(TO_LOWER({}), TO_LOWER(?{})) > 0", condition.empty() ? "" : " AND ",
                             message, name);
    params.push_back({{name, text}});
  }
  return condition;
}
}  // namespace

std::string Esql::matching(const EventQuery& query, const json& filter, std::size_t limit) const {
  const std::string ingested =
      fields_.has(Role::kIngested) ? quoted(fields_.first(Role::kIngested).name) : "TO_DATETIME(NULL)";
  json params = json::array();
  const std::string condition = has_texts(text(Role::kMessage), query, params);
  return body(fmt::format("FROM {} METADATA _source | WHERE {}"
                          " | SORT {} {} | LIMIT {} | EVAL ingested = {} | KEEP _source, ingested",
                          index_, condition, quoted(fields_.first(Role::kTimestamp).name),
                          query.oldest_first ? "ASC" : "DESC", limit, ingested),
              filter, params);
}

std::string Esql::count_matching(const EventQuery& query, const json& filter) const {
  json params = json::array();
  const std::string condition = has_texts(text(Role::kMessage), query, params);
  return body(fmt::format("FROM {} | WHERE {} | STATS docs = COUNT(*)", index_, condition), filter, params);
}

Result<SlicePage> read_slices(const json& answer, Time from, Duration step) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const auto slice, rows.column("slice"));
  SENTINEL_ASSIGN(const auto service, rows.column("service"));
  SENTINEL_ASSIGN(const auto docs, rows.column("docs"));
  SENTINEL_ASSIGN(const auto errors, rows.column("errors"));
  SENTINEL_ASSIGN(const auto bins, rows.column("bins"));
  SlicePage page;
  page.slices.reserve(rows.size());
  for (const auto& row : rows.all()) {
    model::Slice s;
    s.service = word(row[service]);
    s.start = from + step * whole(row[slice]);
    s.docs = static_cast<std::uint64_t>(whole(row[docs]));
    s.errors = static_cast<std::uint64_t>(whole(row[errors]));
    unpack(row[bins], s.latency);
    page.slices.push_back(std::move(s));
  }
  if (rows.size() >= kMostRows)
    page.next = PageMark{whole(rows.all().back()[slice]), page.slices.back().service, ""};
  return page;
}

Result<CallPage> read_calls(const json& answer, Time from, Duration step) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const auto slice, rows.column("slice"));
  SENTINEL_ASSIGN(const auto service, rows.column("service"));
  SENTINEL_ASSIGN(const auto other, rows.column("other"));
  SENTINEL_ASSIGN(const auto docs, rows.column("docs"));
  SENTINEL_ASSIGN(const auto errors, rows.column("errors"));
  SENTINEL_ASSIGN(const auto bins, rows.column("bins"));
  CallPage page;
  for (const auto& row : rows.all()) {
    model::CallSlice c;
    c.caller = word(row[service]);
    c.callee = word(row[other]);
    c.start = from + step * whole(row[slice]);
    c.calls = static_cast<std::uint64_t>(whole(row[docs]));
    c.errors = static_cast<std::uint64_t>(whole(row[errors]));
    unpack(row[bins], c.latency);
    page.calls.push_back(std::move(c));
  }
  if (rows.size() >= kMostRows)
    page.next = PageMark{whole(rows.all().back()[slice]), page.calls.back().caller, page.calls.back().callee};
  return page;
}

Result<ArrivalPage> read_arrivals(const json& answer, Duration step) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const auto slice, rows.column("slice"));
  SENTINEL_ASSIGN(const auto service, rows.column("service"));
  SENTINEL_ASSIGN(const auto other, rows.column("other"));
  SENTINEL_ASSIGN(const auto docs, rows.column("docs"));
  SENTINEL_ASSIGN(const auto lag, rows.column("lag"));
  ArrivalPage page;
  for (const auto& row : rows.all()) {
    page.arrivals.push_back({word(row[service]), Time{} + step * whole(row[slice]),
                             static_cast<std::uint64_t>(whole(row[docs])), milliseconds(whole(row[lag])),
                             word(row[other])});
  }
  if (rows.size() >= kMostRows)
    page.next =
        PageMark{whole(rows.all().back()[slice]), page.arrivals.back().service, page.arrivals.back().source};
  return page;
}

Result<MetricPage> read_metrics(const json& answer, Time from, Duration step,
                                const std::vector<Column>& metrics) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const auto slice, rows.column("slice"));
  SENTINEL_ASSIGN(const auto service, rows.column("service"));
  MetricPage page;
  for (const auto& row : rows.all()) {
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      SENTINEL_ASSIGN(const auto n, rows.column(fmt::format("n{}", i).c_str()));
      SENTINEL_ASSIGN(const auto s, rows.column(fmt::format("s{}", i).c_str()));
      const std::int64_t count = whole(row[n]);
      if (count <= 0 || !row[s].is_number()) continue;
      page.metrics.push_back({word(row[service]), metrics[i].name, from + step * whole(row[slice]),
                              static_cast<std::uint64_t>(count), row[s].get<double>()});
    }
  }
  if (rows.size() >= kMostRows)
    page.next = PageMark{whole(rows.all().back()[slice]), word(rows.all().back()[service]), ""};
  return page;
}

}  // namespace sentinel::telemetry
