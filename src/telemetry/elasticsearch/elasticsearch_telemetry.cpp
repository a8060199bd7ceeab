#include "telemetry/elasticsearch/elasticsearch_telemetry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "telemetry/elasticsearch/esql.hpp"
#include "telemetry/elasticsearch/field_map.hpp"
#include "telemetry/elasticsearch/search_dsl.hpp"
#include "telemetry/row_filter.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

constexpr Duration kFieldsFor = minutes(5);       // a map of fields is good for so long
constexpr Duration kIncompleteFor = seconds(60);  // one in which a wanted field was missing
constexpr Duration kStatusFor =
    seconds(15);  // pages and health checks ask often, and it costs three questions
constexpr std::size_t kEventPage = 1'000;
constexpr std::size_t kLargestEventPage = 10'000;  // index.max_result_window
constexpr std::size_t kMostScanned = 200'000;  // documents looked at for one question that needs all of them

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// A number at the start of a version: {8, 19} of "8.19.21".
std::pair<int, int> version_of(const std::string& text) {
  int major = 0;
  int minor = 0;
  (void)std::sscanf(text.c_str(), "%d.%d", &major, &minor);
  return {major, minor};
}

}  // namespace

struct ElasticsearchTelemetry::Impl {
  Impl(net::Transport& transport, ElasticsearchOptions o, net::RetryTime t, Log l)
      : options(std::move(o)), time(t), log(l), connection(transport, options.connection, t, l) {}

  struct Known {
    FieldMap fields;
    json caps;
    Time until{};
  };

  Result<ClusterFacts> facts();
  Result<std::shared_ptr<const Known>> known(const std::string& index, const model::FieldNames& names,
                                             const std::vector<std::string>& more, Known& slot);
  Result<std::shared_ptr<const Known>> log_fields();
  void forget_fields();
  Result<json> query(const std::string& body, const std::string& about);
  Result<json> search(const std::string& index, const json& body, const std::string& about);
  Result<void> read_hit(const json& source, std::optional<Time> ingested, model::DocumentBatch& batch,
                        std::vector<Time>& arrivals);
  Result<std::vector<model::LogEvent>> scan(const FieldMap& fields, const EventQuery& query,
                                            const json& filter, std::size_t wanted);
  Result<std::vector<model::LogEvent>> find_text(const FieldMap& fields, const EventQuery& query,
                                                 const json& filter);
  // All pages of a composite aggregation, given to `take` (which returns where the next begins). When the
  // cluster runs no scripts, `restart` and once more without.
  Result<void> composite(const FieldMap& fields, Breakdown breakdown, model::TimeRange range, Duration step,
                         const std::string& about, const std::function<void()>& restart,
                         const std::function<Result<json>(const json& answer, bool scripts)>& take);
  // Runs `ask`; once more with fresh fields when the cluster says that it does not know one.
  template <class Answer, class Ask>
  Result<Answer> with_fields(const Ask& ask);

  ElasticsearchOptions options;
  net::RetryTime time;
  Log log;
  Connection connection;
  std::mutex mutex;  // what follows
  std::optional<ClusterFacts> cluster;
  Known logs;
  Known metrics;
  std::optional<StoreStatus> last_status;
  Time status_until{};
  std::mutex reader_mutex;
  std::atomic<bool> scripts{true};  // until the cluster refuses one
};

ElasticsearchTelemetry::ElasticsearchTelemetry(net::Transport& transport, ElasticsearchOptions options,
                                               net::RetryTime time, Log log)
    : impl_(std::make_unique<Impl>(transport, std::move(options), std::move(time), log)) {}
ElasticsearchTelemetry::~ElasticsearchTelemetry() = default;

Result<ClusterFacts> ElasticsearchTelemetry::facts() { return impl_->facts(); }
Connection& ElasticsearchTelemetry::connection() { return impl_->connection; }
void ElasticsearchTelemetry::interrupt() { impl_->connection.interrupt(); }

