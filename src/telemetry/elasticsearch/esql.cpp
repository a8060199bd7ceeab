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

// A pattern for words of our own table (letters), each with the steps that OpenTelemetry puts behind
// ("error3"). An automaton: a list of so many words would be compared one by one.
std::string any_word(const std::vector<std::string_view>& words) {
  return fmt::format("\"({})[234]?\"", fmt::join(words, "|"));
}

std::string first_of(const std::vector<std::string>& columns) {
  return columns.size() == 1 ? columns.front() : "COALESCE(" + join(columns, ", ") + ")";
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

std::int64_t whole(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return static_cast<std::int64_t>(value.get<double>());
  return 0;
}
std::string word(const json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

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
  // Behind the last row, when the answer may have been cut.
  std::optional<PageMark> next(std::size_t slice, std::size_t service,
                               std::optional<std::size_t> other = std::nullopt) const {
    if (size() < kMostRows) return std::nullopt;
    const json& last = values_->back();
    return PageMark{whole(last[slice]), word(last[service]), other ? word(last[*other]) : std::string()};
  }

 private:
  std::vector<std::string> names_;
  const json* values_ = nullptr;
};

// Where the columns of Esql::counted() are.
struct Counted {
  std::size_t slice = 0;
  std::size_t service = 0;
  std::size_t docs = 0;
  std::size_t errors = 0;
  std::size_t bins = 0;
  static Result<Counted> in(const Rows& rows) {
    Counted at;
    SENTINEL_ASSIGN(at.slice, rows.column("slice"));
    SENTINEL_ASSIGN(at.service, rows.column("service"));
    SENTINEL_ASSIGN(at.docs, rows.column("docs"));
    SENTINEL_ASSIGN(at.errors, rows.column("errors"));
    SENTINEL_ASSIGN(at.bins, rows.column("bins"));
    return at;
  }
};

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

std::string as_text(const Column& c) {
  const bool plain = !c.cast && (c.type == ColumnType::kKeyword || c.type == ColumnType::kText);
  return plain ? quoted(c.name) : "TO_STRING(" + quoted(c.name) + ")";
}

std::string listed(const std::string& name, const std::vector<std::string>& values, json& params) {
  std::vector<std::string> names;
  for (const auto& value : values) {
    names.push_back(fmt::format("?{}{}", name, names.size()));
    params.push_back({{names.back().substr(1), value}});
  }
  return join(names, ", ");
}

std::string epoch_ms(const Column& c) {
  const bool cast = c.cast || c.type == ColumnType::kNanos;
  return cast ? "TO_LONG(TO_DATETIME(" + quoted(c.name) + "))" : "TO_LONG(" + quoted(c.name) + ")";
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
  if (columns.empty()) return "";
  if (columns.size() == 1) return as_text(columns.front());
  std::string list;
  for (const Column& c : columns) list += (list.empty() ? "" : ", ") + as_text(c);
  return "COALESCE(" + list + ")";
}

// CASE and COALESCE over columns and literals are computed for a page of rows at once; as soon as a later
// argument is more than that, Elasticsearch does it row by row. So what goes into them are columns, made one
// step earlier: a tick costs the cluster a fifth of what it does with all in one expression.
void Esql::numbers(Role role, const std::string& name, const char* scale, std::vector<std::string>& steps,
                   std::vector<std::string>& names) const {
  for (const Column& c : fields_.at(role)) {
    names.push_back(fmt::format("{}_{}", name, names.size()));
    steps.push_back(fmt::format("{} = TO_DOUBLE({}){}", names.back(), quoted(c.name), scale));
  }
}

// As model::is_error of what ingest::DocumentParser reads: the level decides; without a known level the
// span's status, the outcome, the HTTP status.
std::string Esql::errors() const {
  std::vector<std::string> steps;
  std::vector<std::string> signs;
  if (fields_.has(Role::kSpanStatus))
    signs.push_back(
        fmt::format("TO_LOWER({}) IN (\"2\", \"error\", \"status_code_error\")", text(Role::kSpanStatus)));
  if (fields_.has(Role::kOutcome))
    signs.push_back(fmt::format("TO_LOWER({}) == \"failure\"", text(Role::kOutcome)));
  if (fields_.has(Role::kStatusCode)) {
    std::vector<std::string> names;
    numbers(Role::kStatusCode, "status", "", steps, names);
    const std::string status = first_of(names);
    signs.push_back(fmt::format("({0} >= 500 AND {0} <= 9999)", status));
  }
  std::string bad = signs.empty() ? "" : "(" + join(signs, " OR ") + ")";
  if (fields_.has(Role::kLevel)) {
    const auto worst = model::level_words(model::Level::kError);
    std::vector<std::string_view> calm;
    for (const auto word : model::level_words(model::Level::kTrace)) {
      if (std::find(worst.begin(), worst.end(), word) == worst.end()) calm.push_back(word);
    }
    steps.push_back(fmt::format("level_word = TO_LOWER({})", text(Role::kLevel)));
    steps.push_back("calm = COALESCE(level_word RLIKE " + any_word(calm) + ", false)");
    steps.push_back("worst = COALESCE(level_word RLIKE " + any_word(worst) + ", false)");
    bad = bad.empty() ? "worst" : "worst OR (NOT calm AND " + bad + ")";
  }
  if (bad.empty()) return "EVAL bad = 0";
  steps.push_back("is_bad = " + bad);
  return "EVAL " + join(steps, ", ") + " | EVAL bad = CASE(is_bad, 1, 0)";
}

// The formula of model::latency_bin; null without a duration.
std::string Esql::bin() const {
  std::vector<std::string> steps;
  std::vector<std::string> names;
  numbers(Role::kDurationMs, "ms", "", steps, names);
  numbers(Role::kDurationNs, "ms", " * 0.000001", steps, names);
  if (fields_.has(Role::kSpanDuration) && fields_.has(Role::kSpanName) && fields_.has(Role::kSpanId)) {
    std::string is_span = text(Role::kSpanId) + " IS NOT NULL AND " + text(Role::kSpanName) + " IS NOT NULL";
    if (fields_.has(Role::kMessage)) is_span += " AND " + text(Role::kMessage) + " IS NULL";
    std::vector<std::string> of_span;
    numbers(Role::kSpanDuration, "span_ms", " * 0.000001", steps, of_span);
    steps.push_back("is_span = " + is_span);
    names.push_back(fmt::format("ms_{}", names.size()));
    steps.push_back(fmt::format("{} = CASE(is_span, {}, NULL)", names.back(), of_span.front()));
  }
  if (names.empty()) return "EVAL bin = TO_INTEGER(NULL)";
  return fmt::format(
      "EVAL {}, ms = {} | EVAL ms = CASE(ms >= 0, ms, NULL)"
      " | EVAL bin = TO_INTEGER(LEAST(FLOOR(LOG(GREATEST(ms, 1.0)) / {}), {}.0))",
      join(steps, ", "), first_of(names), model::kBinWidth, model::kBins - 1);
}

std::string Esql::outgoing() const {
  return "COALESCE(TO_LOWER(" + text(Role::kSpanKind) +
         R"(), "") IN ("client", "producer", "span_kind_client", "span_kind_producer"))";
}

std::string Esql::slice_number() const {
  return fmt::format("slice = ({} - ?from) / ?step", epoch_ms(fields_.first(Role::kTimestamp)));
}

// Documents, errors and bins of each group. Twice grouped: by bin first, then one row with the bins packed
// into a list.
std::string Esql::counted(const std::string& group, const std::string& behind_mark) const {
  return fmt::format(
      " | EVAL {0} | {1} | {2}{3}"
      " | STATS n = COUNT(*), bad = SUM(bad) BY {4}, bin"
      " | EVAL packed = TO_LONG(bin) * {5} + n"
      " | STATS docs = SUM(n), errors = SUM(bad), bins = VALUES(packed) BY {4}"
      " | SORT {4} | LIMIT {6}",
      slice_number(), errors(), bin(), behind_mark, group, kPack, kMostRows);
}

std::string Esql::slices(model::TimeRange range, Duration step, const std::optional<PageMark>& after,
                         const std::vector<std::string>& services) const {
  const Time from = after ? range.from + step * after->slice : range.from;
  std::string query = "FROM " + index_ + " | EVAL service = " + text(Role::kService) +
                      " | WHERE service IS NOT NULL AND service != \"\"";
  if (fields_.has(Role::kSpanKind)) query += " AND NOT " + outgoing();
  json filter = time_filter(fields_, {from, range.to});
  json params = json::array({{{"from", millis(range.from)}}, {{"step", step / milliseconds(1)}}});
  if (!services.empty()) {
    bool exact = true;
    filter = event_filter(fields_, {.range = {from, range.to}, .services = services}, exact);
    query += " AND service IN (" + listed("only", services, params) + ")";
  }
  query += counted("slice, service", behind(after, false));
  add_mark(params, after, false);
  return body(query, filter, params);
}

std::string Esql::calls(model::TimeRange range, Duration step, const std::optional<PageMark>& after) const {
  const Time from = after ? range.from + step * after->slice : range.from;
  std::string query =
      "FROM " + index_ + " | EVAL service = " + text(Role::kService) + ", other = " + text(Role::kPeer) +
      " | WHERE service IS NOT NULL AND service != \"\" AND other IS NOT NULL AND other != \"\" AND " +
      outgoing();
  query += counted("slice, service, other", behind(after, true));
  json params = json::array({{{"from", millis(range.from)}}, {{"step", step / milliseconds(1)}}});
  add_mark(params, after, true);
  return body(query, time_filter(fields_, {from, range.to}), params);
}

std::string Esql::arrivals(model::TimeRange ingested, Duration step,
                           const std::optional<PageMark>& after) const {
  std::string query = "FROM " + index_ + " | EVAL service = " + text(Role::kService) +
                      " | WHERE service IS NOT NULL AND service != \"\"";
  if (fields_.has(Role::kSpanKind)) query += " AND NOT " + outgoing();
  const std::string time = epoch_ms(fields_.first(Role::kTimestamp));
  query += fmt::format(" | EVAL slice = FLOOR(TO_DOUBLE({0}) / ?step), lag = {1} - {0}", time,
                       epoch_ms(fields_.first(Role::kIngested)));
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

Result<std::vector<std::pair<Time, std::uint64_t>>> read_counts(const json& answer, Duration step) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const auto slice, rows.column("slice"));
  SENTINEL_ASSIGN(const auto docs, rows.column("docs"));
  if (rows.size() >= kMostRows)
    return fail(ErrorKind::kInvalid,
                fmt::format("more than {} steps of time: ask for longer ones", kMostRows));
  std::vector<std::pair<Time, std::uint64_t>> counts;
  for (const auto& row : rows.all())
    counts.emplace_back(Time{} + step * whole(row[slice]), static_cast<std::uint64_t>(whole(row[docs])));
  return counts;
}

