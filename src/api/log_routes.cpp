// Searching log lines: pages, counts over time, field completion, patterns.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/context.hpp"
#include "api/cursor.hpp"
#include "api/log_query.hpp"
#include "api/parameters.hpp"
#include "api/steps.hpp"
#include "base/text.hpp"
#include "engine/log_patterns.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

constexpr std::size_t kFieldSample = 2000;
constexpr std::size_t kPatternSample = 5000;

Result<json> search(Context& context, const Call& call) {
  const net::Request& request = call.request;
  SENTINEL_ASSIGN(auto query, read_log_query(request, call.now, hours(24)));
  SENTINEL_ASSIGN(query.limit, number_parameter(request, "limit", 50, 1, 10'000));
  SENTINEL_ASSIGN(query.offset, number_parameter(request, "offset", 0, 0, 1'000'000'000));
  SENTINEL_ASSIGN(const auto order, word_parameter(request, "order", {"desc", "asc"}));
  SENTINEL_ASSIGN(const bool with_total, flag_parameter(request, "total", true));
  query.oldest_first = order == "asc";
  query.paged = true;
  json body = json::object();
  const telemetry::EventQuery all = query;
  std::optional<Cursor> cursor;
  if (const auto text = request.param("cursor"); text && !text->empty()) {
    SENTINEL_ASSIGN(cursor, parse_cursor(*text).map([](Cursor c) { return std::optional(c); }));
    if (query.oldest_first) {
      query.range.from = std::max(query.range.from, cursor->time);
    } else {
      query.range.to = std::min(query.range.to, cursor->time + Duration(1));
    }
    query.offset = cursor->same;
  }
  ++query.limit;  // one more tells whether there is a next page
  SENTINEL_ASSIGN(auto events, query.range.empty() ? Result<std::vector<model::LogEvent>>()
                                                   : context.telemetry.events(query));
  const bool more = events.size() == query.limit;
  if (more) events.pop_back();
  // A page that holds all matches has counted them.
  const bool is_all = !more && !cursor && all.offset == 0;
  if (with_total && is_all) {
    body["total"] = events.size();
  } else if (with_total) {
    SENTINEL_ASSIGN(const auto total, context.telemetry.count(all));
    body["total"] = total;
  }
  body["events"] = json::array();
  for (const auto& event : events) body["events"].push_back(model::to_json(event));
  body["next_cursor"] = nullptr;
  if (more) {
    const Time last = events.back().time;
    std::size_t same = cursor && cursor->time == last ? cursor->same : 0;
    for (const auto& event : events) same += event.time == last ? 1U : 0U;
    body["next_cursor"] = to_text(Cursor{last, same});
  }
  return body;
}

// About `wanted` buckets of a length that people read easily.
Duration bucket_length(const model::TimeRange& range, std::size_t wanted) {
  const auto exact = range.length() / static_cast<std::int64_t>(wanted);
  for (const std::int64_t length : {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14'400,
                                    21'600, 43'200, 86'400, 7 * 86'400}) {
    if (seconds(length) >= exact) return seconds(length);
  }
  return (exact / Duration(hours(24)) + 1) * Duration(hours(24));
}

Result<json> histogram(Context& context, const Call& call) {
  SENTINEL_ASSIGN(auto query, read_log_query(call.request, call.now, hours(24)));
  SENTINEL_ASSIGN(const auto wanted, number_parameter(call.request, "buckets", 60, 1, 500));
  const Duration step = bucket_length(query.range, wanted);
  SENTINEL_ASSIGN(const auto counts, context.telemetry.histogram(query, step));
  json buckets = json::array();
  auto next = counts.begin();
  for (Time at = align_down(query.range.from, step); at < query.range.to; at += step) {
    telemetry::CountSlice slice{.start = at};
    if (next != counts.end() && next->start == at) slice = *next++;
    buckets.push_back({{"at", format_rfc3339(at)},
                       {"total", slice.total},
                       {"errors", slice.errors},
                       {"warnings", slice.warnings}});
  }
  return json{{"from", format_rfc3339(query.range.from)},
              {"to", format_rfc3339(query.range.to)},
              {"step_seconds", seconds_of(step)},
              {"buckets", std::move(buckets)}};
}

struct Field {
  std::uint64_t count = 0;
  std::map<std::string, std::uint64_t> values;
};
using Fields = std::map<std::string, Field>;

void note(Fields& fields, const std::string& name, const json& value) {
  constexpr std::size_t kMostFields = 500;
  constexpr std::size_t kLongestValue = 200;
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) note(fields, name.empty() ? key : name + "." + key, inner);
    return;
  }
  if (name.empty() || value.is_null() || value.is_array()) return;
  if (fields.size() >= kMostFields && !fields.contains(name)) return;
  Field& field = fields[name];
  ++field.count;
  std::string text = value.is_string() ? value.get<std::string>() : dump(value);
  if (!text.empty() && text.size() <= kLongestValue) ++field.values[std::move(text)];
}

Fields fields_of(const std::vector<model::LogEvent>& events) {
  Fields fields;
  for (const auto& event : events) {
    json row = model::to_json(event);
    for (const char* name : {"message", "timestamp", "ingested", "is_span", "span_id", "parent_id"})
      row.erase(name);
    if (const auto extra = row.find("fields"); extra != row.end()) {
      const json sent = *extra;
      row.erase("fields");
      note(fields, "", sent);
    }
    for (const auto& [name, value] : row.items()) {
      if (!(value.is_string() && value.get_ref<const std::string&>().empty())) note(fields, name, value);
    }
  }
  return fields;
}

Result<json> fields(Context& context, const Call& call) {
  SENTINEL_ASSIGN(auto query, read_log_query(call.request, call.now, hours(24)));
  query.limit = kFieldSample;
  const std::string prefix(call.request.param("prefix").value_or(""));
  const std::string only(call.request.param("field").value_or(""));
  SENTINEL_ASSIGN(const auto events, context.telemetry.events(query));
  const std::size_t most_values = only.empty() ? 10 : 100;
  json list = json::array();
  for (const auto& [name, field] : fields_of(events)) {
    if (!name.starts_with(prefix) || (!only.empty() && name != only)) continue;
    std::vector<std::pair<std::string, std::uint64_t>> values(field.values.begin(), field.values.end());
    std::stable_sort(values.begin(), values.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    if (values.size() > most_values) values.resize(most_values);
    json shown = json::array();
    for (const auto& [value, count] : values) shown.push_back({{"value", value}, {"count", count}});
    list.push_back({{"name", name}, {"count", field.count}, {"values", std::move(shown)}});
  }
  return json{{"sampled", events.size()}, {"fields", std::move(list)}};
}

Result<json> patterns(Context& context, const Call& call) {
  SENTINEL_ASSIGN(auto query, read_log_query(call.request, call.now, hours(24)));
  query.limit = kPatternSample;
  query.kind = telemetry::EventQuery::Kind::kLogs;
  SENTINEL_ASSIGN(const auto events, context.telemetry.events(query));
  json list = json::array();
  for (const auto& pattern : engine::log_patterns(events)) list.push_back(model::to_json(pattern));
  return json{{"sampled", events.size()}, {"patterns", std::move(list)}};
}

}  // namespace

void add_log_routes(Router& router, Context& context) {
  using Read = Result<json> (*)(Context&, const Call&);
  for (const auto& [pattern, read] :
       std::initializer_list<std::pair<const char*, Read>>{{"/api/logs", search},
                                                           {"/api/logs/histogram", histogram},
                                                           {"/api/logs/fields", fields},
                                                           {"/api/logs/patterns", patterns}}) {
    router.get_slowly(pattern, [&context, read = read](const Call& call) {
      const auto result = read(context, call);
      return result ? json_answer(200, *result) : error_response(result.error());
    });
  }
}

}  // namespace sentinel::api
