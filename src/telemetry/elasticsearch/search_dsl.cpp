#include "telemetry/elasticsearch/search_dsl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/document.hpp"
#include "telemetry/field_match.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

// Buckets of one page; a cluster allows 65,536 of all kinds in one answer.
constexpr int kPage = 10'000;

json any(json clauses) { return {{"bool", {{"should", std::move(clauses)}, {"minimum_should_match", 1}}}}; }
json none_of(json clauses) { return {{"bool", {{"must_not", std::move(clauses)}}}}; }
json all_of(json clauses) { return {{"bool", {{"filter", std::move(clauses)}}}}; }

// One of these values in one of the role's columns.
json terms(const FieldMap& fields, Role role, const json& values, bool& exact) {
  json clauses = json::array();
  for (const Column& column : fields.at(role)) {
    if (column.type == ColumnType::kText || column.type == ColumnType::kMixed) {
      exact = false;
      for (const auto& value : values) clauses.push_back({{"match_phrase", {{column.name, value}}}});
    } else {
      clauses.push_back({{"terms", {{column.name, values}}}});
    }
  }
  return any(std::move(clauses));
}

json exists(const FieldMap& fields, Role role) {
  json clauses = json::array();
  for (const Column& column : fields.at(role)) clauses.push_back({{"exists", {{"field", column.name}}}});
  return any(std::move(clauses));
}

json levels(const FieldMap& fields, model::Level least, bool& exact) {
  return terms(fields, Role::kLevel, level_spellings(least), exact);
}

// What makes a document without a known level an error.
json failed_signs(const FieldMap& fields, bool with_status, bool& exact) {
  json signs = json::array();
  if (fields.has(Role::kSpanStatus))
    signs.push_back(terms(fields, Role::kSpanStatus, failed_spellings(Role::kSpanStatus), exact));
  if (fields.has(Role::kOutcome))
    signs.push_back(terms(fields, Role::kOutcome, failed_spellings(Role::kOutcome), exact));
  if (with_status) {
    for (const Column& column : fields.at(Role::kStatusCode))
      signs.push_back({{"range", {{column.name, {{"gte", 500}, {"lte", 9999}}}}}});
  }
  return signs;
}

json no_known_level(const FieldMap& fields, bool& exact) {
  if (!fields.has(Role::kLevel)) return {{"match_all", json::object()}};
  return none_of(json::array({levels(fields, model::Level::kTrace, exact)}));
}

json outgoing(const FieldMap& fields, bool& exact) {
  return terms(fields, Role::kSpanKind,
               {"client", "Client", "CLIENT", "producer", "Producer", "PRODUCER", "SPAN_KIND_CLIENT",
                "SPAN_KIND_PRODUCER"},
               exact);
}

json nothing() { return {{"match_none", json::object()}}; }

// What has the field with this value, and perhaps more (telemetry::has_field decides about the document).
json with_value(const FieldMap& fields, const std::string& name, const std::string& value, bool& exact) {
  static const std::map<std::string_view, Role> kRoles = {
      {"service", Role::kService}, {"host", Role::kHost}, {"trace_id", Role::kTraceId},
      {"span_id", Role::kSpanId},  {"peer", Role::kPeer},
  };
  if (const auto role = kRoles.find(name); role != kRoles.end() && !value.empty()) {
    if (!fields.has(role->second)) return nothing();
    return terms(fields, role->second, json::array({value}), exact);
  }
  exact = false;
  const bool is_number = !value.empty() && value.size() <= 4 && value.front() != '0' &&
                         std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (name == "status_code" && is_number && fields.has(Role::kStatusCode))
    return terms(fields, Role::kStatusCode, json::array({value}), exact);
  if (column_of(name) != nullptr) return {{"match_all", json::object()}};
  // Any other field may be mapped in one index and not in the next: where it is not, the document decides.
  // A name with a star would be a pattern.
  if (name.find('*') != std::string::npos || value.empty()) return {{"match_all", json::object()}};
  return any(json::array(
      {{{"match",
         {{name, {{"query", value}, {"operator", "and"}, {"lenient", true}, {"zero_terms_query", "all"}}}}}},
       none_of(json::array({{{"exists", {{"field", name}}}}}))}));
}