Result<ClusterFacts> ElasticsearchTelemetry::Impl::facts() {
  {
    const std::lock_guard lock(mutex);
    if (cluster) return *cluster;
  }
  SENTINEL_ASSIGN(const json root, connection.ask("GET", "/", "", "asking elasticsearch who it is"));
  ClusterFacts facts;
  facts.name = root.value("cluster_name", "");
  const json version = root.value("version", json::object());
  if (!version.is_object() || !version.contains("number")) {
    return fail(ErrorKind::kCorrupt,
                "the URL answers, but not as Elasticsearch or OpenSearch: check elasticsearch.hosts and "
                "ELASTICSEARCH_URL");
  }
  facts.version = version.value("number", "");
  facts.distribution = version.value("distribution", "elasticsearch");
  const bool serverless = version.value("build_flavor", "") == "serverless";
  facts.esql = options.engine == ElasticsearchOptions::Engine::kEsql;
  if (options.engine == ElasticsearchOptions::Engine::kAsk && facts.distribution != "opensearch" &&
      (serverless || version_of(facts.version) >= std::pair{8, 14})) {
    // It may be switched off (xpack.esql.enabled): then nobody handles the address.
    const auto answer =
        connection.raw("POST", "/_query", dump({{"query", "FROM " + options.log_index + " | LIMIT 0"}}));
    if (!answer) return fail(Error(answer.error()), "asking for ES|QL");
    const bool unhandled =
        answer->body.find("no handler found") != std::string::npos || answer->status == 405;
    facts.esql = !unhandled;
  }
  log.info("elasticsearch.connected", {{"cluster", facts.name},
                                       {"version", facts.version},
                                       {"distribution", facts.distribution},
                                       {"asked_by", facts.esql ? "ES|QL" : "_search"}});
  const std::lock_guard lock(mutex);
  cluster = facts;
  return facts;
}

// The map of an index's fields, from memory while it is fresh.
Result<std::shared_ptr<const ElasticsearchTelemetry::Impl::Known>> ElasticsearchTelemetry::Impl::known(
    const std::string& index, const model::FieldNames& names, const std::vector<std::string>& more,
    Known& slot) {
  {
    const std::lock_guard lock(mutex);
    if (time.now() < slot.until) return std::make_shared<const Known>(slot);
  }
  auto wanted = fields_to_ask(names);
  wanted.insert(wanted.end(), more.begin(), more.end());
  std::string list;
  for (const auto& name : wanted) list += (list.empty() ? "" : ",") + net::percent_encode(name);
  SENTINEL_ASSIGN(json caps,
                  connection.ask("GET", "/" + net::percent_encode(index) + "/_field_caps?fields=" + list, "",
                                 "asking for the fields of " + index));
  Known fresh;
  fresh.fields = FieldMap(names, caps);
  fresh.caps = std::move(caps);
  const bool complete = fresh.fields.has(Role::kTimestamp) && fresh.fields.has(Role::kService) &&
                        fresh.fields.has(Role::kLevel) &&
                        (fresh.fields.has(Role::kDurationMs) || fresh.fields.has(Role::kDurationNs));
  fresh.until = time.now() + (complete ? kFieldsFor : kIncompleteFor);
  const std::lock_guard lock(mutex);
  slot = fresh;
  return std::make_shared<const Known>(std::move(fresh));
}

Result<std::shared_ptr<const ElasticsearchTelemetry::Impl::Known>>
ElasticsearchTelemetry::Impl::log_fields() {
  SENTINEL_TRY(check_index(options.log_index, "elasticsearch.log_index"));
  SENTINEL_ASSIGN(auto found, known(options.log_index, options.fields, {}, logs));
  const auto& indices = found->caps.value("indices", json::array());
  if (indices.is_array() && indices.empty()) {
    forget_fields();
    return fail(ErrorKind::kNotFound,
                fmt::format("no index matches elasticsearch.log_index: {}: check its name, or let "
                            "the shippers write first",
                            options.log_index));
  }
  SENTINEL_TRY(found->fields.usable(options.log_index));
  return found;
}

void ElasticsearchTelemetry::Impl::forget_fields() {
  const std::lock_guard lock(mutex);
  logs.until = {};
  metrics.until = {};
}

