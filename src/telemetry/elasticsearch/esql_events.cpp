// The questions whose answer is documents, or how many there are.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/document.hpp"
#include "telemetry/elasticsearch/esql.hpp"
#include "telemetry/elasticsearch/search_dsl.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

// The message has every text of the query.
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

// The column has one of the values. Of keywords this is looked up in the index, so no function is put around
// them; `any_case`: in analysed text the values, lower ones among them, are found in any case.
std::string is_one_of(const Column& column, const std::string& values, bool any_case) {
  const bool keyword = !column.cast && column.type == ColumnType::kKeyword;
  const std::string word = as_text(column);
  return (any_case && !keyword ? "TO_LOWER(" + word + ")" : word) + " IN (" + values + ")";
}

std::string together(const std::vector<std::string>& conditions, const char* word) {
  return conditions.size() == 1 ? conditions.front() : "(" + join(conditions, word) + ")";
}

}  // namespace

// What ingest::DocumentParser reads as the message: of a span without one, its name.
std::string Esql::message() const {
  const std::string text_of_it = text(Role::kMessage);
  return fields_.has(Role::kSpanName) ? "COALESCE(" + text_of_it + ", " + text(Role::kSpanName) + ")"
                                      : text_of_it;
}

// One of the role's columns has one of the values.
std::string Esql::any_of(Role role, const std::string& values, bool any_case) const {
  std::vector<std::string> each;
  for (const Column& c : fields_.at(role)) each.push_back(is_one_of(c, values, any_case));
  return together(each, " OR ");
}

// As event_filter(): the level decides; without a known one the span's status and the outcome.
std::string Esql::at_level(model::Level least, json& params) const {
  std::vector<std::string> either;
  if (fields_.has(Role::kLevel))
    either.push_back(any_of(Role::kLevel, listed("level", level_spellings(least), params), true));
  std::vector<std::string> signs;
  for (const Role role : {Role::kSpanStatus, Role::kOutcome}) {
    if (!fields_.has(role)) continue;
    const char* name = role == Role::kOutcome ? "outcome" : "status";
    signs.push_back(any_of(role, listed(name, failed_spellings(role), params), true));
  }
  if (!signs.empty()) {
    // Column by column: what is compared with nothing is neither true nor false.
    std::vector<std::string> failed;
    if (fields_.has(Role::kLevel)) {
      const std::string known = listed("known", level_spellings(model::Level::kTrace), params);
      for (const Column& c : fields_.at(Role::kLevel))
        failed.push_back(fmt::format("({} IS NULL OR NOT {})", quoted(c.name), is_one_of(c, known, true)));
    }
    failed.push_back(together(signs, " OR "));
    either.push_back(together(failed, " AND "));
  }
  return either.empty() ? "false" : together(either, " OR ");
}

std::string Esql::documents(const std::string& condition, bool oldest_first, std::size_t limit) const {
  const std::string time = quoted(fields_.first(Role::kTimestamp).name);
  std::string ingested = "TO_DATETIME(NULL)";
  if (fields_.has(Role::kIngested)) {
    const Column& column = fields_.first(Role::kIngested);
    ingested =
        column.type == ColumnType::kDate ? quoted(column.name) : "TO_DATETIME(" + quoted(column.name) + ")";
  }
  return fmt::format(
      "FROM {0} METADATA _source, _index, _id | WHERE {1} | SORT {2} {3} | LIMIT {4}"
      " | EVAL at = {2}, ingested = {5} | KEEP _source, _index, _id, at, ingested",
      index_, condition, time, oldest_first ? "ASC" : "DESC", limit, ingested);
}

std::string Esql::correlated(const EventQuery& query, std::size_t limit) const {
  const Column& time = fields_.first(Role::kTimestamp);
  const std::string at =
      time.type == ColumnType::kDate ? quoted(time.name) : "TO_DATETIME(" + quoted(time.name) + ")";
  const model::TimeRange range = whole_millis(query.range);
  json params = json::array({{{"from", micros(range.from) / 1000}}, {{"to", micros(range.to) / 1000}}});
  std::string condition = fmt::format("{0} >= TO_DATETIME(?from) AND {0} < TO_DATETIME(?to)", at);
  if (!query.services.empty())
    condition += " AND " + any_of(Role::kService, listed("service", query.services, params), false);
  condition += " AND " + at_level(query.min_level.value_or(model::Level::kTrace), params);
  // The time is said twice: by the filter the cluster leaves out indices before it opens them, whatever the
  // type of the field.
  return body(documents(condition, query.oldest_first, limit), time_filter(fields_, query.range), params);
}

std::string Esql::matching(const EventQuery& query, const json& filter, std::size_t limit) const {
  json params = json::array();
  const std::string condition = has_texts(message(), query, params);
  return body(documents(condition, query.oldest_first, limit), filter, params);
}

std::string Esql::count_matching(const EventQuery& query, const json& filter, Duration step) const {
  json params = json::array();
  const std::string condition = has_texts(message(), query, params);
  params.push_back({{"step", std::max<std::int64_t>(1, step / milliseconds(1))}});
  return body(fmt::format("FROM {} | WHERE {} | EVAL slice = FLOOR(TO_DOUBLE({}) / ?step)"
                          " | STATS docs = COUNT(*) BY slice | SORT slice | LIMIT {}",
                          index_, condition, epoch_ms(fields_.first(Role::kTimestamp)), kMostRows),
              filter, params);
}

}  // namespace sentinel::telemetry
