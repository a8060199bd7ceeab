#include "telemetry/elasticsearch/event_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "net/http.hpp"
#include "telemetry/elasticsearch/arrival_order.hpp"
#include "telemetry/elasticsearch/esql.hpp"
#include "telemetry/elasticsearch/search_dsl.hpp"
#include "telemetry/row_filter.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

constexpr std::size_t kFirstPage = 1'000;      // before it is known how large the documents are
constexpr std::size_t kLargestPage = 10'000;   // index.max_result_window
constexpr std::size_t kPageBytes = 32U << 20;  // of documents, about
constexpr std::size_t kMostScanned = 200'000;  // documents looked at for one question that needs all of them
constexpr std::size_t kMostTied = 2'000;       // of one millisecond: beyond, the limit may take any of them
// Asked for beyond the limit: what has the time of the last row, as limits cut it anywhere.
constexpr std::size_t kSpare = 64;

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// As many documents as are wanted, in one answer when it does not get too large.
std::size_t page_of(std::size_t wanted, std::size_t document_bytes) {
  return std::clamp(wanted, std::size_t{10},
                    std::clamp(kPageBytes / document_bytes, std::size_t{10}, kLargestPage));
}

std::size_t with_spare(std::size_t wanted) { return wanted + std::clamp<std::size_t>(wanted, 10, kSpare); }

std::optional<Time> time_in(const json& value) {
  if (value.is_string()) return parse_time(value.get<std::string>());
  if (value.is_number()) return time_from_epoch_number(value.get<double>());
  return std::nullopt;
}

// The document without the field, as `excludes` of _search leaves it: written flat or nested, and without the
// objects that are empty then.
void without(json& document, const std::string& field) {
  if (!document.is_object()) return;
  document.erase(field);
  for (std::size_t dot = field.find('.'); dot != std::string::npos; dot = field.find('.', dot + 1)) {
    const auto outer = document.find(field.substr(0, dot));
    if (outer == document.end() || !outer->is_object() || outer->empty()) continue;
    without(*outer, field.substr(dot + 1));
    if (outer->empty()) document.erase(outer);
  }
}

// The answer has what Esql::correlated() and matching() ask for.
Result<void> are_documents(const json& answer) {
  if (!answer.contains("values") || !answer["values"].is_array())
    return fail(ErrorKind::kCorrupt, "the answer of ES|QL has no values");
  for (const auto& row : answer["values"]) {
    if (!row.is_array() || row.size() != 5 || !row[1].is_string() || !row[2].is_string())
      return fail(ErrorKind::kCorrupt, "a row of ES|QL is no document");
  }
  return {};
}

// The documents of a query at `level` or worse, as a filter.
json filter_from(const FieldMap& fields, EventQuery query, std::optional<model::Level> level, bool& exact) {
  if (level) query.min_level = std::max(query.min_level.value_or(*level), *level);
  return event_filter(fields, query, exact);
}

}  // namespace

Result<json> EventReader::search(const json& body, const std::string& about) {
  return connection_.ask("POST",
                         "/" + net::percent_encode(index_) + "/_search?allow_partial_search_results=false",
                         dump(body), about + " of " + index_);
}

Result<json> EventReader::query(const std::string& body, const std::string& about) {
  return connection_.ask("POST", "/_query?allow_partial_results=false", body, about + " of " + index_);
}

Result<std::size_t> EventReader::read_hit(const json& source, std::optional<Time> ingested,
                                          model::DocumentBatch& batch, std::vector<Time>& arrivals) {
  if (!source.is_object())
    return fail(ErrorKind::kCorrupt,
                "a document came without its source: is _source switched off in the mapping?");
  const std::string text = dump(source);
  const std::lock_guard lock(reader_mutex_);
  const std::size_t before = batch.logs.size();
  const auto read = read_(text, Time{}, batch);
  if (!read) {
    // One document that cannot be read is left out of a page; its neighbours are not its fault.
    log_.debug("elasticsearch.document.unreadable", {{"error", read.error().text()}});
    return text.size();
  }
  if (batch.logs.size() > before) arrivals.push_back(ingested.value_or(batch.logs.back().time));
  return text.size();
}

