#include "telemetry/embedded/text_matcher.hpp"

#include <gtest/gtest.h>

namespace sentinel::telemetry {
namespace {

TEST(TextMatcher, Table) {
  struct Case {
    const char* text;
    std::string_view message;
    bool found;
  };
  const Case cases[] = {
      {"pool", "Connection POOL exhausted", true},
      {"POOL EX", "connection pool exhausted", true},
      {"exhausted", "exhauste", false},
      {"", "anything", true},
      {"a", "", false},
      {"[x]", "{x}", false},  // these differ by the bit that case differs by
      {"\xC3\xA9", "caf\xC3\xA9", true},
      {"\xC3\x89", "caf\xC3\xA9", false},  // other letters keep their case
      {"inside", std::string_view("nul\0inside", 10), true},
  };
  for (const auto& test : cases) EXPECT_EQ(TextMatcher(test.text).in(test.message), test.found) << test.text;
}

TEST(TextMatcher, AShortMessageIsNotSearchedInTheRestOfALongOne) {
  TextMatcher matcher("tail");
  EXPECT_TRUE(matcher.in("a long message with a tail"));
  EXPECT_FALSE(matcher.in("short"));
  EXPECT_FALSE(matcher.in("a long message with a t"));
}

}  // namespace
}  // namespace sentinel::telemetry
