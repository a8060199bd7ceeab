#include "model/recurrence.hpp"

#include <gtest/gtest.h>

namespace sentinel::model {
namespace {

Time at(const char* text) { return *parse_rfc3339(text); }

TEST(CronRule, SaysWhatIsWrong) {
  struct Row {
    const char* rule;
    const char* told;
  };
  for (const Row& row : {Row{"0 2 * *", "five"}, Row{"60 2 * * *", "minute"}, Row{"0 24 * * *", "hour"},
                         Row{"0 2 0 * *", "day of month"}, Row{"0 2 * FOO *", "month"},
                         Row{"0 2 * * MON-", "day of week"}, Row{"*/0 * * * *", "minute"}}) {
    const auto rule = CronRule::parse(row.rule);
    ASSERT_FALSE(rule) << row.rule;
    EXPECT_NE(rule.error().text().find(row.told), std::string::npos) << rule.error().text();
  }
}

TEST(CronRule, MatchesAsCronDoes) {
  struct Row {
    const char* why;
    const char* rule;
    const char* time;
    bool matches;
  };
  const auto utc = *Zone::named("UTC");
  for (const Row& row :
       {Row{"a Sunday by name", "0 2 * * SUN", "2026-02-22T02:00:00Z", true},
        Row{"7 is Sunday too", "0 2 * * 7", "2026-02-22T02:00:00Z", true},
        Row{"a Saturday is no Sunday", "0 2 * * SUN", "2026-02-21T02:00:00Z", false},
        Row{"every quarter of an hour", "*/15 * * * *", "2026-02-21T02:45:00Z", true},
        Row{"workdays", "0 9 * * MON-FRI", "2026-02-21T09:00:00Z", false},
        Row{"either day when both are restricted", "0 0 1 * MON", "2026-02-23T00:00:00Z", true},
        Row{"both days when one is a star", "0 0 1 * *", "2026-02-23T00:00:00Z", false},
        Row{"a list of months", "0 0 1 JAN,MAR *", "2026-03-01T00:00:00Z", true}}) {
    const auto rule = CronRule::parse(row.rule);
    ASSERT_TRUE(rule) << row.rule;
    EXPECT_EQ(rule->matches(utc->wall(at(row.time))), row.matches) << row.why;
  }
}

TEST(Recurrence, AWindowStaysAtItsWallTimeThroughSummerTime) {
  const Recurrence nightly{"0 2 * * *", hours(1), "Europe/Berlin"};
  EXPECT_EQ(window_end(nightly, at("2026-02-20T01:30:00Z")), at("2026-02-20T02:00:00Z"));
  EXPECT_EQ(window_end(nightly, at("2026-07-20T00:30:00Z")), at("2026-07-20T01:00:00Z"));
  EXPECT_EQ(window_end(nightly, at("2026-07-20T01:00:00Z")), std::nullopt);
}

TEST(Recurrence, TheWholeWindowIsInIt) {
  const Recurrence weekend{"0 22 * * FRI", hours(56), "UTC"};
  EXPECT_EQ(window_end(weekend, at("2026-02-22T23:00:00Z")), at("2026-02-23T06:00:00Z"));
  EXPECT_EQ(window_end(weekend, at("2026-02-23T06:00:00Z")), std::nullopt);
}

}  // namespace
}  // namespace sentinel::model