Result<json> ElasticsearchTelemetry::Impl::query(const std::string& body, const std::string& about) {
  // Said aloud: newer clusters would otherwise answer with what some shards know.
  return connection.ask("POST", "/_query?allow_partial_results=false", body, about);
}

Result<json> ElasticsearchTelemetry::Impl::search(const std::string& index, const json& body,
                                                  const std::string& about) {
  return connection.ask("POST",
                        "/" + net::percent_encode(index) + "/_search?allow_partial_search_results=false",
                        dump(body), about);
}

template <class Answer, class Ask>
Result<Answer> ElasticsearchTelemetry::Impl::with_fields(const Ask& ask) {
  for (int attempt = 1;; ++attempt) {
    SENTINEL_ASSIGN(const auto known, log_fields());
    Result<Answer> answer = ask(known->fields);
    if (answer || answer.error().kind != ErrorKind::kInvalid || attempt > 1) return answer;
    // The mapping may have changed under us: an index rolled over, a field went.
    forget_fields();
  }
}

Result<void> ElasticsearchTelemetry::Impl::composite(
    const FieldMap& fields, Breakdown breakdown, model::TimeRange range, Duration step,
    const std::string& about, const std::function<void()>& restart,
    const std::function<Result<json>(const json&, bool)>& take) {
  json after;
  for (bool more = true; more;) {
    const bool with_scripts = scripts;
    SENTINEL_ASSIGN(const json body, composite_page(fields, breakdown, range, step, with_scripts, after));
    auto answer = search(options.log_index, body, about);
    if (!answer && with_scripts && answer.error().kind == ErrorKind::kInvalid &&
        answer.error().message.find("script") != std::string::npos) {
      log.info("elasticsearch.scripts.refused", {{"consequence", "durations are read one by one"}});
      scripts = false;
      restart();
      after = nullptr;
      continue;
    }
    if (!answer) return tl::unexpected<Error>(std::move(answer).error());
    SENTINEL_ASSIGN(after, take(*answer, with_scripts));
    more = !after.is_null();
  }
  return {};
}

Result<std::vector<model::Slice>> ElasticsearchTelemetry::slices(model::TimeRange range, Duration step) {
  using Answer = std::vector<model::Slice>;
  if (range.empty()) return Answer();
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  return impl_->with_fields<Answer>([&](const FieldMap& fields) -> Result<Answer> {
    Answer all;
    const std::string about = "reading slices from " + impl_->options.log_index;
    if (facts.esql) {
      const Esql esql(impl_->options.log_index, fields);
      std::optional<PageMark> after;
      do {
        SENTINEL_ASSIGN(const json answer, impl_->query(esql.slices(range, step, after), about));
        SENTINEL_ASSIGN(auto page, read_slices(answer, range.from, step));
        std::move(page.slices.begin(), page.slices.end(), std::back_inserter(all));
        after = std::move(page.next);
      } while (after);
      return all;
    }
    SENTINEL_TRY(impl_->composite(
        fields, Breakdown::kSlices, range, step, about, [&] { all.clear(); },
        [&](const json& answer, bool scripts) { return add_slices(answer, scripts, all); }));
    return all;
  });
}

Result<std::vector<model::CallSlice>> ElasticsearchTelemetry::calls(model::TimeRange range, Duration step) {
  using Answer = std::vector<model::CallSlice>;
  if (range.empty()) return Answer();
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  return impl_->with_fields<Answer>([&](const FieldMap& fields) -> Result<Answer> {
    Answer all;
    if (!fields.has(Role::kPeer) || !fields.has(Role::kSpanKind)) return all;
    const std::string about = "reading calls from " + impl_->options.log_index;
    if (facts.esql) {
      const Esql esql(impl_->options.log_index, fields);
      std::optional<PageMark> after;
      do {
        SENTINEL_ASSIGN(const json answer, impl_->query(esql.calls(range, step, after), about));
        SENTINEL_ASSIGN(auto page, read_calls(answer, range.from, step));
        std::move(page.calls.begin(), page.calls.end(), std::back_inserter(all));
        after = std::move(page.next);
      } while (after);
      return all;
    }
    SENTINEL_TRY(impl_->composite(
        fields, Breakdown::kCalls, range, step, about, [&] { all.clear(); },
        [&](const json& answer, bool scripts) { return add_calls(answer, scripts, all); }));
    return all;
  });
}

