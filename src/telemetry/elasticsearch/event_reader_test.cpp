#include "telemetry/elasticsearch/event_reader.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "telemetry/elasticsearch/esql.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

// Answers with the newest of its documents, as many as are asked for; equal times last written first, as a
// cluster may. Remembers the addresses.
class FakeCluster final : public net::Transport {
 public:
  Result<net::ClientResponse> send(const net::ClientRequest& request, std::stop_token) override {
    const bool esql = request.url.find("/_query") != std::string::npos;
    asked.push_back(esql ? "_query" : "_search");
    if (!esql) return net::ClientResponse{200, {}, R"({"hits":{"hits":[]}})"};
    const json body = json::parse(request.body);
    const std::string text = body["query"].get<std::string>();
    const std::size_t limit = std::stoul(text.substr(text.find("LIMIT ") + 6));
    limits.push_back(limit);
    json rows = json::array();
    for (auto row = documents.rbegin(); row != documents.rend() && rows.size() < limit; ++row)
      rows.push_back(*row);
    return net::ClientResponse{200, {}, json{{"is_partial", partial}, {"values", rows}}.dump()};
  }
  void add(Duration after_noon, const json& more = json::object()) {
    json source = more;
    const std::string at = format_rfc3339(kNoon + after_noon);
    source["@timestamp"] = at;
    source["number"] = documents.size();
    const std::string id = "chosen-" + std::to_string(1000 + documents.size());
    documents.push_back({std::move(source), "logs", id, at, ingested});
  }
  std::vector<json> documents;  // rows, oldest first
  json ingested;
  bool partial = false;
  std::vector<std::string> asked;
  std::vector<std::size_t> limits;
};

class Events : public testing::Test {
 protected:
  EventQuery warnings(std::size_t limit) const {
    EventQuery query{.range = {kNoon, kNoon + minutes(10)}, .limit = limit};
    query.min_level = model::Level::kWarning;
    return query;
  }
  Result<std::vector<model::LogEvent>> ask(const EventQuery& query) {
    return reader_.events(fields_, true, query);
  }

  FakeCluster cluster_;
  NullLogger logger_;
  json caps_ =
      json::parse(R"({"fields":{"@timestamp":{"date":{}},"service.name":{"keyword":{}},"level":{"keyword":{}},
    "event.ingested":{"date":{}},"message":{"text":{}}}})");
  FieldMap fields_{{}, caps_};
  Connection connection_{cluster_,
                         {.hosts = {"http://es:9200"}},
                         {[] { return kNoon; }, [](Duration) { return false; }},
                         Log(logger_, "test")};
  // As the parser of the product: what it knows, and the rest as it came.
  EventReader reader_{connection_, "logs",
                      [](std::string_view text, Time, model::DocumentBatch& out) -> Result<void> {
                        const json doc = json::parse(text);
                        out.add(model::LogRow{.time = *parse_rfc3339(doc["@timestamp"].get<std::string>()),
                                              .service = "pay",
                                              .message = out.keep(std::to_string(doc["number"].get<int>())),
                                              .extra = text,
                                              .level = model::Level::kError});
                        return {};
                      },
                      Log(logger_, "test")};
};

TEST_F(Events, WarningsAndErrorsAreOneQuery) {
  for (int i = 0; i < 5; ++i) cluster_.add(seconds(i));
  const auto found = ask(warnings(3));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->size(), 3U);
  EXPECT_EQ(found->front().message, "4");
  EXPECT_EQ(cluster_.asked, std::vector<std::string>{"_query"});
}

TEST_F(Events, APartOfThemIsNoAnswer) {
  cluster_.add(seconds(1));
  cluster_.partial = true;
  const auto found = ask(warnings(3));
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().text().find("is_partial"), std::string::npos);
}

TEST_F(Events, WhereTheLimitCutsEqualTimesMoreIsAskedFor) {
  for (int i = 0; i < 40; ++i) cluster_.add(seconds(1));
  const auto found = ask(warnings(3));
  ASSERT_TRUE(found) << found.error().text();
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ(found->front().message, "0") << "the first of them, though the cluster named the last";
  EXPECT_EQ(cluster_.limits, (std::vector<std::size_t>{13, 52}));
}

TEST_F(Events, MoreThanOneAnswerHoldsIsReadBySearch) {
  for (std::size_t i = 0; i < kMostRows + 1; ++i) cluster_.add(seconds(1));
  ASSERT_TRUE(ask(warnings(9'000)));
  EXPECT_EQ(cluster_.asked.front(), "_query");
  EXPECT_EQ(cluster_.asked.back(), "_search");
}

TEST_F(Events, WhatEsqlCannotDoFaithfullyIsReadBySearch) {
  struct Row {
    const char* about;
    std::function<void(EventQuery&)> change;
  };
  const Row rows[] = {
      {"pages", [](auto& q) { q.paged = true; }},
      {"a field that need not be mapped",
       [](auto& q) {
         q.fields = {{"tenant", "acme"}};
       }},
      {"spans", [](auto& q) { q.kind = EventQuery::Kind::kSpans; }},
      {"log lines", [](auto& q) { q.kind = EventQuery::Kind::kLogs; }},
      {"any level", [](auto& q) { q.min_level.reset(); }},
      {"more than an answer may hold", [](auto& q) { q.limit = kMostRows; }},
  };
  for (const Row& row : rows) {
    cluster_.asked.clear();
    EventQuery query = warnings(3);
    row.change(query);
    ASSERT_TRUE(ask(query)) << row.about;
    for (const auto& asked : cluster_.asked) EXPECT_EQ(asked, "_search") << row.about;
  }
}

TEST_F(Events, TheTimeOfIngestionIsNoFieldOfTheDocument) {
  cluster_.ingested = "2026-03-01T12:00:09.000Z";
  cluster_.add(seconds(1), json::parse(R"({"event.ingested":"x","event":{"ingested":"x","kind":"k"}})"));
  cluster_.add(seconds(2), json::parse(R"({"event":{"ingested":"x"},"empty":{}})"));
  const auto found = ask(warnings(3));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(json::parse((*found)[0].extra),
            json::parse(R"({"@timestamp":"2026-03-01T12:00:02Z","number":1,"empty":{}})"));
  EXPECT_EQ(json::parse((*found)[1].extra)["event"], json::parse(R"({"kind":"k"})"));
  EXPECT_EQ((*found)[0].ingested, kNoon + seconds(9));
}

TEST_F(Events, ADocumentWithoutItsSourceIsAnError) {
  cluster_.add(seconds(1));
  cluster_.documents.front()[0] = nullptr;
  const auto found = ask(warnings(3));
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().text().find("_source"), std::string::npos);
}

}  // namespace
}  // namespace sentinel::telemetry