Result<json> groups_by(const FieldMap& fields, Role role, const char* what) {
  const Column& column = fields.first(role);
  if (column.type == ColumnType::kText || column.type == ColumnType::kMixed) {
    return fail(
        ErrorKind::kInvalid,
        fmt::format("field {} is analysed text without a keyword sub-field, and this cluster has no ES|QL: "
                    "map {} as keyword",
                    column.name, what));
  }
  return json{{"terms", {{"field", column.name}}}};
}

const json* buckets_of(const json& answer, json& after) {
  const auto aggregations = answer.find("aggregations");
  if (aggregations == answer.end() || !aggregations->is_object()) return nullptr;
  const auto grouped = aggregations->find("g");
  if (grouped == aggregations->end() || !grouped->is_object()) return nullptr;
  const auto buckets = grouped->find("buckets");
  if (buckets == grouped->end() || !buckets->is_array()) return nullptr;
  after = grouped->value("after_key", json());
  return &*buckets;
}

Error damaged() { return {ErrorKind::kCorrupt, "the answer of _search has no buckets", nullptr}; }

std::uint64_t count_in(const json& bucket) {
  const auto found = bucket.find("doc_count");
  return found != bucket.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// Level none: what the filter below counted.
std::uint64_t errors_in(const json& bucket, const json& key) {
  const auto level = key.find("level");
  const auto known = level != key.end() && level->is_string() ? model::parse_level(level->get<std::string>())
                                                              : model::Level::kNone;
  if (known >= model::Level::kError) return count_in(bucket);
  const auto failed = bucket.find("failed");
  return known == model::Level::kNone && failed != bucket.end() ? count_in(*failed) : 0;
}

void add_latency(const json& key, bool scripts, std::uint64_t count, model::LatencyHistogram& latency) {
  const auto found = key.find("ms");
  if (found == key.end() || !found->is_number()) return;
  const double value = found->get<double>();
  if (scripts) {
    if (value >= 0) latency.add(static_cast<int>(value), static_cast<std::uint32_t>(count));
  } else if (std::isfinite(value) && value >= 0) {
    latency.add(model::latency_bin(value), static_cast<std::uint32_t>(count));
  }
}

}  // namespace

std::vector<std::string> level_spellings(model::Level least) {
  std::vector<std::string> all;
  for (const std::string_view word : model::level_words(least)) {
    std::string upper(word);
    std::string title(word);
    for (char& c : upper) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    if (!title.empty()) title.front() = upper.front();
    for (const std::string& spelt : {std::string(word), upper, title}) {
      if (spelt.size() > 1 || spelt == word) {
        all.push_back(spelt);
        for (const char* step : {"2", "3", "4"}) all.push_back(spelt + step);
      } else {
        all.push_back(spelt);
      }
    }
  }
  return all;
}

std::vector<std::string> failed_spellings(Role role) {
  if (role == Role::kOutcome) return {"failure", "Failure", "FAILURE"};
  return {"2", "Error", "ERROR", "error", "STATUS_CODE_ERROR", "status_code_error"};
}

model::TimeRange whole_millis(model::TimeRange range) {
  return {align_down(range.from, milliseconds(1)),
          align_down(range.to + milliseconds(1) - Duration(1), milliseconds(1))};
}

json range_filter(const std::string& field, model::TimeRange range) {
  const model::TimeRange whole = whole_millis(range);
  return {{"range",
           {{field,
             {{"gte", format_rfc3339(whole.from)},
              {"lt", format_rfc3339(whole.to)},
              {"format", "strict_date_optional_time"}}}}}};
}

json time_filter(const FieldMap& fields, model::TimeRange range) {
  return range_filter(fields.first(Role::kTimestamp).name, range);
}

