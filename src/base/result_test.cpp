#include "base/result.hpp"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

Result<int> broken() { return fail(ErrorKind::kTimeout, "no answer in 2 s"); }
Result<int> caller() {
  SENTINEL_ASSIGN(const int value, broken());
  return value + 1;
}

TEST(Result, TextNamesTheOutermostContextFirst) {
  Error error = std::move(*[] { return std::make_unique<Error>(broken().error()); }()).in("asking node a");
  EXPECT_EQ(error.text(), "asking node a: no answer in 2 s");
}

TEST(Result, ContextKeepsTheKind) { EXPECT_TRUE(Error(broken().error()).in("asking").is_transient()); }

TEST(Result, AssignReturnsTheErrorOfItsExpression) {
  EXPECT_EQ(caller().error().message, "no answer in 2 s");
}

TEST(Result, InvalidInputIsNotTransient) {
  EXPECT_FALSE((Error{ErrorKind::kInvalid, "x", nullptr}.is_transient()));
}

}  // namespace
}  // namespace sentinel
