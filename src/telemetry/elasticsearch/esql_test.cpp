#include "telemetry/elasticsearch/esql.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "telemetry/elasticsearch/search_dsl.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

json caps(std::vector<std::pair<std::string, std::vector<std::string>>> fields) {
  json all = json::object();
  for (const auto& [name, types] : fields) {
    for (const auto& type : types) all[name][type] = {{"type", type}};
  }
  return {{"indices", {"i"}}, {"fields", all}};
}

FieldMap usual() {
  return FieldMap({}, caps({{"@timestamp", {"date"}},
                            {"service.name", {"keyword"}},
                            {"level", {"keyword"}},
                            {"message", {"text"}},
                            {"duration_ms", {"float"}}}));
}

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

TEST(FieldMap, TakesWhatTheIndexHasInTheOrderOfPreference) {
  const FieldMap map({}, caps({{"@timestamp", {"date"}},
                               {"log.level", {"keyword"}},
                               {"level", {"keyword"}},
                               {"service.name", {"text"}},
                               {"service.name.keyword", {"keyword"}},
                               {"trace.id", {"object"}}}));
  EXPECT_EQ(map.at(Role::kLevel).front().name, "level");
  EXPECT_EQ(map.at(Role::kLevel).size(), 2U);
  EXPECT_EQ(map.first(Role::kService).name, "service.name.keyword");
  EXPECT_FALSE(map.has(Role::kTraceId));
  EXPECT_TRUE(map.usable("i"));
}

TEST(FieldMap, IndicesThatDisagreeAreCast) {
  const FieldMap map({}, caps({{"duration_ms", {"float", "long"}}, {"level", {"keyword", "text"}}}));
  EXPECT_TRUE(map.first(Role::kDurationMs).cast);
  EXPECT_EQ(map.first(Role::kLevel).type, ColumnType::kMixed);
}

TEST(FieldMap, WithoutTimestampOrServiceNothingCanBeJudgedAndTheKeyIsNamed) {
  const auto usable = FieldMap({}, caps({{"@timestamp", {"date"}}})).usable("logs");
  ASSERT_FALSE(usable);
  EXPECT_NE(usable.error().message.find("fields.service"), std::string::npos);
}

TEST(Esql, ValuesTravelAsParameters) {
  const FieldMap fields = usual();
  EventQuery query{.range = {kNoon, kNoon + minutes(1)}};
  query.texts = {"\" | DROP `x` //", "second"};
  const auto body = json::parse(Esql("logs", fields).matching(query, json::object(), 10));
  EXPECT_EQ(body["query"].get<std::string>().find("DROP"), std::string::npos);
  EXPECT_EQ(body["params"][0]["text0"].get<std::string>(), query.texts[0]);
  EXPECT_EQ(body["params"][1]["text1"].get<std::string>(), query.texts[1]);
}

EventQuery warnings() {
  EventQuery query{.range = {kNoon, kNoon + minutes(10) + Duration(1)}};
  query.min_level = model::Level::kWarning;
  return query;
}

std::map<std::string, json> params_of(const json& body) {
  std::map<std::string, json> params;
  for (const auto& one : body["params"]) params[one.begin().key()] = one.begin().value();
  return params;
}

TEST(Esql, CorrelatedEventsAreOneQueryForWholeDocuments) {
  const FieldMap fields = usual();
  EventQuery query = warnings();
  query.services = {"pay"};
  const auto body = json::parse(Esql("logs", fields).correlated(query, 7));
  const std::string text = body["query"].get<std::string>();
  EXPECT_TRUE(
      text.starts_with("FROM logs METADATA _source, _index, _id | WHERE `@timestamp` >= "
                       "TO_DATETIME(?from) AND `@timestamp` < TO_DATETIME(?to) AND `service.name` IN "
                       "(?service0) AND `level` IN (?level0, "))
      << text;
  EXPECT_TRUE(
      text.ends_with(") | SORT `@timestamp` DESC | LIMIT 7 | EVAL at = `@timestamp`, ingested = "
                     "TO_DATETIME(NULL) | KEEP _source, _index, _id, at, ingested"))
      << text;
}

