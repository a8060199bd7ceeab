#include "notify/hours.hpp"

#include <gtest/gtest.h>

namespace sentinel::notify {
namespace {

Time at(const char* text) { return *parse_rfc3339(text); }

TEST(Hours, AreThoseOfTheWall) {
  struct Row {
    const char* why;
    const char* hours;
    const char* time;
    bool inside;
  };
  for (const Row& row :
       {Row{"a workday morning", "Mon-Fri 08:00-18:00", "2026-02-20T07:00:00Z", true},
        Row{"its end is outside", "Mon-Fri 08:00-18:00", "2026-02-20T17:00:00Z", false},
        Row{"a Saturday", "Mon-Fri 08:00-18:00", "2026-02-21T10:00:00Z", false},
        Row{"a list of days", "Sat,Sun 10:00-14:00", "2026-02-22T09:00:00Z", true},
        Row{"a night before midnight", "Fri 22:00-06:00", "2026-02-20T22:30:00Z", true},
        Row{"the same night after it", "Fri 22:00-06:00", "2026-02-21T04:30:00Z", true},
        Row{"the next night is another day's", "Fri 22:00-06:00", "2026-02-22T01:00:00Z", false},
        Row{"days over the end of the week", "Sat-Mon 00:00-24:00", "2026-02-22T12:00:00Z", true}}) {
    const auto hours = Hours::parse({row.hours}, "Europe/Berlin");
    ASSERT_TRUE(hours) << hours.error().text();
    EXPECT_EQ(hours->contains(at(row.time)), row.inside) << row.why;
  }
}

TEST(Hours, TheNextStretchBeginsOnMonday) {
  const auto hours = Hours::parse({"Mon-Fri 08:00-18:00"}, "UTC");
  ASSERT_TRUE(hours);
  EXPECT_EQ(hours->next(at("2026-02-20T18:00:30Z")), at("2026-02-23T08:00:00Z"));
  EXPECT_EQ(hours->next(at("2026-02-20T09:00:30Z")), at("2026-02-20T09:00:30Z"));
}

TEST(Hours, NoneMeansAlways) { EXPECT_TRUE(Hours().contains(at("2026-02-22T03:00:00Z"))); }

TEST(Hours, SayWhatIsWrong) {
  for (const char* text :
       {"Mon", "Mon 8-18", "Mon-Fri 08:00", "Foo 08:00-18:00", "Mon 08:00-08:00", "* 25:00-26:00"})
    EXPECT_FALSE(Hours::parse({text}, "UTC")) << text;
  EXPECT_FALSE(Hours::parse({}, "Mars/Olympus"));
}

}  // namespace
}  // namespace sentinel::notify
