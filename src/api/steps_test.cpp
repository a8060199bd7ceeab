#include "api/steps.hpp"

#include <gtest/gtest.h>

namespace sentinel::api {
namespace {

TEST(StepFor, IsTheShortestThatGivesFewEnoughPoints) {
  struct Case {
    Duration range;
    std::size_t most;
    Duration step;
  };
  const Case cases[] = {
      {hours(1), 400, minutes(1)},    {hours(24), 400, minutes(4)},    {hours(24), 1440, minutes(1)},
      {hours(168), 400, minutes(30)}, {hours(24 * 90), 400, hours(6)}, {seconds(1), 400, minutes(1)},
  };
  for (const auto& test : cases) {
    const model::TimeRange range{Time{}, Time{} + test.range};
    EXPECT_EQ(step_for(range, minutes(1), test.most), test.step) << format_duration(test.range);
  }
}

TEST(StepFor, IsAMultipleOfTheSlice) {
  EXPECT_EQ(step_for({Time{}, Time{} + hours(1)}, minutes(5), 400), minutes(5));
}

TEST(StoreStep, DividesAnHourAndTheStep) {
  EXPECT_EQ(store_step(minutes(4)), minutes(4));
  EXPECT_EQ(store_step(minutes(7)), minutes(1));
  EXPECT_EQ(store_step(hours(6)), hours(1));
  EXPECT_EQ(store_step(minutes(90)), minutes(30));
}

}  // namespace
}  // namespace sentinel::api
