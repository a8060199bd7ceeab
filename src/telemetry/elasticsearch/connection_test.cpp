#include "telemetry/elasticsearch/connection.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"

namespace sentinel::telemetry {
namespace {

// Answers as scripted, in order, and remembers what was asked.
class Script final : public net::Transport {
 public:
  Result<net::ClientResponse> send(const net::ClientRequest& request, std::stop_token) override {
    asked.push_back(request);
    if (answers.empty()) return fail(ErrorKind::kInternal, "the script is at its end");
    auto next = std::move(answers.front());
    answers.pop_front();
    return next;
  }
  void answer(int status, std::string body) {
    answers.push_back(net::ClientResponse{status, {}, std::move(body)});
  }
  void refuse() { answers.push_back(fail(ErrorKind::kUnavailable, "connection refused")); }

  std::deque<Result<net::ClientResponse>> answers;
  std::vector<net::ClientRequest> asked;
};

class Ask : public testing::Test {
 protected:
  Connection connection(std::vector<std::string> hosts, ConnectionOptions options = {}) {
    options.hosts = std::move(hosts);
    return Connection(script_, options,
                      {[this] { return now_; },
                       [this](Duration wait) {
                         now_ += wait;
                         slept_ += wait;
                         return true;
                       }},
                      Log(logger_, "test"));
  }
  Script script_;
  NullLogger logger_;
  Time now_ = *parse_rfc3339("2026-03-01T12:00:00Z");
  Duration slept_{};
};

TEST_F(Ask, AnotherHostIsAskedAtOnceWhenOneIsAway) {
  auto es = connection({"http://a:9200", "http://b:9200/prefix/"});
  script_.refuse();
  script_.answer(200, R"({"ok":1})");
  EXPECT_TRUE(es.ask("GET", "/x", "", "asking"));
  EXPECT_EQ(script_.asked[1].url, "http://b:9200/prefix/x");
  EXPECT_EQ(slept_, Duration{});
}

TEST(JudgeAnswer, ABlockIsNeitherALackOfPrivilegesNorAnOverload) {
  const auto refused = [](int status, const char* block) {
    const std::string body =
        std::string(R"({"error":{"type":"cluster_block_exception","reason":"index [logs] blocked by: [)") +
        block + R"(];"},"status":)" + std::to_string(status) + "}";
    return judge_answer({status, {}, body}, "writing").error();
  };
  const Error read_only = refused(403, "FORBIDDEN/8/index write (api)");
  EXPECT_EQ(read_only.kind, ErrorKind::kInvalid);
  EXPECT_NE(read_only.message.find("index.blocks.write"), std::string::npos) << read_only.message;
  const Error full = refused(429,
                             "TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has "
                             "read-only-allow-delete block");
  EXPECT_EQ(full.kind, ErrorKind::kInvalid);
  EXPECT_NE(full.message.find("free space"), std::string::npos) << full.message;
  EXPECT_EQ(refused(503, "SERVICE_UNAVAILABLE/1/state not recovered / initialized").kind,
            ErrorKind::kUnavailable);
}

TEST_F(Ask, ADeadHostIsLeftOutUntilItsPenaltyIsOver) {
  auto es = connection({"http://a", "http://b"});
  script_.refuse();
  for (int i = 0; i < 3; ++i) script_.answer(200, "{}");
  EXPECT_TRUE(es.ask("GET", "/", "", "asking"));
  EXPECT_TRUE(es.ask("GET", "/", "", "asking"));
  EXPECT_EQ(script_.asked.back().url, "http://b/");
}

TEST_F(Ask, AClusterIsAwayWhileEveryHostHasAPenaltyAndSaysWhy) {
  ConnectionOptions options;
  options.deadline = milliseconds(100);
  auto es = connection({"http://a"}, options);
  EXPECT_FALSE(es.away(now_));
  script_.refuse();
  EXPECT_FALSE(es.ask("GET", "/", "", "asking"));
  ASSERT_TRUE(es.away(now_));
  EXPECT_NE(es.away(now_)->text().find("connection refused"), std::string::npos);
  es.forgive();
  EXPECT_FALSE(es.away(now_));
}

TEST_F(Ask, TheOnlyHostIsTriedAgainAfterAPause) {
  auto es = connection({"http://a"});
  script_.refuse();
  script_.answer(200, "{}");
  EXPECT_TRUE(es.ask("GET", "/", "", "asking"));
  EXPECT_GT(slept_, Duration{});
}

TEST_F(Ask, RetriesEndBeforeTheDeadline) {
  ConnectionOptions options;
  options.deadline = milliseconds(100);
  auto es = connection({"http://a"}, options);
  script_.refuse();
  EXPECT_FALSE(es.ask("GET", "/", "", "asking"));
  EXPECT_EQ(script_.asked.size(), 1U);
}

TEST_F(Ask, ARefusalThatIsFinalIsNotRetried) {
  auto es = connection({"http://a", "http://b"});
  script_.answer(401, R"({"error":{"type":"security_exception","reason":"unable to authenticate"}})");
  EXPECT_EQ(es.ask("GET", "/", "", "asking").error().kind, ErrorKind::kDenied);
  EXPECT_EQ(script_.asked.size(), 1U);
}

