#include "ingest/bulk.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "ingest/ndjson.hpp"
#include "net/inflate.hpp"
#include "telemetry/memory/memory_telemetry.hpp"

namespace sentinel::ingest {
namespace {

const Time kNow = *parse_rfc3339("2026-03-01T12:00:00Z");

class Bulk : public testing::Test {
 protected:
  Result<BulkRequest> parse(std::string body, std::string_view index = "") {
    body.append(64, '\0');
    body_ = std::move(body);
    return parse_bulk({body_.data(), body_.size() - 64}, index, metrics_, parser_, kNow);
  }
  std::vector<int> statuses(std::string body) {
    const auto request = parse(std::move(body));
    std::vector<int> all;
    if (request) {
      for (const auto& item : request->items) all.push_back(item.status);
    }
    return all;
  }
  std::string body_;
  DocumentParser parser_;
  MetricIndices metrics_{"app-metrics-*"};
};

TEST_F(Bulk, EachActionHasItsItemInOrder) {
  EXPECT_EQ(
      statuses("{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"1\"}\n{\"create\":{}}\n{\"message\":\"2\"}\n"),
      (std::vector<int>{201, 201}));
}

TEST_F(Bulk, TheRulesOfTheDialect) {
  struct Row {
    const char* about;
    std::string body;
    std::vector<int> expected;
  };
  const Row rows[] = {
      {"a missing final newline is fine", "{\"create\":{}}\n{\"a\":1}", {201}},
      {"carriage returns are fine", "{\"create\":{}}\r\n{\"a\":1}\r\n", {201}},
      {"empty lines between are fine", "\n{\"create\":{}}\n{\"a\":1}\n\n", {201}},
      {"a damaged source line fails alone",
       "{\"create\":{}}\n{bad\n{\"create\":{}}\n{\"a\":1}\n",
       {400, 201}},
      {"a delete has no source line",
       "{\"delete\":{\"_id\":\"1\"}}\n{\"create\":{}}\n{\"a\":1}\n",
       {400, 201}},
      {"an update has one",
       "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n{\"create\":{}}\n{\"a\":1}\n",
       {400, 201}},
      {"an action without its source", "{\"create\":{}}\n", {400}},
      {"unknown metadata is tolerated",
       "{\"create\":{\"_type\":\"_doc\",\"require_data_stream\":true,\"pipeline\":\"x\"}}\n{\"a\":1}\n",
       {201}},
  };
  for (const Row& row : rows) EXPECT_EQ(statuses(row.body), row.expected) << row.about;
}

TEST_F(Bulk, ADamagedActionLineFailsTheRequestWithItsNumber) {
  const auto request = parse("{\"create\":{}}\n{\"a\":1}\n{\"destroy\":{}}\n{}\n");
  ASSERT_FALSE(request);
  EXPECT_NE(request.error().text().find("[3]"), std::string::npos);
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("no json\n"));
}

TEST_F(Bulk, DocumentsOfMetricIndicesBecomePoints) {
  const auto request = parse(
      "{\"create\":{\"_index\":\"app-metrics-2026\"}}\n{\"service.name\":\"db\",\"cpu\":0.5}\n{\"create\":{"
      "\"_index\":\"app-logs\"}}\n{\"cpu\":1}\n");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->batch.metrics.size(), 1U);
  EXPECT_EQ(request->batch.logs.size(), 1U);
}

TEST_F(Bulk, TheIndexOfTheUrlIsTheDefault) {
  EXPECT_EQ(parse("{\"create\":{}}\n{\"a\":1}\n", "shop")->items.front().index, "shop");
}

TEST_F(Bulk, TheAnswerHasItsKeysInTheOrderThatShippersScanFor) {
  const auto request = parse("{\"create\":{\"_index\":\"i\",\"_id\":\"7\"}}\n{\"a\":1}\n");
  const std::string answer = bulk_answer(*request, 3, 1);
  EXPECT_EQ(
      answer.rfind("{\"took\":3,\"errors\":false,\"items\":[{\"create\":{\"_index\":\"i\",\"_id\":\"7\",", 0),
      0U)
      << answer;
  EXPECT_TRUE(nlohmann::json::accept(answer));
}

TEST_F(Bulk, AFailedItemCarriesTypeAndReason) {
  const auto request = parse("{\"index\":{\"_index\":\"i\"}}\n{\"@timestamp\":\"never\"}\n");
  const auto answer = nlohmann::json::parse(bulk_answer(*request, 0, 1));
  EXPECT_TRUE(answer["errors"]);
  EXPECT_EQ(answer["items"][0]["index"]["error"]["type"], "document_parsing_exception");
  EXPECT_NE(answer["items"][0]["index"]["error"]["reason"].get<std::string>().find("'never' is no time"),
            std::string::npos);
}

