#include "telemetry/elasticsearch/elasticsearch_telemetry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "telemetry/elasticsearch/esql.hpp"
#include "telemetry/elasticsearch/event_reader.hpp"
#include "telemetry/elasticsearch/field_map.hpp"
#include "telemetry/elasticsearch/search_dsl.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

constexpr Duration kFieldsFor = minutes(5);       // a map of fields is good for so long
constexpr Duration kIncompleteFor = seconds(60);  // one in which a wanted field was missing
constexpr Duration kStatusFor =
    seconds(15);                            // pages and health checks ask often, and it costs three questions
constexpr std::int64_t kFirstStretch = 16;  // slices asked at once, before it is known what they hold
constexpr std::int64_t kLongestStretch = 24 * 60;
constexpr std::size_t kMostNamed = 1'000;    // services that one question names; for more all are asked
constexpr std::int64_t kRowsWanted = 8'000;  // of one answer; it is cut at 10,000

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
      : options(std::move(o)),
        time(t),
        log(l),
        connection(transport, options.connection, t, l),
        reader(connection, options.log_index, options.read_document, l) {}

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
  Result<void> pages(const std::string& about,
                     const std::function<std::string(const std::optional<PageMark>&)>& ask,
                     const std::function<Result<std::optional<PageMark>>(const json& answer)>& read);
  Result<std::vector<model::Slice>> slices_of(const std::vector<std::string>& services,
                                              model::TimeRange range, Duration step);
  Result<void> in_stretches(std::atomic<std::int64_t>& stretch, model::TimeRange range, Duration step,
                            const std::function<Result<std::size_t>(model::TimeRange part)>& ask);
  Result<json> search(const std::string& index, const json& body, const std::string& about);
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
  EventReader reader;
  std::mutex mutex;  // what follows
  std::optional<ClusterFacts> cluster;
  Known logs;
  Known metrics;
  std::optional<StoreStatus> last_status;
  Time status_until{};
  std::atomic<bool> scripts{true};  // until the cluster refuses one
  // How many slices are asked at once: a backlog comes in answers that are neither cut nor late.
  std::atomic<std::int64_t> slices_at_once{kFirstStretch};
  std::atomic<std::int64_t> named_at_once{kFirstStretch};  // of some services
  std::atomic<std::int64_t> calls_at_once{kFirstStretch};
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
  SENTINEL_ASSIGN(const auto known, log_fields());
  Result<Answer> answer = ask(known->fields);
  if (answer || answer.error().kind != ErrorKind::kInvalid) return answer;
  // The mapping may have changed under us: an index rolled over, a field went.
  forget_fields();
  SENTINEL_ASSIGN(const auto fresh, log_fields());
  return fresh->fields == known->fields ? answer : ask(fresh->fields);
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

// All pages of an ES|QL question: `ask` makes the one behind a mark, `read` takes its rows and says where the
// next begins.
Result<void> ElasticsearchTelemetry::Impl::pages(
    const std::string& about, const std::function<std::string(const std::optional<PageMark>&)>& ask,
    const std::function<Result<std::optional<PageMark>>(const json& answer)>& read) {
  std::optional<PageMark> after;
  do {
    SENTINEL_ASSIGN(const json answer, query(ask(after), about));
    SENTINEL_ASSIGN(after, read(answer));
  } while (after);
  return {};
}

// Part by part: as many slices as one answer can hold and the cluster has the time for. A question that timed
// out is not repeated here, but the next one asks for half.
Result<void> ElasticsearchTelemetry::Impl::in_stretches(
    std::atomic<std::int64_t>& stretch, model::TimeRange range, Duration step,
    const std::function<Result<std::size_t>(model::TimeRange part)>& ask) {
  const Duration quick = options.connection.timeout / 5;
  for (Time at = range.from; at < range.to;) {
    const std::int64_t most = stretch;
    const Time to = std::min(range.to, at + step * most);
    const std::int64_t asked = std::max<std::int64_t>(1, (to - at) / step);
    const Time began = time.now();
    const auto rows = ask({at, to});
    if (!rows) {
      if (rows.error().kind == ErrorKind::kTimeout) stretch = std::max<std::int64_t>(1, asked / 2);
      return tl::unexpected<Error>(rows.error());
    }
    const Duration took = std::max<Duration>(time.now() - began, milliseconds(1));
    const std::int64_t each = std::max<std::int64_t>(1, static_cast<std::int64_t>(*rows) / asked);
    const std::int64_t fits = std::min(kRowsWanted / each, asked * quick / took);
    // A short question that went well says nothing about long ones.
    if (asked == most || fits < most)
      stretch = std::clamp<std::int64_t>(fits, 1, std::min(kLongestStretch, most * 4));
    at = to;
  }
  return {};
}

