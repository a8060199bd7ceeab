#include "base/text.hpp"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

TEST(Glob, StarsAndQuestionMarksCoverTheWholeText) {
  EXPECT_TRUE(glob_match("app-metrics-*", "app-metrics-2026"));
  EXPECT_TRUE(glob_match("a*b*c", "axxbyyc"));
  EXPECT_TRUE(glob_match("?b", "ab"));
  EXPECT_FALSE(glob_match("a*b", "abc"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_TRUE(glob_match("*", ""));
}

TEST(Utf8, InvalidBytesBecomeReplacementCharacters) {
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(to_valid_utf8("\xC3\xA9"), "\xC3\xA9");
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));  // a lone surrogate
  EXPECT_FALSE(is_valid_utf8("\xC0\xAF"));      // an overlong slash
}

TEST(Utf8, PrefixNeverCutsACodePoint) { EXPECT_EQ(utf8_prefix("a\xC3\xA9", 2), "a"); }

TEST(OneLine, HidesNoEscapesAndNoBidiMarks) {
  EXPECT_EQ(one_line("a\n\tb\x1B[31mc\xE2\x80\xAE"), "a b[31mc");
  EXPECT_EQ(one_line("abcdefgh", 6), "abc...");
}

TEST(Nearest, FindsTheKeyThatWasMeant) {
  const std::vector<std::string> keys = {"thresholds", "min_data_points", "method"};
  EXPECT_EQ(nearest("tresholds", keys), "thresholds");
  EXPECT_FALSE(nearest("colour_of_the_sky", keys));
}

TEST(GroupDigits, SeparatesThousands) {
  EXPECT_EQ(group_digits(1234567), "1,234,567");
  EXPECT_EQ(group_digits(-1000), "-1,000");
  EXPECT_EQ(group_digits(999), "999");
}

}  // namespace
}  // namespace sentinel