TEST(FilterPath, KeepsWhatTheShippersAskFor) {
  const std::string answer =
      R"({"took":1,"errors":true,"items":[{"create":{"_index":"a","_id":"1","status":201}},{"create":{"_index":"a","status":400,"error":{"type":"t","reason":"r"}}}]})";
  struct Row {
    const char* about;
    const char* filter;
    const char* expected;
  };
  const Row rows[] = {
      {"Filebeat and Logstash", "errors,items.*.error,items.*.status",
       R"({"errors":true,"items":[{"create":{"status":201}},{"create":{"status":400,"error":{"type":"t","reason":"r"}}}]})"},
      {"the OpenTelemetry exporter", "items.*._index,items.*.status,items.*.error.type,items.*.error.reason",
       R"({"items":[{"create":{"_index":"a","status":201}},{"create":{"_index":"a","status":400,"error":{"type":"t","reason":"r"}}}]})"},
      {"errors alone", "errors", R"({"errors":true})"},
      {"any depth", "**.type", R"({"items":[{"create":{"error":{"type":"t"}}}]})"},
      {"an exclusion", "-items", R"({"took":1,"errors":true})"},
      {"nothing", "nothing.like.it", "{}"},
  };
  for (const Row& row : rows) EXPECT_EQ(filter_answer(answer, row.filter), row.expected) << row.about;
  EXPECT_EQ(filter_answer(answer, ""), answer);
}

class Import : public testing::Test {
 protected:
  ImportSummary run(std::string bytes, ImportOptions options = {}) {
    const auto source = memory_source(std::move(bytes));
    const auto summary = import_ndjson(*source, parser_, store_, clock_, options);
    EXPECT_TRUE(summary);
    return summary ? *summary : ImportSummary{};
  }
  ManualClock clock_{kNow};
  DocumentParser parser_;
  telemetry::MemoryTelemetry store_;
};

TEST_F(Import, EveryLineIsTakenOrReported) {
  const auto summary = run("{\"message\":\"1\"}\n\n{bad\n{\"message\":\"2\"}");
  EXPECT_EQ(summary.documents, 2U);
  EXPECT_EQ(summary.lines, 3U);
  ASSERT_EQ(summary.first.size(), 1U);
  EXPECT_EQ(summary.first.front().line, 3U);
  EXPECT_EQ(store_.status()->rows, 2U);
}

TEST_F(Import, CompressedFilesAreToldByTheirFirstBytes) {
  EXPECT_EQ(run(net::gzip("{\"message\":\"1\"}\n")).documents, 1U);
  EXPECT_EQ(run(net::gzip("{\"message\":\"1\"}\n") + net::gzip("{\"message\":\"2\"}\n")).documents, 2U);
}

TEST_F(Import, OfATruncatedFileAllBeforeTheEndIsTaken) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "{\"message\":\"" + std::to_string(i * 7919) + "\"}\n";
  std::string packed = net::gzip(text);
  packed.resize(packed.size() / 2);
  const auto summary = run(std::move(packed));
  EXPECT_GT(summary.documents, 5000U);
  EXPECT_NE(summary.ended_early.find("end too early"), std::string::npos);
}

TEST_F(Import, ALineThatIsTooLongIsSkippedAndTheNextIsRead) {
  const auto summary = run("{\"message\":\"" + std::string(900'000, 'x') + "\"}\n{\"message\":\"short\"}\n",
                           {.max_line = 100'000});
  EXPECT_EQ(summary.rejected, 1U);
  EXPECT_EQ(summary.documents, 1U);
  EXPECT_EQ(summary.first.front().line, 1U);
}

TEST_F(Import, BulkActionLinesNameTheIndexAndAreNoDocuments) {
  const auto summary =
      run("{\"index\":{\"_index\":\"app-metrics-1\"}}\n{\"service.name\":\"a\",\"cpu\":1}\n{\"index\":{\"_"
          "index\":\"app-logs\"}}\n{\"message\":\"x\"}\n",
          {.metric_indices = MetricIndices("app-metrics-*")});
  EXPECT_EQ(summary.lines, 2U);
  EXPECT_EQ(summary.documents, 2U);
  EXPECT_EQ(store_.status()->rows, 1U);
}

}  // namespace
}  // namespace sentinel::ingest