Result<std::vector<model::MetricSlice>> ElasticsearchTelemetry::metrics(
    model::TimeRange range, Duration step, const std::vector<std::string>& names) {
  using Answer = std::vector<model::MetricSlice>;
  if (range.empty() || names.empty()) return Answer();
  SENTINEL_TRY(check_index(impl_->options.metrics_index, "elasticsearch.metrics_index"));
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  const std::string& index = impl_->options.metrics_index;
  auto known = impl_->known(index, impl_->options.fields, names, impl_->metrics);
  // Metric documents are optional: without them there is nothing to judge, and nothing is wrong.
  if (!known && known.error().kind == ErrorKind::kNotFound) return Answer();
  if (!known) return tl::unexpected<Error>(std::move(known).error());
  const FieldMap& fields = (*known)->fields;
  std::vector<Column> columns;
  for (const auto& name : names) {
    const auto column = column_in((*known)->caps, name);
    if (column && column->type == ColumnType::kNumber) columns.push_back(*column);
  }
  Answer all;
  if (columns.empty() || !fields.has(Role::kTimestamp)) return all;
  const std::string about = "reading metrics from " + index;
  if (facts.esql) {
    const Esql esql(index, fields);
    std::optional<PageMark> after;
    do {
      SENTINEL_ASSIGN(const json answer, impl_->query(esql.metrics(range, step, columns, after), about));
      SENTINEL_ASSIGN(auto page, read_metrics(answer, range.from, step, columns));
      std::move(page.metrics.begin(), page.metrics.end(), std::back_inserter(all));
      after = std::move(page.next);
    } while (after);
  } else {
    json after;
    do {
      SENTINEL_ASSIGN(const json answer,
                      impl_->search(index, metric_page(fields, range, step, columns, after), about));
      SENTINEL_ASSIGN(after, add_metrics(answer, columns, all));
    } while (!after.is_null());
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.start, a.service, a.metric) < std::tie(b.start, b.service, b.metric);
  });
  return all;
}

Result<std::vector<model::Arrival>> ElasticsearchTelemetry::arrivals(model::TimeRange ingested,
                                                                     Duration step) {
  using Answer = std::vector<model::Arrival>;
  if (ingested.empty()) return Answer();
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  return impl_->with_fields<Answer>([&](const FieldMap& fields) -> Result<Answer> {
    Answer all;
    if (!fields.has(Role::kIngested)) return all;
    const std::string about = "reading arrivals from " + impl_->options.log_index;
    if (facts.esql) {
      const Esql esql(impl_->options.log_index, fields);
      std::optional<PageMark> after;
      do {
        SENTINEL_ASSIGN(const json answer, impl_->query(esql.arrivals(ingested, step, after), about));
        SENTINEL_ASSIGN(auto page, read_arrivals(answer, step));
        std::move(page.arrivals.begin(), page.arrivals.end(), std::back_inserter(all));
        after = std::move(page.next);
      } while (after);
      return all;
    }
    SENTINEL_TRY(impl_->composite(
        fields, Breakdown::kArrivals, ingested, step, about, [&] { all.clear(); },
        [&](const json& answer, bool) { return add_arrivals(answer, all); }));
    return all;
  });
}

Result<void> ElasticsearchTelemetry::Impl::read_hit(const json& source, std::optional<Time> ingested,
                                                    model::DocumentBatch& batch,
                                                    std::vector<Time>& arrivals) {
  if (!source.is_object())
    return fail(ErrorKind::kCorrupt,
                "a document came without its source: is _source switched off in the mapping?");
  const std::lock_guard lock(reader_mutex);
  const std::size_t before = batch.logs.size();
  const auto read = options.read_document(dump(source), Time{}, batch);
  if (!read) {
    // One document that cannot be read is left out of a page; its neighbours are not its fault.
    log.debug("elasticsearch.document.unreadable", {{"error", read.error().text()}});
    return {};
  }
  if (batch.logs.size() > before) arrivals.push_back(ingested.value_or(batch.logs.back().time));
  return {};
}