json event_filter(const FieldMap& fields, const EventQuery& query, bool& exact) {
  json filter = json::array({time_filter(fields, query.range)});
  const auto need = [&](Role role, const json& values) {
    filter.push_back(fields.has(role) ? terms(fields, role, values, exact) : nothing());
  };
  if (!query.services.empty()) need(Role::kService, query.services);
  if (!query.trace_ids.empty()) need(Role::kTraceId, query.trace_ids);
  if (query.min_level) {
    json clauses = json::array();
    if (fields.has(Role::kLevel)) clauses.push_back(levels(fields, *query.min_level, exact));
    const json signs = failed_signs(fields, false, exact);
    if (!signs.empty()) clauses.push_back(all_of(json::array({no_known_level(fields, exact), any(signs)})));
    if (*query.min_level > model::Level::kNone) filter.push_back(clauses.empty() ? nothing() : any(clauses));
  }
  if (query.failed_only) {
    json clauses = json::array();
    if (fields.has(Role::kLevel)) clauses.push_back(levels(fields, model::Level::kError, exact));
    const json signs = failed_signs(fields, true, exact);
    if (!signs.empty()) clauses.push_back(all_of(json::array({no_known_level(fields, exact), any(signs)})));
    filter.push_back(clauses.empty() ? nothing() : any(clauses));
  }
  if (query.kind == EventQuery::Kind::kSpans) {
    filter.push_back(fields.has(Role::kSpanId) ? exists(fields, Role::kSpanId) : nothing());
    json durations = json::array();
    for (const Role role : {Role::kDurationMs, Role::kDurationNs, Role::kSpanDuration}) {
      if (fields.has(role)) durations.push_back(exists(fields, role));
    }
    filter.push_back(durations.empty() ? nothing() : any(durations));
    exact = false;  // a duration that is negative, or of no span, is none
  }
  // Which document is a span is decided by its shape, where there can be any.
  if (query.kind == EventQuery::Kind::kLogs && (fields.has(Role::kSpanId) || fields.has(Role::kEventKind)))
    exact = false;
  for (const auto& [name, value] : query.fields) filter.push_back(with_value(fields, name, value, exact));
  return all_of(std::move(filter));
}

bool matches_nothing(const json& filter) {
  const json::json_pointer conditions("/bool/filter");
  if (!filter.contains(conditions)) return false;
  const json& all = filter[conditions];
  return std::any_of(all.begin(), all.end(), [](const json& one) { return one == nothing(); });
}

json event_page(const FieldMap& fields, const json& filter, bool oldest_first, std::size_t size,
                std::optional<std::int64_t> continue_at) {
  const std::string& time = fields.first(Role::kTimestamp).name;
  json query = filter;
  if (continue_at) {
    const char* bound = oldest_first ? "gte" : "lte";
    query = all_of(json::array({filter,
                                {{"range",
                                  {{time,
                                    {{bound, format_rfc3339(time_from_micros(*continue_at * 1000))},
                                     {"format", "strict_date_optional_time"}}}}}}}));
  }
  json page = {{"size", size},
               {"query", std::move(query)},
               {"track_total_hits", false},
               {"sort",
                {{{time, {{"order", oldest_first ? "asc" : "desc"}, {"numeric_type", "date"}}}},
                 {{"_seq_no", {{"order", "asc"}}}}}}};
  if (fields.has(Role::kIngested)) {
    const std::string& ingested = fields.first(Role::kIngested).name;
    page["_source"] = {{"excludes", {ingested}}};
    page["docvalue_fields"] = {{{"field", ingested}, {"format", "epoch_millis"}}};
  }
  return page;
}

json count_of(const json& filter) { return {{"size", 0}, {"track_total_hits", true}, {"query", filter}}; }

json counts_over_time(const FieldMap& fields, const json& filter, const json& errors, const json& warnings,
                      Duration step) {
  const json histogram = {{"field", fields.first(Role::kTimestamp).name},
                          {"fixed_interval", fmt::format("{}ms", step / milliseconds(1))},
                          {"min_doc_count", 1}};
  return {{"size", 0},
          {"track_total_hits", false},
          {"query", filter},
          {"aggs",
           {{"g",
             {{"date_histogram", histogram},
              {"aggs", {{"errors", {{"filter", errors}}}, {"warnings", {{"filter", warnings}}}}}}}}}};
}

Result<std::vector<CountSlice>> read_counts_over_time(const json& answer) {
  json after;
  const json* buckets = buckets_of(answer, after);
  if (buckets == nullptr) return tl::unexpected<Error>(damaged());
  std::vector<CountSlice> slices;
  for (const auto& bucket : *buckets) {
    const std::uint64_t errors = count_in(bucket.value("errors", json::object()));
    const std::uint64_t worse = count_in(bucket.value("warnings", json::object()));
    slices.push_back({time_from_micros(bucket.value("key", std::int64_t{0}) * 1000), count_in(bucket), errors,
                      worse - std::min(errors, worse)});
  }
  return slices;
}

