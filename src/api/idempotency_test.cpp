#include "api/idempotency.hpp"

#include <gtest/gtest.h>

#include "state/memory/memory_state.hpp"

namespace sentinel::api {
namespace {

const Time kNow = time_from_micros(1'771'614'000'000'000);

net::Request post(const char* key, std::string_view body = "{}") {
  net::Request request;
  request.method = "POST";
  request.path = "/api/incidents/1/comment";
  request.body = body;
  if (key != nullptr) request.headers.add("Idempotency-Key", key);
  return request;
}

class IdempotencyTest : public testing::Test {
 protected:
  net::Response run(const net::Request& request, Time now = kNow, const char* user = "ann") {
    return idempotency_.run(request, user, now, [this] {
      ++writes_;
      return net::Response::text(status_, std::to_string(writes_));
    });
  }
  state::MemoryState state_;
  NullLogger quiet_;
  Idempotency idempotency_{state_, Log(quiet_, "api")};
  int writes_ = 0;
  int status_ = 200;
};

TEST_F(IdempotencyTest, TheSameRequestGetsTheFirstAnswerAgain) {
  EXPECT_EQ(run(post("a")).body, "1");
  const auto again = run(post("a"));
  EXPECT_EQ(again.body, "1");
  EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
  EXPECT_EQ(writes_, 1);
}

TEST_F(IdempotencyTest, WithoutAKeyEachRequestIsAWrite) {
  run(post(nullptr));
  run(post(nullptr));
  EXPECT_EQ(writes_, 2);
}

TEST_F(IdempotencyTest, AnotherRequestWithTheKeyIsRefused) {
  run(post("a"));
  EXPECT_EQ(run(post("a", R"({"text":"other"})")).status, 422);
  EXPECT_EQ(writes_, 1);
}

TEST_F(IdempotencyTest, KeysBelongToTheirUser) {
  run(post("a"));
  run(post("a"), kNow, "bob");
  EXPECT_EQ(writes_, 2);
}

TEST_F(IdempotencyTest, AFailureThatMayHealIsNotKept) {
  status_ = 503;
  run(post("a"));
  status_ = 200;
  EXPECT_EQ(run(post("a")).status, 200);
  EXPECT_EQ(writes_, 2);
}

TEST_F(IdempotencyTest, ARefusalIsKept) {
  status_ = 404;
  run(post("a"));
  status_ = 200;
  EXPECT_EQ(run(post("a")).status, 404);
}

TEST_F(IdempotencyTest, AfterADayAKeyIsFresh) {
  run(post("a"));
  run(post("a"), kNow + hours(25));
  EXPECT_EQ(writes_, 2);
}

TEST_F(IdempotencyTest, AKeyWhoseRequestStillRunsIsRefused) {
  const auto outer = idempotency_.run(post("a"), "ann", kNow, [this] { return run(post("a")); });
  EXPECT_EQ(outer.status, 409);
  EXPECT_EQ(writes_, 0);
}

TEST_F(IdempotencyTest, AKeyHasAtMostTwoHundredCharacters) {
  EXPECT_EQ(run(post(std::string(201, 'k').c_str())).status, 400);
  EXPECT_EQ(run(post("")).status, 400);
  EXPECT_EQ(writes_, 0);
}

TEST_F(IdempotencyTest, AnAnswerOutlivesARestart) {
  run(post("a"));
  Idempotency restarted(state_, Log(quiet_, "api"));
  const auto again =
      restarted.run(post("a"), "ann", kNow + minutes(5), [] { return net::Response::text(500, ""); });
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, "1");
  EXPECT_EQ(again.headers.get("Content-Type"), run(post("b")).headers.get("Content-Type"));
}

TEST_F(IdempotencyTest, WhatACrashCutOffIsNotDoneAgain) {
  EXPECT_THROW((void)idempotency_.run(post("a"), "ann", kNow, []() -> net::Response { throw 1; }), int);
  Idempotency restarted(state_, Log(quiet_, "api"));
  const auto again = restarted.run(post("a"), "ann", kNow, [this] {
    ++writes_;
    return net::Response::text(200, "");
  });
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(writes_, 0);
}

}  // namespace
}  // namespace sentinel::api