Result<std::optional<PageMark>> read_slices(const json& answer, Time from, Duration step,
                                            std::vector<model::Slice>& slices) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const Counted of, Counted::in(rows));
  slices.reserve(slices.size() + rows.size());
  for (const auto& row : rows.all()) {
    model::Slice s;
    s.service = word(row[of.service]);
    s.start = from + step * whole(row[of.slice]);
    s.docs = static_cast<std::uint64_t>(whole(row[of.docs]));
    s.errors = static_cast<std::uint64_t>(whole(row[of.errors]));
    unpack(row[of.bins], s.latency);
    slices.push_back(std::move(s));
  }
  return rows.next(of.slice, of.service);
}

Result<std::optional<PageMark>> read_calls(const json& answer, Time from, Duration step,
                                           std::vector<model::CallSlice>& calls) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const Counted of, Counted::in(rows));
  SENTINEL_ASSIGN(const auto other, rows.column("other"));
  for (const auto& row : rows.all()) {
    model::CallSlice c;
    c.caller = word(row[of.service]);
    c.callee = word(row[other]);
    c.start = from + step * whole(row[of.slice]);
    c.calls = static_cast<std::uint64_t>(whole(row[of.docs]));
    c.errors = static_cast<std::uint64_t>(whole(row[of.errors]));
    unpack(row[of.bins], c.latency);
    calls.push_back(std::move(c));
  }
  return rows.next(of.slice, of.service, other);
}