TEST_F(Ask, AnOverloadedClusterIsLeftAloneForAWhile) {
  auto es = connection({"http://a"});
  for (int i = 0; i < 2; ++i)
    script_.answer(429, R"({"error":{"type":"circuit_breaking_exception","reason":"x"}})");
  EXPECT_EQ(es.ask("GET", "/", "", "asking").error().kind, ErrorKind::kOverloaded);
  const std::size_t asked = script_.asked.size();
  EXPECT_EQ(es.ask("GET", "/", "", "asking").error().kind, ErrorKind::kOverloaded);
  EXPECT_EQ(script_.asked.size(), asked);  // nothing was sent
  now_ += seconds(61);
  script_.answer(200, "{}");
  EXPECT_TRUE(es.ask("GET", "/", "", "asking"));
}

TEST_F(Ask, ItIsLeftAloneLongerEachTime) {
  auto es = connection({"http://a"});
  const auto overloaded = [&] {
    for (int i = 0; i < 2; ++i) script_.answer(429, "{}");
    EXPECT_FALSE(es.ask("GET", "/", "", "asking"));
  };
  overloaded();
  now_ += seconds(6);  // the first time: 5 s
  overloaded();
  now_ += seconds(6);  // the second: 10 s
  const std::size_t asked = script_.asked.size();
  EXPECT_FALSE(es.ask("GET", "/", "", "asking"));
  EXPECT_EQ(script_.asked.size(), asked);
}

TEST_F(Ask, TheApiKeyWinsOverTheOtherCredentials) {
  ConnectionOptions options;
  options.api_key = "a2V5";
  options.user = "u";
  options.password = "p";
  auto es = connection({"http://a"}, options);
  script_.answer(200, "{}");
  EXPECT_TRUE(es.ask("GET", "/", "", "asking"));
  EXPECT_EQ(script_.asked[0].headers.get("Authorization"), "ApiKey a2V5");
}

TEST_F(Ask, UserAndPasswordAreSentAsBasic) {
  ConnectionOptions options;
  options.user = "Aladdin";
  options.password = "open sesame";
  auto es = connection({"http://a"}, options);
  script_.answer(200, "{}");
  EXPECT_TRUE(es.ask("GET", "/", "", "asking"));
  EXPECT_EQ(script_.asked[0].headers.get("Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(JudgeAnswer, TakesOnlyWholeAnswers) {
  struct Row {
    const char* about;
    int status;
    const char* body;
    std::optional<ErrorKind> expected;
    const char* words;
  };
  const Row rows[] = {
      {"a whole answer", 200, R"({"is_partial":false,"timed_out":false,"_shards":{"failed":0}})",
       std::nullopt, ""},
      {"partial rows of ES|QL", 200, R"({"is_partial":true})", ErrorKind::kUnavailable, "in part"},
      {"a search that gave up", 200, R"({"timed_out":true})", ErrorKind::kTimeout, "gave up"},
      {"failed shards", 200, R"({"_shards":{"failed":2}})", ErrorKind::kUnavailable, "2 shards"},
      {"a page of a proxy", 200, "<html>", ErrorKind::kCorrupt, "proxy"},
      {"half of an answer", 200, R"({"values":[[1,)", ErrorKind::kCorrupt, "no JSON"},
      {"a list", 200, "[]", ErrorKind::kCorrupt, "no JSON object"},
      {"a wrong key", 401, "{}", ErrorKind::kDenied, "ELASTICSEARCH_API_KEY"},
      {"a weak key", 403, R"({"error":{"type":"security_exception","reason":"action [x] is unauthorized"}})",
       ErrorKind::kDenied, "action [x]"},
      {"no index", 404, R"({"error":{"type":"index_not_found_exception","reason":"no such index [i]"}})",
       ErrorKind::kNotFound, "no such index [i]"},
      {"no index, in ES|QL's words", 400,
       R"({"error":{"type":"verification_exception","reason":"Unknown index [i]"}})", ErrorKind::kNotFound,
       "log_index"},
      {"too many requests", 429, "{}", ErrorKind::kOverloaded, "overloaded"},
      {"shards away", 503,
       R"({"error":{"root_cause":[{"type":"no_shard_available_action_exception","reason":"r"}],"type":"search_phase_execution_exception","reason":"all shards failed"}})",
       ErrorKind::kUnavailable, "_cat/shards"},
      {"a gateway without a back end", 502, "Bad Gateway", ErrorKind::kUnavailable, "Bad Gateway"},
      {"a question it cannot read", 400, R"({"error":"no handler found for uri [/_query]"})",
       ErrorKind::kInvalid, "no handler"},
  };
  for (const Row& row : rows) {
    const auto judged = judge_answer({row.status, {}, row.body}, "asking");
    EXPECT_EQ(judged.has_value(), !row.expected.has_value()) << row.about;
    if (judged || !row.expected) continue;
    EXPECT_EQ(judged.error().kind, *row.expected) << row.about << ": " << judged.error().text();
    EXPECT_NE(judged.error().text().find(row.words), std::string::npos)
        << row.about << ": " << judged.error().text();
  }
}

TEST(CloudId, NamesTheHostOfElasticsearch) {
  const std::string id = "mine:" + base64("eu.example.net$abc$def");
  EXPECT_EQ(url_of_cloud_id(id), "https://abc.eu.example.net:443");
  EXPECT_EQ(url_of_cloud_id("mine:" + base64("eu.example.net:9243$abc$def")),
            "https://abc.eu.example.net:9243");
  EXPECT_FALSE(url_of_cloud_id("mine:not base64!"));
  EXPECT_FALSE(url_of_cloud_id("mine:" + base64("no ids")));
}

TEST(WithoutPassword, HidesUserAndPasswordAndNothingElse) {
  EXPECT_EQ(without_password("https://u:p@host:9200/x@y"), "https://host:9200/x@y");
  EXPECT_EQ(without_password("http://host"), "http://host");
}

}  // namespace
}  // namespace sentinel::telemetry
