#include "detect/incident_state.hpp"

#include <gtest/gtest.h>

namespace sentinel::detect {
namespace {

constexpr Grid kGrid{60};

TEST(IncidentState, OpensAtP4) {
  IncidentState state;
  EXPECT_EQ(state.advance(0, 1.99, false, kGrid), Turn::kNone);
  EXPECT_EQ(state.advance(1, 2.0, false, kGrid), Turn::kOpened);
  EXPECT_TRUE(state.is_open());
}

TEST(IncidentState, ClosesAfterFiveCalmMinutesInARow) {
  IncidentState state;
  state.advance(0, 3, false, kGrid);
  for (int m = 1; m <= 4; ++m) EXPECT_EQ(state.advance(m, 0, true, kGrid), Turn::kNone);
  EXPECT_EQ(state.advance(5, 1, false, kGrid), Turn::kNone) << "one unrest starts the count anew";
  for (int m = 6; m <= 9; ++m) EXPECT_EQ(state.advance(m, 0, true, kGrid), Turn::kNone);
  EXPECT_EQ(state.advance(10, 0, true, kGrid), Turn::kClosed);
  EXPECT_FALSE(state.is_open());
}

TEST(IncidentState, AWeakOneThawsAfterHalfAnHourAndASevereOneDoesNot) {
  IncidentState weak;
  IncidentState severe;
  weak.advance(0, 3.4, false, kGrid);
  severe.advance(0, 3.5, false, kGrid);
  EXPECT_FALSE(weak.is_thawed(30, kGrid));
  EXPECT_TRUE(weak.is_thawed(31, kGrid));
  EXPECT_FALSE(severe.is_thawed(31, kGrid));
}

TEST(IncidentState, TeachesForItsFirstTenMinutesOnly) {
  IncidentState state;
  EXPECT_TRUE(state.may_learn(0, kGrid));
  state.advance(0, 3, false, kGrid);
  EXPECT_TRUE(state.may_learn(9, kGrid));
  EXPECT_FALSE(state.may_learn(10, kGrid));
}

TEST(IncidentState, IsTheNewNormalAfterFourHours) {
  IncidentState state;
  state.advance(0, 9, false, kGrid);
  for (int m = 1; m <= 240; ++m) EXPECT_EQ(state.advance(m, 9, false, kGrid), Turn::kNone) << m;
  EXPECT_EQ(state.advance(241, 9, false, kGrid), Turn::kRelearned);
  EXPECT_FALSE(state.is_open());
}

}  // namespace
}  // namespace sentinel::detect