Result<std::optional<PageMark>> read_arrivals(const json& answer, Duration step,
                                              std::vector<model::Arrival>& arrivals) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const auto slice, rows.column("slice"));
  SENTINEL_ASSIGN(const auto service, rows.column("service"));
  SENTINEL_ASSIGN(const auto other, rows.column("other"));
  SENTINEL_ASSIGN(const auto docs, rows.column("docs"));
  SENTINEL_ASSIGN(const auto lag, rows.column("lag"));
  for (const auto& row : rows.all()) {
    arrivals.push_back({word(row[service]), Time{} + step * whole(row[slice]),
                        static_cast<std::uint64_t>(whole(row[docs])), milliseconds(whole(row[lag])),
                        word(row[other])});
  }
  return rows.next(slice, service, other);
}

Result<std::optional<PageMark>> read_metrics(const json& answer, Time from, Duration step,
                                             const std::vector<Column>& metrics,
                                             std::vector<model::MetricSlice>& slices) {
  SENTINEL_ASSIGN(const Rows rows, Rows::of(answer));
  SENTINEL_ASSIGN(const auto slice, rows.column("slice"));
  SENTINEL_ASSIGN(const auto service, rows.column("service"));
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    SENTINEL_ASSIGN(const auto n, rows.column(fmt::format("n{}", i).c_str()));
    SENTINEL_ASSIGN(const auto s, rows.column(fmt::format("s{}", i).c_str()));
    for (const auto& row : rows.all()) {
      const std::int64_t count = whole(row[n]);
      if (count <= 0 || !row[s].is_number()) continue;
      slices.push_back({word(row[service]), metrics[i].name, from + step * whole(row[slice]),
                        static_cast<std::uint64_t>(count), row[s].get<double>()});
    }
  }
  return rows.next(slice, service);
}

}  // namespace sentinel::telemetry