Result<std::vector<model::Slice>> ElasticsearchTelemetry::slices(model::TimeRange range, Duration step) {
  return impl_->slices_of({}, range, step);
}

Result<std::vector<model::Slice>> ElasticsearchTelemetry::service_slices(
    const std::vector<std::string>& services, model::TimeRange range, Duration step) {
  if (services.empty()) return std::vector<model::Slice>();
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  if (!facts.esql || services.size() > kMostNamed)
    return TelemetryStore::service_slices(services, range, step);
  return impl_->slices_of(services, range, step);
}

// Of these services, or of all when there are none; some alone are asked by ES|QL only.
Result<std::vector<model::Slice>> ElasticsearchTelemetry::Impl::slices_of(
    const std::vector<std::string>& services, model::TimeRange range, Duration step) {
  using Answer = std::vector<model::Slice>;
  if (range.empty()) return Answer();
  SENTINEL_ASSIGN(const auto facts, this->facts());
  return with_fields<Answer>([&](const FieldMap& fields) -> Result<Answer> {
    Answer all;
    const std::string about = "reading slices from " + options.log_index;
    const Esql esql(options.log_index, fields);
    // How long a stretch may be depends on how many services answer.
    auto& stretch = services.empty() ? slices_at_once : named_at_once;
    SENTINEL_TRY(in_stretches(stretch, range, step, [&](model::TimeRange part) -> Result<std::size_t> {
      const std::size_t before = all.size();
      if (facts.esql) {
        SENTINEL_TRY(pages(
            about, [&](const auto& after) { return esql.slices(part, step, after, services); },
            [&](const json& answer) { return read_slices(answer, part.from, step, all); }));
      } else {
        SENTINEL_TRY(composite(
            fields, Breakdown::kSlices, part, step, about, [&] { all.resize(before); },
            [&](const json& answer, bool with_scripts) { return add_slices(answer, with_scripts, all); }));
      }
      return all.size() - before;
    }));
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
    const Esql esql(impl_->options.log_index, fields);
    SENTINEL_TRY(impl_->in_stretches(
        impl_->calls_at_once, range, step, [&](model::TimeRange part) -> Result<std::size_t> {
          const std::size_t before = all.size();
          if (facts.esql) {
            SENTINEL_TRY(impl_->pages(
                about, [&](const auto& after) { return esql.calls(part, step, after); },
                [&](const json& answer) { return read_calls(answer, part.from, step, all); }));
          } else {
            SENTINEL_TRY(impl_->composite(
                fields, Breakdown::kCalls, part, step, about, [&] { all.resize(before); },
                [&](const json& answer, bool scripts) { return add_calls(answer, scripts, all); }));
          }
          return all.size() - before;
        }));
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
    SENTINEL_TRY(impl_->pages(
        about, [&](const auto& after) { return esql.metrics(range, step, columns, after); },
        [&](const json& answer) { return read_metrics(answer, range.from, step, columns, all); }));
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
      SENTINEL_TRY(impl_->pages(
          about, [&](const auto& after) { return esql.arrivals(ingested, step, after); },
          [&](const json& answer) { return read_arrivals(answer, step, all); }));
      return all;
    }
    SENTINEL_TRY(impl_->composite(
        fields, Breakdown::kArrivals, ingested, step, about, [&] { all.clear(); },
        [&](const json& answer, bool) { return add_arrivals(answer, all); }));
    return all;
  });
}

Result<std::vector<model::LogEvent>> ElasticsearchTelemetry::events(const EventQuery& query) {
  using Answer = std::vector<model::LogEvent>;
  if (query.range.empty() || query.limit == 0) return Answer();
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  return impl_->with_fields<Answer>(
      [&](const FieldMap& fields) { return impl_->reader.events(fields, facts.esql, query); });
}

Result<std::uint64_t> ElasticsearchTelemetry::count(const EventQuery& query) {
  if (query.range.empty()) return std::uint64_t{0};
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  return impl_->with_fields<std::uint64_t>(
      [&](const FieldMap& fields) { return impl_->reader.count(fields, facts.esql, query); });
}

Result<std::vector<CountSlice>> ElasticsearchTelemetry::histogram(const EventQuery& query, Duration step) {
  using Answer = std::vector<CountSlice>;
  if (query.range.empty()) return Answer();
  SENTINEL_ASSIGN(const auto facts, impl_->facts());
  return impl_->with_fields<Answer>(
      [&](const FieldMap& fields) { return impl_->reader.histogram(fields, facts.esql, query, step); });
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
    SENTINEL_ASSIGN(StoreStatus status, impl_->reader.extent(fields));
    status.kind = facts.distribution;
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
