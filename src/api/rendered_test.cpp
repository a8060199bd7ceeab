#include "api/rendered.hpp"

#include <gtest/gtest.h>

namespace sentinel::api {
namespace {

class RenderedAnswersTest : public testing::Test {
 protected:
  std::string get(RenderedAnswers::Shows shows) {
    net::Request request;
    request.path = shows == RenderedAnswers::Shows::kTicks ? "/api/services" : "/api/incidents";
    return answers_
        .answer(request, shows, [this] { return Result<std::string>(std::to_string(++rendered_)); })
        .body;
  }
  RenderedAnswers answers_;
  int rendered_ = 0;
};
using Shows = RenderedAnswers::Shows;

TEST_F(RenderedAnswersTest, ACommitIsInTheNextAnswer) {
  EXPECT_EQ(get(Shows::kCommits), "1");
  answers_.changed();
  EXPECT_EQ(get(Shows::kCommits), "2");
}

TEST_F(RenderedAnswersTest, ATickIsInTheNextAnswerThatShowsTicks) {
  EXPECT_EQ(get(Shows::kTicks), "1");
  answers_.ticked();
  EXPECT_EQ(get(Shows::kTicks), "2");
}

TEST_F(RenderedAnswersTest, AFailureIsNotKept) {
  net::Request request;
  const auto failing = [] { return Result<std::string>(fail(ErrorKind::kUnavailable, "busy")); };
  EXPECT_EQ(answers_.answer(request, Shows::kCommits, failing).status, 503);
  const auto fine = [] { return Result<std::string>("{}"); };
  EXPECT_EQ(answers_.answer(request, Shows::kCommits, fine).body, "{}");
}

}  // namespace
}  // namespace sentinel::api
