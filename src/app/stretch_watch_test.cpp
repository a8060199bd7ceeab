#include "app/stretch_watch.hpp"

#include <gtest/gtest.h>

namespace sentinel::app {
namespace {

using News = StretchWatch::News;
const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

TEST(StretchWatch, IsToldOnceWhenItHasLasted) {
  StretchWatch watch;
  EXPECT_EQ(watch.look(kNoon, kNoon + minutes(4), minutes(5)), News::kNone);
  EXPECT_EQ(watch.look(kNoon, kNoon + minutes(5), minutes(5)), News::kBegan);
  EXPECT_EQ(watch.look(kNoon, kNoon + minutes(6), minutes(5)), News::kNone);
}

TEST(StretchWatch, ItsEndIsToldWithItsBeginning) {
  StretchWatch watch;
  (void)watch.look(kNoon, kNoon + minutes(5), minutes(5));
  EXPECT_EQ(watch.look(std::nullopt, kNoon + minutes(9), minutes(5)), News::kOver);
  EXPECT_EQ(watch.began(), kNoon);
  EXPECT_EQ(watch.look(std::nullopt, kNoon + minutes(10), minutes(5)), News::kNone);
}

TEST(StretchWatch, AShortOneIsNotTold) {
  StretchWatch watch;
  (void)watch.look(kNoon, kNoon + minutes(1), minutes(5));
  EXPECT_EQ(watch.look(std::nullopt, kNoon + minutes(2), minutes(5)), News::kNone);
}

TEST(StretchWatch, TheNextOneIsToldAgain) {
  StretchWatch watch;
  (void)watch.look(kNoon, kNoon + minutes(5), minutes(5));
  (void)watch.look(std::nullopt, kNoon + minutes(6), minutes(5));
  EXPECT_EQ(watch.look(kNoon + minutes(7), kNoon + minutes(12), minutes(5)), News::kBegan);
}

}  // namespace
}  // namespace sentinel::app