Result<json> composite_page(const FieldMap& fields, Breakdown breakdown, model::TimeRange range,
                            Duration step, bool scripts, const json& after) {
  bool exact = true;
  // What lies before the page is not looked at again.
  if (breakdown != Breakdown::kArrivals && after.is_object())
    range.from = std::max(range.from, time_from_micros(after.value("slice", std::int64_t{0}) * 1000));
  json filter =
      json::array({breakdown == Breakdown::kArrivals ? range_filter(fields.first(Role::kIngested).name, range)
                                                     : time_filter(fields, range)});
  json must_not = json::array();
  if (fields.has(Role::kSpanKind))
    (breakdown == Breakdown::kCalls ? filter : must_not).push_back(outgoing(fields, exact));
  SENTINEL_ASSIGN(json service, groups_by(fields, Role::kService, "the service's name"));
  json sources = json::array();
  sources.push_back({{"slice",
                      {{"date_histogram",
                        {{"field", fields.first(Role::kTimestamp).name},
                         {"fixed_interval", fmt::format("{}s", step / seconds(1))}}}}}});
  sources.push_back({{"service", std::move(service)}});
  if (breakdown == Breakdown::kCalls) {
    SENTINEL_ASSIGN(json peer, groups_by(fields, Role::kPeer, "the called service's name"));
    sources.push_back({{"other", std::move(peer)}});
  }
  json aggregations = json::object();
  if (breakdown == Breakdown::kArrivals) {
    // The greatest lag is not larger than this: the last to arrive and the earliest of the slice.
    if (fields.has(Role::kHost) && fields.first(Role::kHost).type == ColumnType::kKeyword)
      sources.push_back(
          {{"other", {{"terms", {{"field", fields.first(Role::kHost).name}, {"missing_bucket", true}}}}}});
    aggregations["in"] = {{"max", {{"field", fields.first(Role::kIngested).name}}}};
    aggregations["at"] = {{"min", {{"field", fields.first(Role::kTimestamp).name}}}};
  } else {
    if (fields.has(Role::kLevel)) {
      SENTINEL_ASSIGN(json level, groups_by(fields, Role::kLevel, "the level"));
      level["terms"]["missing_bucket"] = true;
      sources.push_back({{"level", std::move(level)}});
    }
    const bool in_ns = !fields.has(Role::kDurationMs) && fields.has(Role::kDurationNs);
    if (fields.has(Role::kDurationMs) || in_ns) {
      const std::string& field = fields.first(in_ns ? Role::kDurationNs : Role::kDurationMs).name;
      json ms = {{"field", field}, {"missing_bucket", true}};
      if (scripts || in_ns) {
        ms = {{"script",
               {{"lang", "painless"},
                {"source",
                 "if (doc[params.field].size() == 0) return -1L; double ms = doc[params.field].value * "
                 "params.scale; "
                 "if (ms < 0) return -1L; if (ms <= 1.0) return 0L; "
                 "return (long) Math.min(Math.floor(Math.log(ms) / params.width), params.most);"},
                {"params",
                 {{"field", field},
                  {"scale", in_ns ? 1e-6 : 1.0},
                  {"width", model::kBinWidth},
                  {"most", static_cast<double>(model::kBins - 1)}}}}},
              {"value_type", "long"}};
      }
      sources.push_back({{"ms", {{"terms", std::move(ms)}}}});
    }
    const json signs = failed_signs(fields, true, exact);
    if (!signs.empty()) aggregations["failed"] = {{"filter", any(signs)}};
  }
  json composite = {{"size", kPage}, {"sources", std::move(sources)}};
  if (!after.is_null()) composite["after"] = after;
  json grouped = {{"composite", std::move(composite)}};
  if (!aggregations.empty()) grouped["aggs"] = std::move(aggregations);
  return json{{"size", 0},
              {"track_total_hits", false},
              {"query", {{"bool", {{"filter", std::move(filter)}, {"must_not", std::move(must_not)}}}}},
              {"aggs", {{"g", std::move(grouped)}}}};
}