TEST(Esql, TimeServicesAndLevelsOfCorrelatedEventsTravelAsParameters) {
  const FieldMap fields = usual();
  EventQuery query = warnings();
  query.services = {"pay", "\") | DROP `x` //"};
  const auto body = json::parse(Esql("logs", fields).correlated(query, 7));
  auto params = params_of(body);
  EXPECT_EQ(params["from"], micros(kNoon) / 1000);
  EXPECT_EQ(params["to"], micros(kNoon + minutes(10)) / 1000 + 1) << "all of the last millisecond";
  EXPECT_EQ(params["service0"], "pay");
  EXPECT_EQ(params["service1"], query.services[1]);
  std::set<std::string> levels;
  for (const auto& [name, value] : params) {
    if (name.starts_with("level")) levels.insert(value.get<std::string>());
  }
  for (const char* word : {"warning", "WARN", "Error", "fatal", "error3"})
    EXPECT_TRUE(levels.contains(word)) << word;
  EXPECT_FALSE(levels.contains("info"));
  EXPECT_EQ(body["query"].get<std::string>().find("DROP"), std::string::npos);
}

TEST(Esql, IndicesWithoutDocumentsOfTheTimeAreLeftOutByTheFilter) {
  const FieldMap fields = usual();
  const auto body = json::parse(Esql("logs", fields).correlated(warnings(), 7));
  EXPECT_EQ(body["filter"]["range"]["@timestamp"]["gte"].get<std::string>(), "2026-03-01T12:00:00Z");
}

TEST(Esql, WithoutAKnownLevelTheOutcomeDecidesWhatIsAnError) {
  const FieldMap fields({}, caps({{"@timestamp", {"date"}},
                                  {"service.name", {"keyword"}},
                                  {"level", {"keyword"}},
                                  {"log.level", {"keyword"}},
                                  {"event.outcome", {"keyword"}}}));
  const auto text = json::parse(Esql("logs", fields).correlated(warnings(), 7))["query"].get<std::string>();
  EXPECT_NE(text.find("((`level` IS NULL OR NOT `level` IN (?known0, "), std::string::npos) << text;
  EXPECT_NE(text.find(")) AND (`log.level` IS NULL OR NOT `log.level` IN (?known0, "), std::string::npos)
      << text;
  EXPECT_NE(text.find(")) AND `event.outcome` IN (?outcome0, "), std::string::npos) << text;
}

TEST(Esql, ALevelInAnalysedTextIsFoundInAnyCase) {
  const FieldMap fields({},
                        caps({{"@timestamp", {"date"}}, {"service.name", {"keyword"}}, {"level", {"text"}}}));
  const auto text = json::parse(Esql("logs", fields).correlated(warnings(), 7))["query"].get<std::string>();
  EXPECT_NE(text.find("TO_LOWER(`level`) IN (?level0, "), std::string::npos) << text;
}

TEST(Esql, WhereNoFieldTellsALevelThereIsNoWarning) {
  const FieldMap fields({}, caps({{"@timestamp", {"date"}}, {"service.name", {"keyword"}}}));
  const auto text = json::parse(Esql("logs", fields).correlated(warnings(), 7))["query"].get<std::string>();
  EXPECT_NE(text.find(" AND false | SORT"), std::string::npos) << text;
}

TEST(Esql, NanosecondsAreSortedAsTheyAreAndHeldAgainstBoundsInMilliseconds) {
  const FieldMap fields(
      {}, caps({{"@timestamp", {"date_nanos"}}, {"service.name", {"keyword"}}, {"level", {"keyword"}}}));
  EventQuery query = warnings();
  query.oldest_first = true;
  const auto text = json::parse(Esql("logs", fields).correlated(query, 7))["query"].get<std::string>();
  EXPECT_NE(text.find("WHERE TO_DATETIME(`@timestamp`) >= TO_DATETIME(?from)"), std::string::npos) << text;
  EXPECT_NE(text.find(" | SORT `@timestamp` ASC | LIMIT 7"), std::string::npos) << text;
}

TEST(Esql, ANameIsQuotedSoThatItStaysAName) { EXPECT_EQ(quoted("a`b"), "`a``b`"); }

