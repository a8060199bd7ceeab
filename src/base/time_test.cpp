#include "base/time.hpp"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

TEST(ParseRfc3339, ReadsWhatShippersWrite) {
  struct Row {
    const char* about;
    const char* text;
    const char* utc;
  };
  const Row rows[] = {
      {"the original's simulator", "2026-02-20T19:20:27.123456+00:00", "2026-02-20T19:20:27.123456Z"},
      {"Z for UTC", "2026-02-20T19:20:27Z", "2026-02-20T19:20:27Z"},
      {"no offset means UTC", "2026-02-20T19:20:27.5", "2026-02-20T19:20:27.500Z"},
      {"a zone west of Greenwich", "2026-02-20T19:20:27-05:30", "2026-02-21T00:50:27Z"},
      {"an offset without colon", "2026-02-20T19:20:27+0100", "2026-02-20T18:20:27Z"},
      {"nanoseconds are cut", "2026-02-20T19:20:27.123456789Z", "2026-02-20T19:20:27.123456Z"},
      {"a blank instead of T", "2026-02-20 19:20:27", "2026-02-20T19:20:27Z"},
      {"a plain date", "2026-02-20", "2026-02-20T00:00:00Z"},
      {"a leap second", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
  };
  for (const Row& row : rows) {
    const auto time = parse_rfc3339(row.text);
    ASSERT_TRUE(time) << row.about;
    EXPECT_EQ(format_rfc3339(*time), row.utc) << row.about;
  }
}

TEST(ParseRfc3339, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-30T00:00:00Z", "2026-02-20T25:00:00Z", "2026-02-20T19:20:27+25:00",
        "2026-02-20T19:20:27Zx", "2026-02-20T19:20:27.Z", "20-02-2026T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(ParseTime, TellsEpochUnitsApartByMagnitude) {
  const Time expected = *parse_rfc3339("2026-02-20T19:20:27Z");
  for (const char* text :
       {"1771615227", "1771615227000", "1771615227000000", "1771615227000000000", "1771615227000.0"}) {
    EXPECT_EQ(parse_time(text), expected) << text;
  }
}

TEST(AlignDown, FloorsBeforeTheEpoch) {
  EXPECT_EQ(micros(align_down(time_from_micros(-1), seconds(60))), -60'000'000);
}

TEST(FormatDuration, NamesAtMostTwoUnits) {
  EXPECT_EQ(format_duration(milliseconds(250)), "250 ms");
  EXPECT_EQ(format_duration(seconds(90)), "90 s");
  EXPECT_EQ(format_duration(seconds(7830)), "2 h 10 min");
  EXPECT_EQ(format_duration(hours(76)), "3 d 4 h");
}

TEST(ParseDuration, ReadsUnitsAndPlainSeconds) {
  EXPECT_EQ(parse_duration("90"), Duration(seconds(90)));
  EXPECT_EQ(parse_duration("1.5h"), Duration(minutes(90)));
  EXPECT_FALSE(parse_duration("5 parsecs"));
}

}  // namespace
}  // namespace sentinel