json metric_page(const FieldMap& fields, model::TimeRange range, Duration step,
                 const std::vector<Column>& metrics, const json& after) {
  json sources = json::array();
  sources.push_back({{"slice",
                      {{"date_histogram",
                        {{"field", fields.first(Role::kTimestamp).name},
                         {"fixed_interval", fmt::format("{}s", step / seconds(1))}}}}}});
  if (fields.has(Role::kService))
    sources.push_back(
        {{"service", {{"terms", {{"field", fields.first(Role::kService).name}, {"missing_bucket", true}}}}}});
  json composite = {{"size", kPage / 10}, {"sources", std::move(sources)}};
  if (!after.is_null()) composite["after"] = after;
  json aggregations = json::object();
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    aggregations[fmt::format("n{}", i)] = {{"value_count", {{"field", metrics[i].name}}}};
    aggregations[fmt::format("s{}", i)] = {{"sum", {{"field", metrics[i].name}}}};
  }
  return {{"size", 0},
          {"track_total_hits", false},
          {"query", time_filter(fields, range)},
          {"aggs", {{"g", {{"composite", std::move(composite)}, {"aggs", std::move(aggregations)}}}}}};
}

Result<json> add_slices(const json& answer, bool scripts, std::vector<model::Slice>& slices) {
  json after;
  const json* buckets = buckets_of(answer, after);
  if (buckets == nullptr) return tl::unexpected<Error>(damaged());
  for (const auto& bucket : *buckets) {
    const json& key = bucket.at("key");
    const Time start = time_from_micros(key.value("slice", std::int64_t{0}) * 1000);
    const std::string service = key.value("service", "");
    if (service.empty()) continue;
    // Buckets come sorted: a slice's are neighbours.
    if (slices.empty() || slices.back().start != start || slices.back().service != service)
      slices.push_back({service, start, 0, 0, {}});
    model::Slice& slice = slices.back();
    const std::uint64_t count = count_in(bucket);
    slice.docs += count;
    slice.errors += errors_in(bucket, key);
    add_latency(key, scripts, count, slice.latency);
  }
  return after;
}

Result<json> add_calls(const json& answer, bool scripts, std::vector<model::CallSlice>& calls) {
  json after;
  const json* buckets = buckets_of(answer, after);
  if (buckets == nullptr) return tl::unexpected<Error>(damaged());
  for (const auto& bucket : *buckets) {
    const json& key = bucket.at("key");
    const Time start = time_from_micros(key.value("slice", std::int64_t{0}) * 1000);
    const std::string caller = key.value("service", "");
    const std::string callee = key.value("other", "");
    if (caller.empty() || callee.empty()) continue;
    if (calls.empty() || calls.back().start != start || calls.back().caller != caller ||
        calls.back().callee != callee)
      calls.push_back({caller, callee, start, 0, 0, {}});
    const std::uint64_t count = count_in(bucket);
    calls.back().calls += count;
    calls.back().errors += errors_in(bucket, key);
    add_latency(key, scripts, count, calls.back().latency);
  }
  return after;
}

Result<json> add_arrivals(const json& answer, std::vector<model::Arrival>& arrivals) {
  json after;
  const json* buckets = buckets_of(answer, after);
  if (buckets == nullptr) return tl::unexpected<Error>(damaged());
  const auto value = [](const json& bucket, const char* name) {
    const auto found = bucket.find(name);
    return found != bucket.end() && found->contains("value") && (*found)["value"].is_number()
               ? (*found)["value"].get<double>()
               : 0.0;
  };
  for (const auto& bucket : *buckets) {
    const json& key = bucket.at("key");
    arrivals.push_back(
        {key.value("service", ""), time_from_micros(key.value("slice", std::int64_t{0}) * 1000),
         count_in(bucket), milliseconds(static_cast<std::int64_t>(value(bucket, "in") - value(bucket, "at"))),
         key.contains("other") && key["other"].is_string() ? key["other"].get<std::string>() : ""});
  }
  return after;
}

Result<json> add_metrics(const json& answer, const std::vector<Column>& metrics,
                         std::vector<model::MetricSlice>& slices) {
  json after;
  const json* buckets = buckets_of(answer, after);
  if (buckets == nullptr) return tl::unexpected<Error>(damaged());
  for (const auto& bucket : *buckets) {
    const json& key = bucket.at("key");
    const auto service = key.find("service");
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      const json& n = bucket.at(fmt::format("n{}", i)).at("value");
      const json& s = bucket.at(fmt::format("s{}", i)).at("value");
      if (!n.is_number() || n.get<double>() <= 0 || !s.is_number()) continue;
      slices.push_back({service != key.end() && service->is_string() ? service->get<std::string>() : "",
                        metrics[i].name, time_from_micros(key.value("slice", std::int64_t{0}) * 1000),
                        static_cast<std::uint64_t>(n.get<double>()), s.get<double>()});
    }
  }
  return after;
}

}  // namespace sentinel::telemetry