TEST(Esql, AnIndexThatIsNoIndexNameIsRefused) {
  for (const char* good : {"logs-*", "a,b,-c", ".ds-logs", "remote:logs-*"})
    EXPECT_TRUE(check_index(good, "k")) << good;
  for (const char* bad : {"", "a | LIMIT 1", "a\"b", "a`b", "a b"})
    EXPECT_FALSE(check_index(bad, "k")) << bad;
}

TEST(Esql, TheNextPageBeginsBehindTheLastRow) {
  const FieldMap fields = usual();
  const auto body = json::parse(
      Esql("logs", fields).slices({kNoon, kNoon + minutes(5)}, seconds(60), PageMark{2, "order", ""}));
  EXPECT_NE(body["query"].get<std::string>().find("slice > ?at OR service > ?service"), std::string::npos);
  EXPECT_EQ(body["filter"]["range"]["@timestamp"]["gte"].get<std::string>(), "2026-03-01T12:02:00Z");
}

TEST(ReadSlices, AListOfBinsBecomesAHistogramAndAFullAnswerIsContinued) {
  const std::int64_t two = 1LL << 32;
  json answer =
      json::parse(R"({"columns":[{"name":"slice"},{"name":"service"},{"name":"docs"},{"name":"errors"},
      {"name":"bins"}],"values":[]})");
  answer["values"].push_back(json::array({1, "a", 5, 2, json::array({7 * two + 3, 9 * two + 1})}));
  answer["values"].push_back(json::array({2, "b", 1, 0, nullptr}));
  answer["values"].push_back(json::array({3, "c", 1, 0, 4 * two + 1}));
  std::vector<model::Slice> slices;
  const auto next = read_slices(answer, kNoon, seconds(60), slices);
  ASSERT_TRUE(next) << next.error().text();
  ASSERT_EQ(slices.size(), 3U);
  EXPECT_EQ(slices[0].start, kNoon + minutes(1));
  EXPECT_EQ(slices[0].latency.bins(), (std::vector<model::LatencyHistogram::Bin>{{7, 3}, {9, 1}}));
  EXPECT_TRUE(slices[1].latency.empty());
  EXPECT_EQ(slices[2].latency.total(), 1U);
  EXPECT_FALSE(*next);
  for (std::size_t i = 3; i < kMostRows; ++i)
    answer["values"].push_back(json::array({4, "z", 1, 0, nullptr}));
  EXPECT_EQ((*read_slices(answer, kNoon, seconds(60), slices))->service, "z");
}

TEST(ReadSlices, ADamagedAnswerIsNoSlice) {
  std::vector<model::Slice> slices;
  for (const char* text :
       {"{}", R"({"columns":[],"values":[[1]]})", R"({"columns":[{"name":"slice"}],"values":[[1]]})",
        R"({"columns":3,"values":[]})", R"({"columns":[{}],"values":[]})"})
    EXPECT_FALSE(read_slices(json::parse(text), kNoon, seconds(60), slices)) << text;
}

TEST(EventFilter, WhatOnlyTheDocumentDecidesIsNotExact) {
  const FieldMap fields = usual();
  struct Row {
    const char* about;
    EventQuery query;
    bool exact;
  };
  EventQuery plain{.range = {kNoon, kNoon + minutes(1)}};
  EventQuery errors = plain;
  errors.failed_only = true;
  EventQuery logs = plain;
  logs.kind = EventQuery::Kind::kLogs;
  EventQuery field = plain;
  field.fields = {{"tenant", "acme"}};
  for (const Row& row : {Row{"a time", plain, true}, Row{"errors", errors, true},
                         Row{"log lines where no span can be", logs, true}, Row{"any field", field, false}}) {
    bool exact = true;
    (void)event_filter(fields, row.query, exact);
    EXPECT_EQ(exact, row.exact) << row.about;
  }
}

TEST(EventFilter, AFieldThatNoIndexHasMatchesNothing) {
  EventQuery query{.range = {kNoon, kNoon + minutes(1)}};
  query.trace_ids = {"t"};
  bool exact = true;
  EXPECT_NE(event_filter(usual(), query, exact).dump().find("match_none"), std::string::npos);
}

}  // namespace
}  // namespace sentinel::telemetry