// Pages through the documents in order until `wanted` of them match, or all were seen. A page continues at
// the time of the last document (inclusive) and leaves out what was seen at that time: exact over any number
// of shards.
Result<std::vector<model::LogEvent>> ElasticsearchTelemetry::Impl::scan(const FieldMap& fields,
                                                                        const EventQuery& query,
                                                                        const json& filter,
                                                                        std::size_t wanted) {
  const RowFilter exact(query);
  std::vector<model::LogEvent> found;
  std::set<std::string> seen;  // at `at`
  std::optional<std::int64_t> at;
  std::size_t size = std::clamp<std::size_t>(wanted, 10, kEventPage);
  std::size_t scanned = 0;
  while (found.size() < wanted) {
    SENTINEL_ASSIGN(const json answer,
                    search(options.log_index, event_page(fields, filter, query.oldest_first, size, at),
                           "reading log documents from " + options.log_index));
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
        if (values.is_array() && !values.empty()) {
          if (values[0].is_string()) ingested = parse_time(values[0].get<std::string>());
          if (values[0].is_number()) ingested = time_from_epoch_number(values[0].get<double>());
        }
      }
      SENTINEL_TRY(read_hit(hit.value("_source", json()), ingested, batch, arrivals));
    }
    for (std::size_t i = 0; i < batch.logs.size(); ++i) {
      if (exact.matches(batch.logs[i])) found.push_back(to_event(batch.logs[i], arrivals[i]));
    }
    if (hits.size() < size) break;
    scanned += hits.size();
    if (scanned > kMostScanned) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("more than {} documents would have to be looked at: ask for a "
                              "shorter time or a service",
                              kMostScanned));
    }
    if (fresh == 0) {
      if (size >= kLargestEventPage)
        return fail(ErrorKind::kInvalid,
                    fmt::format("more than {} documents carry the same time", kLargestEventPage));
      size = std::min(kLargestEventPage, size * 4);
    }
  }
  // The cluster sorts by milliseconds; documents may be finer.
  std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
    return query.oldest_first ? a.time < b.time : a.time > b.time;
  });
  return found;
}

Result<std::vector<model::LogEvent>> ElasticsearchTelemetry::Impl::find_text(const FieldMap& fields,
                                                                             const EventQuery& query,
                                                                             const json& filter) {
  const std::size_t wanted = std::min(kMostRows, query.offset + query.limit);
  const Esql esql(options.log_index, fields);
  SENTINEL_ASSIGN(const json answer,
                  this->query(esql.matching(query, filter, wanted), "searching " + options.log_index));
  model::DocumentBatch batch;
  std::vector<Time> arrivals;
  if (!answer.contains("values") || !answer["values"].is_array())
    return fail(ErrorKind::kCorrupt, "the answer of ES|QL has no values");
  for (const auto& row : answer["values"]) {
    if (!row.is_array() || row.size() != 2)
      return fail(ErrorKind::kCorrupt, "a row of ES|QL has the wrong length");
    std::optional<Time> ingested;
    if (row[1].is_string()) ingested = parse_time(row[1].get<std::string>());
    json source = row[0];
    if (source.is_object()) source.erase("event.ingested");
    SENTINEL_TRY(read_hit(source, ingested, batch, arrivals));
  }
  std::vector<model::LogEvent> found;
  for (std::size_t i = 0; i < batch.logs.size(); ++i) found.push_back(to_event(batch.logs[i], arrivals[i]));
  return found;
}

