#include "base/zone.hpp"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

Time at(const char* text) { return *parse_rfc3339(text); }

TEST(Zone, UtcIsAlwaysThereAndHasNoOffset) {
  const auto zone = Zone::named("UTC");
  ASSERT_TRUE(zone);
  EXPECT_EQ((*zone)->offset_at(at("2026-07-01T00:00:00Z")), Duration::zero());
}

TEST(Zone, SummerTimeBeginsAndEndsAtTheSecond) {
  const auto zone = Zone::named("Europe/Berlin");
  ASSERT_TRUE(zone) << zone.error().text();
  EXPECT_EQ((*zone)->offset_at(at("2026-03-29T00:59:59Z")), hours(1));
  EXPECT_EQ((*zone)->offset_at(at("2026-03-29T01:00:00Z")), hours(2));
  EXPECT_EQ((*zone)->offset_at(at("2026-10-25T00:59:59Z")), hours(2));
  EXPECT_EQ((*zone)->offset_at(at("2026-10-25T01:00:00Z")), hours(1));
}

TEST(Zone, TheWallShowsItsOwnDay) {
  const auto zone = Zone::named("Asia/Tokyo");
  ASSERT_TRUE(zone) << zone.error().text();
  const auto wall = (*zone)->wall(at("2026-02-20T23:30:00Z"));  // a Friday
  EXPECT_EQ(wall.day, 21U);
  EXPECT_EQ(wall.weekday, 6U);
  EXPECT_EQ(wall.minute, 8 * 60 + 30);
}

TEST(Zone, ANameThatLeavesTheFolderIsUnknown) {
  EXPECT_EQ(Zone::named("../../etc/passwd").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Zone::named("Europe/Atlantis").error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace sentinel
