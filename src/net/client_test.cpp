#include "net/client.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace sentinel::net {
namespace {

// Answers in the order given.
class Scripted final : public Transport {
 public:
  std::deque<Result<ClientResponse>> answers;
  int asked = 0;
  Result<ClientResponse> send(const ClientRequest&, std::stop_token) override {
    ++asked;
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
};

Result<ClientResponse> status(int code, std::string retry_after = "") {
  ClientResponse response{.status = code};
  if (!retry_after.empty()) response.headers.add("Retry-After", retry_after);
  return response;
}

class Retrying : public testing::Test {
 protected:
  Result<ClientResponse> run(RetryPolicy policy = {}) {
    const RetryTime time{[this] { return now_; },
                         [this](Duration wait) {
                           waits_.push_back(wait);
                           now_ += wait;
                           return true;
                         }};
    return send_with_retry(transport_, {}, policy, classify_default, rng_, time);
  }
  Scripted transport_;
  Rng rng_{1};
  Time now_{};
  std::vector<Duration> waits_;
};

TEST_F(Retrying, ABusyServerIsAskedAgainAfterTheTimeItNames) {
  transport_.answers = {status(429, "3"), status(200)};
  EXPECT_EQ(run()->status, 200);
  EXPECT_EQ(waits_, std::vector<Duration>{seconds(3)});
}

TEST_F(Retrying, WaitsGrowAndScatter) {
  transport_.answers = {status(503), status(503), status(503), status(200)};
  EXPECT_EQ(run({.max_attempts = 4})->status, 200);
  ASSERT_EQ(waits_.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const double usual = 0.5 * (1 << i);
    EXPECT_GE(seconds_of(waits_[static_cast<std::size_t>(i)]), usual * 0.75);
    EXPECT_LE(seconds_of(waits_[static_cast<std::size_t>(i)]), usual * 1.25);
  }
}

TEST_F(Retrying, WhatIsFinalIsNotAskedAgain) {
  for (const int code : {200, 400, 401, 404, 500}) {
    transport_.answers = {status(code)};
    EXPECT_EQ(run()->status, code);
  }
  EXPECT_TRUE(waits_.empty());
}

TEST_F(Retrying, ItGivesUpInsideItsDeadline) {
  transport_.answers = {status(429, "60")};
  EXPECT_EQ(run({.deadline = seconds(10)})->status, 429);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(Retrying, TransientFailuresAreRetriedOthersNot) {
  transport_.answers = {fail(ErrorKind::kUnavailable, "refused"), status(200)};
  EXPECT_EQ(run()->status, 200);
  transport_.answers = {fail(ErrorKind::kDenied, "bad certificate")};
  EXPECT_FALSE(run());
}

TEST(Curl, ARefusedConnectionNamesTheUrlWithoutItsSecrets) {
  const auto transport = make_curl_transport({});
  const auto answer = transport->send({.url = "http://user:secret@127.0.0.1:1/path?token=hidden"}, {});
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().is_transient());
  EXPECT_NE(answer.error().text().find("127.0.0.1:1/path"), std::string::npos);
  EXPECT_EQ(answer.error().text().find("secret"), std::string::npos);
  EXPECT_EQ(answer.error().text().find("hidden"), std::string::npos);
}

TEST(Curl, AUrlThatIsNoneIsInvalid) {
  EXPECT_EQ(make_curl_transport({})->send({.url = "ftp://x"}, {}).error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace sentinel::net
