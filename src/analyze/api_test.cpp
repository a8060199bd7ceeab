#include "analyze/api.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "analyze/answer.hpp"
#include "analyze/stream.hpp"

namespace sentinel::analyze {
namespace {

using nlohmann::json;

// Answers in the order given and keeps what it was asked; streams its body where the request wants that.
class Scripted final : public net::Transport {
 public:
  std::deque<Result<net::ClientResponse>> answers;
  std::vector<net::ClientRequest> asked;
  Result<net::ClientResponse> send(const net::ClientRequest& request, std::stop_token) override {
    asked.push_back(request);
    auto answer = std::move(answers.front());
    answers.pop_front();
    if (answer && request.on_data) {
      for (const char c : answer->body) request.on_data({&c, 1});
      answer->body.clear();
    }
    return answer;
  }
};

net::ClientResponse response(int status, std::string body,
                             std::vector<std::pair<std::string, std::string>> headers = {}) {
  net::ClientResponse r{.status = status, .body = std::move(body)};
  for (auto& [name, value] : headers) r.headers.add(name, value);
  return r;
}
std::string api_error(const std::string& type, const std::string& message = "no") {
  return json{{"type", "error"}, {"error", {{"type", type}, {"message", message}}}}.dump();
}
std::string message(const std::string& text, const std::string& stop = "end_turn") {
  return json{
      {"type", "message"},
      {"content",
       {{{"type", "thinking"}, {"thinking", ""}, {"signature", "s"}}, {{"type", "text"}, {"text", text}}}},
      {"stop_reason", stop},
      {"a_field_of_tomorrow", 1},
      {"usage", {{"input_tokens", 10}, {"cache_read_input_tokens", 5}, {"output_tokens", 7}}}}
      .dump();
}

class Asking : public testing::Test {
 protected:
  Reply run(std::string body = "{}") {
    const net::RetryTime time{[this] { return now_; },
                              [this](Duration wait) {
                                waits_.push_back(wait);
                                now_ += wait;
                                return true;
                              }};
    return ask(transport_, settings_, body, rng_, time, {});
  }
  Scripted transport_;
  ApiSettings settings_{.base_url = "http://api", .key = "k"};
  Rng rng_{1};
  Time now_{};
  std::vector<Duration> waits_;
};

TEST_F(Asking, SendsWhatTheApiWantsAndReadsTheTextBlock) {
  transport_.answers = {response(200, message("hello"), {{"request-id", "req_1"}})};
  const Reply reply = run();
  EXPECT_EQ(reply.outcome, Outcome::kAnswered);
  EXPECT_EQ(reply.text, "hello");  // though a thinking block came first
  EXPECT_EQ(reply.use.input, 10);
  EXPECT_EQ(reply.use.cache_read, 5);
  EXPECT_EQ(reply.use.output, 7);
  EXPECT_EQ(reply.request_id, "req_1");
  const auto& sent = transport_.asked.front();
  EXPECT_EQ(sent.url, "http://api/v1/messages");
  EXPECT_EQ(sent.headers.get("x-api-key"), "k");
  EXPECT_EQ(sent.headers.get("anthropic-version"), "2026-10-21");
  EXPECT_FALSE(sent.headers.get("authorization"));
}

TEST_F(Asking, ABearerTokenGoesInsteadOfTheKey) {
  settings_.key = "";
  settings_.bearer = "t";
  transport_.answers = {response(200, message("x"))};
  (void)run();
  EXPECT_EQ(transport_.asked[0].headers.get("authorization"), "Bearer t");
  EXPECT_FALSE(transport_.asked[0].headers.get("x-api-key"));
}

TEST_F(Asking, ABaseUrlMayEndInV1) {
  settings_.base_url = "http://api/v1/";
  transport_.answers = {response(200, message("x"))};
  (void)run();
  EXPECT_EQ(transport_.asked[0].url, "http://api/v1/messages");
}

struct Ending {
  const char* about;
  int status;
  std::string body;
  Outcome outcome;
  bool heals;
};
class Endings : public testing::TestWithParam<Ending> {};
TEST_P(Endings, HaveANameAndADecision) {
  Scripted transport;
  for (int n = 0; n < 3; ++n) transport.answers.push_back(response(GetParam().status, GetParam().body));
  Rng rng{1};
  const Reply reply = ask(transport, {.base_url = "http://api", .key = "k"}, "{}", rng,
                          {[] { return Time{}; }, [](Duration) { return true; }}, {});
  EXPECT_EQ(reply.outcome, GetParam().outcome);
  EXPECT_EQ(may_heal(reply.outcome), GetParam().heals);
  EXPECT_FALSE(reply.why.empty());
  EXPECT_TRUE(reply.text.empty());
}
INSTANTIATE_TEST_SUITE_P(
    All, Endings,
    testing::Values(
        Ending{
            "refusal", 200,
            R"({"content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber"}})",
            Outcome::kRefused, false},
        Ending{"max_tokens", 200, message("{\"root", "max_tokens"), Outcome::kTruncated, false},
        Ending{"window", 200, message("x", "model_context_window_exceeded"), Outcome::kTooLong, false},
        Ending{"no_text", 200, R"({"content":[{"type":"thinking"}],"stop_reason":"end_turn"})",
               Outcome::kMalformed, false},
        Ending{"no_json", 200, "<html>", Outcome::kMalformed, false},
        Ending{"s400", 400, api_error("invalid_request_error"), Outcome::kInvalid, false},
        Ending{"s401", 401, api_error("authentication_error"), Outcome::kUnauthorized, true},
        Ending{"s402", 402, api_error("billing_error"), Outcome::kSpendLimit, true},
        Ending{"s403", 403, api_error("permission_error"), Outcome::kUnauthorized, true},
        Ending{"s403_billing", 403, api_error("billing_error"), Outcome::kSpendLimit, true},
        Ending{"s404", 404, api_error("not_found_error"), Outcome::kInvalid, false},
        Ending{"s413", 413, api_error("request_too_large"), Outcome::kTooLong, false},
        Ending{"s429", 429, api_error("rate_limit_error"), Outcome::kRateLimited, true},
        Ending{"s429_spend", 429, api_error("rate_limit_error", "monthly spend limit reached"),
               Outcome::kSpendLimit, true},
        Ending{"s500", 500, api_error("api_error"), Outcome::kServerError, true},
        Ending{"s503", 503, api_error("overloaded_error"), Outcome::kOverloaded, true},
        Ending{"s504", 504, api_error("timeout_error"), Outcome::kTimeout, true},
        Ending{"s529", 529, api_error("overloaded_error"), Outcome::kOverloaded, true}),
    [](const auto& row) { return std::string(row.param.about); });

TEST_F(Asking, ALimitIsWaitedForAsTheApiSays) {
  transport_.answers = {
      response(429, api_error("rate_limit_error"), {{"retry-after", "3"}}),
      response(429, api_error("rate_limit_error"), {{"retry-after-ms", "2500"}, {"retry-after", "9"}}),
      response(200, message("x"))};
  EXPECT_EQ(run().outcome, Outcome::kAnswered);
  EXPECT_EQ(waits_, (std::vector<Duration>{seconds(3), milliseconds(2500)}));
}

TEST_F(Asking, XShouldRetryDecides) {
  transport_.answers = {response(529, api_error("overloaded_error"), {{"x-should-retry", "false"}})};
  EXPECT_EQ(run().outcome, Outcome::kOverloaded);
  EXPECT_TRUE(waits_.empty());
  transport_.answers = {response(400, api_error("invalid_request_error"), {{"x-should-retry", "true"}}),
                        response(200, message("x"))};
  EXPECT_EQ(run().outcome, Outcome::kAnswered);
}

TEST_F(Asking, ASpendLimitIsNotAskedAgain) {
  transport_.answers = {
      response(429, api_error("rate_limit_error", "spend limit"), {{"x-should-retry", "true"}})};
  EXPECT_EQ(run().outcome, Outcome::kSpendLimit);
  EXPECT_TRUE(waits_.empty());
  EXPECT_TRUE(concerns_all(Outcome::kSpendLimit));
}

TEST_F(Asking, AnAnswerThatTheKindOfErrorKeepsFromComing) {
  transport_.answers = {fail(ErrorKind::kTimeout, "t"), fail(ErrorKind::kTimeout, "t"),
                        fail(ErrorKind::kTimeout, "t")};
  EXPECT_EQ(run().outcome, Outcome::kTimeout);
  transport_.answers = {fail(ErrorKind::kUnavailable, "u"), response(200, message("x"))};
  EXPECT_EQ(run().outcome, Outcome::kAnswered);
  transport_.answers = {fail(ErrorKind::kDenied, "certificate")};
  EXPECT_EQ(run().outcome, Outcome::kUnreachable);
}

std::string events(const std::vector<json>& list) {
  std::string text;
  for (const auto& e : list)
    text += "event: " + e["type"].get<std::string>() + "\r\ndata: " + e.dump() + "\r\n\r\n";
  return text;
}
std::vector<json> stream_events() {
  return {
      {{"type", "message_start"},
       {"message",
        {{"id", "m"}, {"content", json::array()}, {"usage", {{"input_tokens", 9}, {"output_tokens", 1}}}}}},
      {{"type", "content_block_start"},
       {"index", 0},
       {"content_block", {{"type", "thinking"}, {"thinking", ""}}}},
      {{"type", "content_block_delta"},
       {"index", 0},
       {"delta", {{"type", "thinking_delta"}, {"thinking", "hm"}}}},
      {{"type", "ping"}},
      {{"type", "event_of_tomorrow"}, {"index", 0}},
      {{"type", "content_block_start"}, {"index", 1}, {"content_block", {{"type", "text"}, {"text", ""}}}},
      {{"type", "content_block_delta"}, {"index", 1}, {"delta", {{"type", "text_delta"}, {"text", "hel"}}}},
      {{"type", "content_block_delta"}, {"index", 1}, {"delta", {{"type", "text_delta"}, {"text", "lo"}}}},
      {{"type", "content_block_stop"}, {"index", 1}},
      {{"type", "message_delta"},
       {"delta", {{"stop_reason", "end_turn"}}},
       {"usage", {{"output_tokens", 42}}}},
      {{"type", "message_stop"}}};
}

TEST_F(Asking, AStreamIsPutTogether) {
  transport_.answers = {response(200, events(stream_events()))};
  const Reply reply = run(R"({"stream":true})");
  EXPECT_EQ(reply.outcome, Outcome::kAnswered);
  EXPECT_EQ(reply.text, "hello");
  EXPECT_EQ(reply.use.input, 9);
  EXPECT_EQ(reply.use.output, 42);  // cumulative: the last number holds
  EXPECT_NE(reply.received.find("event_of_tomorrow"), std::string::npos);
}

TEST_F(Asking, AStreamThatBreaksOffIsTriedAgainAndThenUnreachable) {
  auto cut = stream_events();
  cut.pop_back();
  for (int n = 0; n < 3; ++n) transport_.answers.push_back(response(200, events(cut)));
  EXPECT_EQ(run(R"({"stream":true})").outcome, Outcome::kUnreachable);
  EXPECT_EQ(waits_.size(), 2U);
}

TEST_F(Asking, AnErrorInsideAStreamCountsAsItsStatus) {
  auto broken = stream_events();
  broken.resize(4);
  broken.push_back(json::parse(api_error("overloaded_error")));
  for (int n = 0; n < 3; ++n) transport_.answers.push_back(response(200, events(broken)));
  EXPECT_EQ(run(R"({"stream":true})").outcome, Outcome::kOverloaded);
}

TEST_F(Asking, ChatCompletionsAreReadTheSameWay) {
  settings_.provider = ApiSettings::Provider::kOpenAi;
  const auto chat = [](const char* text, const char* reason) {
    return json{
        {"choices", {{{"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", reason}}}},
        {"usage", {{"prompt_tokens", 3}, {"completion_tokens", 4}}}}
        .dump();
  };
  transport_.answers = {response(200, chat("hi", "stop"))};
  Reply reply = run();
  EXPECT_EQ(reply.text, "hi");
  EXPECT_EQ(reply.use.output, 4);
  EXPECT_EQ(transport_.asked[0].url, "http://api/v1/chat/completions");
  EXPECT_EQ(transport_.asked[0].headers.get("authorization"), "Bearer k");
  EXPECT_FALSE(transport_.asked[0].headers.get("anthropic-version"));
  transport_.answers = {response(200, chat("{", "length"))};
  EXPECT_EQ(run().outcome, Outcome::kTruncated);
  transport_.answers = {response(200, chat("", "content_filter"))};
  EXPECT_EQ(run().outcome, Outcome::kRefused);
  transport_.answers = {response(200, "{}")};
  EXPECT_EQ(run().outcome, Outcome::kMalformed);
}

TEST(Request, HoldsNothingThatAModelRefuses) {
  for (const bool effort : {false, true}) {
    const auto body = json::parse(request_body(ApiSettings::Provider::kAnthropic,
                                               {"m", "rules", "facts", answer_schema(), 3072, effort}));
    for (const char* refused :
         {"temperature", "top_p", "top_k", "tool_choice", "tools", "thinking", "output_format", "stream"})
      EXPECT_FALSE(body.contains(refused)) << refused;
    EXPECT_EQ(body["messages"].size(), 1U);
    EXPECT_EQ(body["messages"][0]["role"], "user");
    EXPECT_EQ(body["system"][0]["cache_control"]["type"], "ephemeral");
    EXPECT_EQ(body["output_config"]["format"]["type"], "json_schema");
    EXPECT_EQ(body["output_config"].contains("effort"), effort);
  }
}

TEST(Request, TheStablePartComesFirst) {
  const auto one = request_body(ApiSettings::Provider::kAnthropic,
                                {"m", "rules", "facts one", answer_schema(), 3072, true});
  const auto two = request_body(ApiSettings::Provider::kAnthropic,
                                {"m", "rules", "facts two", answer_schema(), 3072, true});
  const auto messages = one.find("\"messages\"");
  EXPECT_EQ(one.substr(0, messages), two.substr(0, messages));
  EXPECT_GT(messages, one.find("\"system\""));
}

TEST(Request, LongAnswersAreStreamed) {
  const auto body = json::parse(
      request_body(ApiSettings::Provider::kAnthropic, {"m", "r", "f", answer_schema(), 20'000, false}));
  EXPECT_EQ(body["stream"], true);
}

// A4: every object closed, all properties required, none of the words that the API refuses.
void check_schema(const json& schema) {
  for (const char* refused : {"minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern",
                              "minItems", "maxItems", "$ref"})
    EXPECT_FALSE(schema.contains(refused)) << refused;
  if (schema.value("type", "") == "object") {
    EXPECT_EQ(schema["additionalProperties"], false);
    EXPECT_EQ(schema["required"].size(), schema["properties"].size());
    for (const auto& [name, property] : schema["properties"].items()) check_schema(property);
  }
  if (schema.contains("items")) check_schema(schema["items"]);
}
TEST(Schema, KeepsToWhatTheApiTakes) { check_schema(json::parse(answer_schema())); }

TEST(Settings, SayWhyNothingCanBeSent) {
  EXPECT_EQ(unusable_because({}), "no API key");
  EXPECT_EQ(unusable_because({.key = "k"}), "");
  EXPECT_NE(unusable_because({.key = "k", .bearer = "b"}), "");
  EXPECT_EQ(unusable_because({.provider = ApiSettings::Provider::kOpenAi}), "");
}

}  // namespace
}  // namespace sentinel::analyze
