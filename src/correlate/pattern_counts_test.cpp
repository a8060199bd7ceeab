#include "correlate/pattern_counts.hpp"

#include <gtest/gtest.h>

namespace sentinel::correlate {
namespace {

using model::Level;
using Change = model::Pattern::Change;

PatternCounts counts(const std::string& id, int count, Level level = Level::kInfo,
                     std::string service = "cart") {
  PatternCounts result;
  model::LogEvent event;
  event.service = std::move(service);
  event.message = "hello";
  event.level = level;
  for (int i = 0; i < count; ++i) {
    event.time = time_from_micros(1000 + i);
    result.add(id, event);
  }
  return result;
}

TEST(PatternCounts, ChangesAreJudgedAgainstTheLengthOfTheBaseline) {
  struct Row {
    const char* sentence;
    int count;
    int before;
    double windows;
    Level level;
    Change change;
  };
  const Row rows[] = {
      {"an error never seen before is new at once", 1, 0, 12, Level::kError, Change::kNew},
      {"one info line never seen before is chance", 1, 0, 12, Level::kInfo, Change::kSteady},
      {"two of them are new", 2, 0, 12, Level::kInfo, Change::kNew},
      {"without a baseline nothing is new", 9, 0, 0, Level::kError, Change::kSteady},
      {"as often as before is steady", 10, 120, 12, Level::kError, Change::kSteady},
      {"a third more is steady", 13, 120, 12, Level::kInfo, Change::kSteady},
      {"four times as often is more", 40, 120, 12, Level::kInfo, Change::kMore},
      {"a quarter is less", 10, 480, 12, Level::kInfo, Change::kLess},
      {"a usual line that is missing is gone", 0, 120, 12, Level::kInfo, Change::kGone},
      {"a rare line that is missing is chance", 0, 12, 12, Level::kInfo, Change::kSteady},
  };
  for (const auto& row : rows) {
    const auto patterns =
        compare(counts("p", row.count, row.level), counts("p", row.before, row.level), row.windows);
    ASSERT_EQ(patterns.size(), 1U) << row.sentence;
    EXPECT_EQ(patterns[0].change, row.change) << row.sentence;
  }
}

TEST(PatternCounts, AGonePatternNamesTheServicesThatUsedToWriteIt) {
  const auto patterns = compare({}, counts("p", 120), 12);
  ASSERT_EQ(patterns.size(), 1U);
  EXPECT_EQ(patterns[0].services.at("cart"), 0U);
  EXPECT_DOUBLE_EQ(patterns[0].baseline_per_window, 10);
}

TEST(PatternCounts, AddingStretchesIsCountingThemTogether) {
  PatternCounts sum = counts("p", 2);
  sum.add(counts("p", 3, Level::kError, "order"));
  const auto& entry = sum.entries().at("p");
  EXPECT_EQ(entry.count, 5U);
  EXPECT_EQ(entry.level, Level::kError);
  EXPECT_EQ(entry.services.at("order"), 3U);
  EXPECT_EQ(entry.last_seen, time_from_micros(1002));
}

TEST(PatternCounts, SurpriseIsSignedAndZeroWhenNothingChanged) {
  EXPECT_DOUBLE_EQ(surprise(10, 120, 12), 0);
  EXPECT_GT(surprise(20, 120, 12), 2);
  EXPECT_LT(surprise(2, 120, 12), -2);
  EXPECT_DOUBLE_EQ(surprise(0, 0, 12), 0);
}

}  // namespace
}  // namespace sentinel::correlate