// Pages through the documents in order until `wanted` of them match, or all were seen. A page continues at
// the time of the last document (inclusive) and leaves out what was seen at that time: exact over any number
// of shards. The cluster sorts by milliseconds and documents may be finer, so the last one is read to its
// end.
Result<std::vector<model::LogEvent>> EventReader::scan(const FieldMap& fields, const EventQuery& query,
                                                       const json& filter, std::size_t wanted) {
  const RowFilter exact(query);
  std::vector<model::LogEvent> found;
  std::set<std::string> seen;  // at `at`
  std::optional<std::int64_t> at;
  const std::size_t usual = document_bytes_;
  std::size_t size = usual == 0 ? std::clamp<std::size_t>(with_spare(wanted), 10, kFirstPage)
                                : page_of(with_spare(wanted), usual);
  std::size_t scanned = 0;
  std::size_t bytes = 0;
  std::size_t settled = 0;  // of `found`: those before `at`
  while (settled < wanted) {
    SENTINEL_ASSIGN(const json answer, search(event_page(fields, filter, query.oldest_first, size, at),
                                              "reading log documents"));
    if (!answer.contains("hits") || !answer["hits"].is_object() || !answer["hits"].contains("hits") ||
        !answer["hits"]["hits"].is_array())
      return fail(ErrorKind::kCorrupt, "the answer of _search has no hits");
    const json& hits = answer["hits"]["hits"];
    model::DocumentBatch batch;
    std::vector<Time> arrivals;
    std::size_t fresh = 0;
    for (const auto& hit : hits) {
      if (!hit.is_object() || !hit.contains("sort") || !hit["sort"].is_array() || hit["sort"].empty() ||
          !hit["sort"][0].is_number())
        return fail(ErrorKind::kCorrupt, "a hit of _search has no time to sort by");
      const auto ms = hit["sort"][0].get<std::int64_t>();
      const std::string id = hit.value("_index", "") + "/" + hit.value("_id", "");
      if (at && ms == *at && seen.contains(id)) continue;
      ++fresh;
      if (!at || ms != *at) {
        seen.clear();
        at = ms;
      }
      seen.insert(id);
      std::optional<Time> ingested;
      if (fields.has(Role::kIngested) && hit.contains("fields")) {
        const json& values = hit["fields"].value(fields.first(Role::kIngested).name, json::array());
        if (values.is_array() && !values.empty()) ingested = time_in(values[0]);
      }
      SENTINEL_ASSIGN(const std::size_t read,
                      read_hit(hit.value("_source", json()), ingested, batch, arrivals));
      bytes += read;
    }
    for (std::size_t i = 0; i < batch.logs.size(); ++i) {
      if (exact.matches(batch.logs[i])) found.push_back(to_event(batch.logs[i], arrivals[i]));
    }
    scanned += hits.size();
    if (scanned > 0) document_bytes_ = std::max<std::size_t>(1, bytes / scanned);
    if (hits.size() < size) break;
    settled = found.size();
    while (settled > 0 && micros(align_down(found[settled - 1].time, milliseconds(1))) / 1000 == *at)
      --settled;
    if (settled < wanted && found.size() >= wanted && seen.size() >= kMostTied) break;
    if (scanned > kMostScanned) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("more than {} documents would have to be looked at: ask for a "
                              "shorter time or a service",
                              kMostScanned));
    }
    if (fresh == 0 && size >= kLargestPage)
      return fail(ErrorKind::kInvalid,
                  fmt::format("more than {} documents carry the same time", kLargestPage));
    const std::size_t missing = wanted - std::min(wanted, settled) + seen.size();
    size = fresh == 0 ? std::min(kLargestPage, size * 4)
                      : page_of(std::max(missing, size), std::max<std::size_t>(1, bytes / scanned));
  }
  std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
    return query.oldest_first ? a.time < b.time : a.time > b.time;
  });
  return found;
}