Result<std::vector<model::LogEvent>> ElasticsearchTelemetry::events(const EventQuery& query) {
  using Answer = std::vector<model::LogEvent>;
  if (query.range.empty() || query.limit == 0) return Answer();
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  return impl_->with_fields<Answer>([&](const FieldMap& fields) -> Result<Answer> {
    bool exact = true;
    const json filter = event_filter(fields, query, exact);
    Answer found;
    // A text is looked for by the cluster when the rest can be left to it too.
    if (!query.texts.empty() && facts.esql && fields.has(Role::kMessage) && exact) {
      SENTINEL_ASSIGN(found, impl_->find_text(fields, query, filter));
    } else {
      SENTINEL_ASSIGN(found, impl_->scan(fields, query, filter, query.offset + query.limit));
    }
    if (query.offset >= found.size()) return Answer();
    const auto begin = found.begin() + static_cast<std::ptrdiff_t>(query.offset);
    const auto end = static_cast<std::size_t>(found.end() - begin) > query.limit
                         ? begin + static_cast<std::ptrdiff_t>(query.limit)
                         : found.end();
    return Answer(std::make_move_iterator(begin), std::make_move_iterator(end));
  });
}

Result<std::uint64_t> ElasticsearchTelemetry::count(const EventQuery& query) {
  if (query.range.empty()) return std::uint64_t{0};
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  return impl_->with_fields<std::uint64_t>([&](const FieldMap& fields) -> Result<std::uint64_t> {
    bool exact = true;
    const json filter = event_filter(fields, query, exact);
    if (exact && query.texts.empty()) {
      SENTINEL_ASSIGN(const json answer,
                      impl_->search(impl_->options.log_index, count_of(filter),
                                    "counting log documents of " + impl_->options.log_index));
      const json::json_pointer total("/hits/total/value");
      if (!answer.contains(total) || !answer[total].is_number_unsigned())
        return fail(ErrorKind::kCorrupt, "the answer of _search has no total");
      return answer[total].get<std::uint64_t>();
    }
    if (exact && facts.esql && fields.has(Role::kMessage)) {
      const Esql esql(impl_->options.log_index, fields);
      SENTINEL_ASSIGN(const json answer, impl_->query(esql.count_matching(query, filter),
                                                      "counting in " + impl_->options.log_index));
      const json::json_pointer docs("/values/0/0");
      if (!answer.contains(docs) || !answer[docs].is_number_integer())
        return fail(ErrorKind::kCorrupt, "the answer of ES|QL has no count");
      return static_cast<std::uint64_t>(answer[docs].get<std::int64_t>());
    }
    SENTINEL_ASSIGN(const auto found, impl_->scan(fields, query, filter, kMostScanned));
    return static_cast<std::uint64_t>(found.size());
  });
}

Result<StoreStatus> ElasticsearchTelemetry::status() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->last_status && impl_->time.now() < impl_->status_until) return *impl_->last_status;
  }
  // A health check must not hang on a cluster that is known to be away.
  if (auto away = impl_->connection.away(impl_->time.now())) return tl::unexpected<Error>(std::move(*away));
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  auto asked = impl_->with_fields<StoreStatus>([&](const FieldMap& fields) -> Result<StoreStatus> {
    StoreStatus status;
    status.kind = facts.distribution;
    const std::string about = "asking for the extent of " + impl_->options.log_index;
    const EventQuery everything{.range = {Time{} - hours(24 * 365 * 100), Time{} + hours(24 * 365 * 200)}};
    const json all = {{"match_all", json::object()}};
    SENTINEL_ASSIGN(const json answer, impl_->search(impl_->options.log_index, count_of(all), about));
    status.rows = answer.value(json::json_pointer("/hits/total/value"), std::uint64_t{0});
    if (status.rows == 0) return status;
    EventQuery ends = everything;
    SENTINEL_ASSIGN(const auto newest, impl_->scan(fields, ends, all, 1));
    ends.oldest_first = true;
    SENTINEL_ASSIGN(const auto oldest, impl_->scan(fields, ends, all, 1));
    if (!newest.empty() && !oldest.empty())
      status.extent = model::TimeRange{oldest.front().time, newest.front().time + Duration(1)};
    if (fields.has(Role::kIngested) && !newest.empty()) status.last_ingest = newest.front().ingested;
    return status;
  });
  const std::lock_guard lock(impl_->mutex);
  impl_->last_status.reset();
  if (asked) {
    impl_->last_status = *asked;
    impl_->status_until = impl_->time.now() + kStatusFor;
  }
  return asked;
}

}  // namespace sentinel::telemetry
