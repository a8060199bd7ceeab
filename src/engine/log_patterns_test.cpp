#include "engine/log_patterns.hpp"

#include <gtest/gtest.h>

namespace sentinel::engine {
namespace {

model::LogEvent line(std::string message, model::Level level = model::Level::kInfo) {
  model::LogEvent event;
  event.service = "pay";
  event.message = std::move(message);
  event.level = level;
  return event;
}

TEST(LogPatterns, LinesThatDifferInNumbersAreOnePatternTheMostFrequentFirst) {
  std::vector<model::LogEvent> events = {line("user logged out")};
  for (int i = 0; i < 5; ++i)
    events.push_back(line("pool exhausted after " + std::to_string(100 + i) + " ms", model::Level::kError));
  const auto patterns = log_patterns(events);
  ASSERT_EQ(patterns.size(), 2U);
  EXPECT_EQ(patterns[0].count, 5U);
  EXPECT_EQ(patterns[0].level, model::Level::kError);
  EXPECT_EQ(patterns[0].services.at("pay"), 5U);
  EXPECT_EQ(patterns[1].text, "user logged out");
}

TEST(LogPatterns, NoLinesNoPatterns) { EXPECT_TRUE(log_patterns({}).empty()); }

}  // namespace
}  // namespace sentinel::engine