// By ES|QL, whose rows of equal time come in no order, so that a limit takes any of them: the rows with the
// last one's time are left out of a full answer, and more is asked for when the rest does not suffice, or
// when too many rows turn out not to match. Nothing when no answer is long enough.
Result<std::optional<std::vector<model::LogEvent>>> EventReader::ask_esql(
    const FieldMap& fields, const EventQuery& query, std::size_t wanted, const std::string& about,
    const std::function<std::string(std::size_t limit)>& question) {
  using Found = std::pair<ArrivalOrder, model::LogEvent>;
  const RowFilter exact(query);
  for (std::size_t limit = with_spare(std::min(wanted, kMostRows));; limit *= 4) {
    limit = std::min(limit, kMostRows);
    SENTINEL_ASSIGN(const json answer, this->query(question(limit), about));
    SENTINEL_TRY(are_documents(answer));
    const json& rows = answer["values"];
    const bool full = rows.size() >= limit;
    model::DocumentBatch batch;
    std::vector<Time> arrivals;
    std::vector<ArrivalOrder> orders;  // of batch.logs, as `arrivals`
    std::size_t bytes = 0;
    std::size_t documents = 0;
    for (const auto& row : rows) {
      if (full && row[3] == rows.back()[3]) break;
      const auto ingested = time_in(row[4].is_array() && !row[4].empty() ? row[4][0] : row[4]);
      json source = row[0];
      if (fields.has(Role::kIngested)) without(source, fields.first(Role::kIngested).name);
      SENTINEL_ASSIGN(const std::size_t read, read_hit(source, ingested, batch, arrivals));
      bytes += read;
      ++documents;
      if (orders.size() < batch.logs.size())
        orders.emplace_back(batch.logs.back().time, ingested, row[1].get<std::string>(),
                            row[2].get<std::string>());
    }
    if (documents > 0) document_bytes_ = std::max<std::size_t>(1, bytes / documents);
    std::vector<Found> found;
    for (std::size_t i = 0; i < batch.logs.size(); ++i) {
      if (exact.matches(batch.logs[i]))
        found.emplace_back(std::move(orders[i]), to_event(batch.logs[i], arrivals[i]));
    }
    if (full && found.size() < wanted) {
      if (limit == kMostRows) return std::nullopt;
      continue;
    }
    std::sort(found.begin(), found.end(), [&](const Found& a, const Found& b) {
      if (a.second.time != b.second.time)
        return query.oldest_first ? a.second.time < b.second.time : a.second.time > b.second.time;
      return a.first < b.first;
    });
    std::vector<model::LogEvent> events;
    events.reserve(found.size());
    for (auto& [order, event] : found) events.push_back(std::move(event));
    return events;
  }
}

// Warnings and errors of a stretch of time by ES|QL, unless they are too many or too large for one answer.
bool EventReader::by_correlation(const EventQuery& query, std::size_t wanted) const {
  const bool alone = query.texts.empty() && query.trace_ids.empty() && query.fields.empty() &&
                     !query.failed_only && query.kind == EventQuery::Kind::kAll;
  const bool levels = query.min_level && *query.min_level > model::Level::kNone;
  const std::size_t limit = with_spare(wanted);
  return alone && levels && !query.paged && limit <= kMostRows && limit * document_bytes_ <= kPageBytes;
}

Result<std::vector<model::LogEvent>> EventReader::events(const FieldMap& fields, bool esql,
                                                         const EventQuery& query) {
  using Answer = std::vector<model::LogEvent>;
  bool exact = true;
  const json filter = event_filter(fields, query, exact);
  if (matches_nothing(filter)) return Answer();
  const std::size_t wanted = query.offset + query.limit;
  std::optional<Answer> asked;
  const Esql questions(index_, fields);
  if (esql && by_correlation(query, wanted)) {
    SENTINEL_ASSIGN(asked, ask_esql(fields, query, wanted, "reading warnings and errors",
                                    [&](std::size_t limit) { return questions.correlated(query, limit); }));
  } else if (esql && !query.texts.empty() && fields.has(Role::kMessage)) {
    SENTINEL_ASSIGN(asked, ask_esql(fields, query, wanted, "searching the text", [&](std::size_t limit) {
                      return questions.matching(query, filter, limit);
                    }));
  }
  if (!asked) {
    SENTINEL_ASSIGN(asked, scan(fields, query, filter, wanted));
  }
  Answer& found = *asked;
  if (query.offset >= found.size()) return Answer();
  const auto begin = found.begin() + static_cast<std::ptrdiff_t>(query.offset);
  const auto end = static_cast<std::size_t>(found.end() - begin) > query.limit
                       ? begin + static_cast<std::ptrdiff_t>(query.limit)
                       : found.end();
  return Answer(std::make_move_iterator(begin), std::make_move_iterator(end));
}

