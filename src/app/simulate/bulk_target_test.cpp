#include "app/simulate/bulk_target.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sentinel::app {
namespace {

using nlohmann::json;

net::ClientResponse answer(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

// Gives one answer to everything and keeps what was asked.
class OneAnswer final : public net::Transport {
 public:
  Result<net::ClientResponse> send(const net::ClientRequest& request, std::stop_token) override {
    seen.push_back(request);
    return given;
  }
  net::ClientResponse given;
  std::vector<net::ClientRequest> seen;
};

class BulkTargetTest : public ::testing::Test {
 protected:
  OneAnswer transport_;
  BulkTarget target_{transport_, "http://es:9200/", "", "key=="};
};

TEST_F(BulkTargetTest, PostsNdjsonWithTheKey) {
  transport_.given = answer(200, R"({"took":1,"errors":false,"items":[]})");
  ASSERT_TRUE(target_.post("{}\n{}\n"));
  const auto& seen = transport_.seen;
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_EQ(seen[0].url, "http://es:9200/_bulk");
  EXPECT_EQ(seen[0].body, "{}\n{}\n");
  EXPECT_EQ(seen[0].headers.get("content-type"), "application/x-ndjson");
  EXPECT_EQ(seen[0].headers.get("authorization"), "ApiKey key==");
}

TEST_F(BulkTargetTest, ARefusedDocumentFailsWithItsReason) {
  transport_.given = answer(
      200, R"({"took":1,"errors":true,"items":[{"index":{"status":201}},)"
           R"({"index":{"status":400,"error":{"type":"document_parsing_exception","reason":"bad date"}}}]})");
  const auto done = target_.post("x");
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text().find("bad date"), std::string::npos);
}

TEST_F(BulkTargetTest, AnAnswerThatIsNoBulkAnswerIsAnError) {
  struct Row {
    const char* about;
    int status;
    const char* body;
  };
  const Row rows[] = {
      {"no JSON", 200, "<html>"},
      {"another shape", 200, R"([1])"},
      {"errors that is no boolean", 200, R"({"errors":"yes"})"},
      {"errors without items", 200, R"({"errors":true})"},
      {"an item of another shape", 200, R"({"errors":true,"items":[1,{},{"index":7}]})"},
      {"not allowed", 403, "{}"},
  };
  for (const Row& row : rows) {
    transport_.given = answer(row.status, row.body);
    EXPECT_FALSE(target_.post("x")) << row.about;
  }
}

TEST_F(BulkTargetTest, TheIndexIsThatOfTheOriginal) {
  const json body = json::parse(index_body());
  EXPECT_TRUE(body["aliases"].contains("app-logs-all"));
  const std::pair<const char*, const char*> types[] = {
      {"@timestamp", "date"},     {"service.name", "keyword"}, {"level", "keyword"},
      {"message", "text"},        {"duration_ms", "float"},    {"trace.id", "keyword"},
      {"status_code", "integer"}, {"endpoint", "keyword"}};
  for (const auto& [name, type] : types)
    EXPECT_EQ(body["mappings"]["properties"][name]["type"], type) << name;
}

TEST_F(BulkTargetTest, AnIndexThatExistsIsFine) {
  transport_.given = answer(400, R"({"error":{"type":"resource_already_exists_exception"}})");
  EXPECT_TRUE(target_.make_index());
  EXPECT_EQ(transport_.seen.at(0).method, "PUT");
  EXPECT_EQ(transport_.seen.at(0).url, "http://es:9200/app-logs-000001");
}

TEST_F(BulkTargetTest, AnIndexThatCannotBeMadeIsAnErrorWithTheAnswer) {
  transport_.given = answer(403, R"({"error":"security_exception"})");
  const auto made = target_.make_index();
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text().find("security_exception"), std::string::npos);
}

}  // namespace
}  // namespace sentinel::app