Result<std::uint64_t> EventReader::count(const FieldMap& fields, bool esql, const EventQuery& query) {
  bool exact = true;
  const json filter = event_filter(fields, query, exact);
  if (matches_nothing(filter)) return std::uint64_t{0};
  if (exact && query.texts.empty()) {
    SENTINEL_ASSIGN(const json answer, search(count_of(filter), "counting log documents"));
    const json::json_pointer total("/hits/total/value");
    if (!answer.contains(total) || !answer[total].is_number_unsigned())
      return fail(ErrorKind::kCorrupt, "the answer of _search has no total");
    return answer[total].get<std::uint64_t>();
  }
  if (exact && esql && fields.has(Role::kMessage)) {
    const Duration all = query.range.length();
    SENTINEL_ASSIGN(const json answer, this->query(Esql(index_, fields).count_matching(query, filter, all),
                                                   "counting a text in the log documents"));
    SENTINEL_ASSIGN(const auto counts, read_counts(answer, all));
    std::uint64_t total = 0;
    for (const auto& [at, docs] : counts) total += docs;
    return total;
  }
  SENTINEL_ASSIGN(const auto found, scan(fields, query, filter, kMostScanned));
  return static_cast<std::uint64_t>(found.size());
}

Result<std::vector<CountSlice>> EventReader::histogram(const FieldMap& fields, bool esql,
                                                       const EventQuery& query, Duration step) {
  std::vector<CountSlice> slices;
  bool exact = true;
  const json filter = filter_from(fields, query, std::nullopt, exact);
  const json errors = filter_from(fields, query, model::Level::kError, exact);
  const json warnings = filter_from(fields, query, model::Level::kWarning, exact);
  if (matches_nothing(filter)) return slices;
  if (exact && query.texts.empty()) {
    SENTINEL_ASSIGN(const json answer, search(counts_over_time(fields, filter, errors, warnings, step),
                                              "counting log documents over time"));
    return read_counts_over_time(answer);
  }
  if (exact && esql && fields.has(Role::kMessage)) {
    const Esql questions(index_, fields);
    std::map<Time, std::array<std::uint64_t, 3>> steps;
    const json* filters[] = {&filter, &errors, &warnings};
    for (std::size_t i = 0; i < 3; ++i) {
      SENTINEL_ASSIGN(const json answer, this->query(questions.count_matching(query, *filters[i], step),
                                                     "counting a text over time in the log documents"));
      SENTINEL_ASSIGN(const auto counts, read_counts(answer, step));
      for (const auto& [at, docs] : counts) steps[at][i] = docs;
    }
    for (const auto& [at, counts] : steps)
      slices.push_back({at, counts[0], counts[1], counts[2] - std::min(counts[1], counts[2])});
    return slices;
  }
  SENTINEL_ASSIGN(const auto found, scan(fields, query, filter, kMostScanned));
  std::map<Time, CountSlice> steps;
  for (const auto& event : found) {
    CountSlice& slice = steps[align_down(event.time, step)];
    slice.start = align_down(event.time, step);
    ++slice.total;
    slice.errors += event.level >= model::Level::kError ? 1U : 0U;
    slice.warnings += event.level == model::Level::kWarning ? 1U : 0U;
  }
  for (const auto& [at, slice] : steps) slices.push_back(slice);
  return slices;
}

Result<StoreStatus> EventReader::extent(const FieldMap& fields) {
  StoreStatus status;
  const json all = {{"match_all", json::object()}};
  SENTINEL_ASSIGN(const json answer, search(count_of(all), "asking for the extent"));
  status.rows = answer.value(json::json_pointer("/hits/total/value"), std::uint64_t{0});
  if (status.rows == 0) return status;
  EventQuery ends{.range = {Time{} - hours(24 * 365 * 100), Time{} + hours(24 * 365 * 200)}};
  SENTINEL_ASSIGN(const auto newest, scan(fields, ends, all, 1));
  ends.oldest_first = true;
  SENTINEL_ASSIGN(const auto oldest, scan(fields, ends, all, 1));
  if (!newest.empty() && !oldest.empty())
    status.extent = model::TimeRange{oldest.front().time, newest.front().time + Duration(1)};
  if (fields.has(Role::kIngested) && !newest.empty()) status.last_ingest = newest.front().ingested;
  return status;
}

}  // namespace sentinel::telemetry
