#include "detect/source_watch.hpp"

#include <gtest/gtest.h>

namespace sentinel::detect {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-02T12:00:00Z");
Time tick(int n) { return kNoon + n * seconds(30); }

model::Arrival from(const std::string& source, const std::string& service, std::uint64_t docs,
                    Duration lag = seconds(2)) {
  return {.service = service, .slice = kNoon, .docs = docs, .max_lag = lag, .source = source};
}

// Two hosts, each with services of its own, `shared` on both.
class SourceWatchTest : public testing::Test {
 protected:
  void run(int begin, int end, bool a, bool b) {
    for (int n = begin; n < end; ++n) {
      std::vector<model::Arrival> arrivals;
      if (a) {
        arrivals.push_back(from("host-a", "orders", 20));
        arrivals.push_back(from("host-a", "stock", 10));
        arrivals.push_back(from("host-a", "shared", 10));
      }
      if (b) {
        arrivals.push_back(from("host-b", "shared", 10));
        arrivals.push_back(from("host-b", "mail", 10, seconds(40)));
      }
      watch_.take(arrivals, tick(n));
    }
  }
  SourceWatch watch_;
};

TEST_F(SourceWatchTest, AHostThatStopsIsOneGapWithItsServices) {
  run(0, 60, true, true);
  EXPECT_TRUE(watch_.gaps().empty());
  run(60, 66, false, true);
  const auto gaps = watch_.gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps.front().source, "host-a");
  EXPECT_EQ(gaps.front().since, tick(59));
  EXPECT_EQ(gaps.front().services, (std::vector<std::string>{"orders", "shared", "stock"}));
}

TEST_F(SourceWatchTest, OnlyServicesThatNobodyElseCarriesAreUnheard) {
  run(0, 60, true, true);
  run(60, 66, false, true);
  const auto unheard = watch_.unheard();
  EXPECT_TRUE(unheard.contains("orders"));
  EXPECT_TRUE(unheard.contains("stock"));
  EXPECT_FALSE(unheard.contains("shared"));
  EXPECT_FALSE(unheard.contains("mail"));
}

TEST_F(SourceWatchTest, TheGapEndsWithTheNextDocument) {
  run(0, 60, true, true);
  run(60, 90, false, true);
  EXPECT_FALSE(watch_.gaps().empty());
  run(90, 91, true, true);
  EXPECT_TRUE(watch_.gaps().empty());
  EXPECT_TRUE(watch_.unheard().empty());
}

TEST_F(SourceWatchTest, AHostOfOneServiceIsThatService) {
  for (int n = 0; n < 60; ++n) {
    const std::vector<model::Arrival> both = {from("pod-1", "orders", 20), from("pod-2", "stock", 20)};
    watch_.take(both, tick(n));
  }
  for (int n = 60; n < 90; ++n) watch_.take(std::vector<model::Arrival>{from("pod-2", "stock", 20)}, tick(n));
  EXPECT_TRUE(watch_.gaps().empty());
}

TEST_F(SourceWatchTest, AShipperThatSendsEveryTenMinutesIsNoGapBetween) {
  for (int n = 0; n < 400; ++n) {
    std::vector<model::Arrival> arrivals = {from("host-b", "mail", 10)};
    if (n % 20 == 0) {
      arrivals.push_back(from("batch", "orders", 400));
      arrivals.push_back(from("batch", "stock", 400));
    }
    watch_.take(arrivals, tick(n));
    if (n > 60) {
      EXPECT_TRUE(watch_.gaps().empty()) << "tick " << n;
    }
  }
}

TEST_F(SourceWatchTest, TimeInWhichTheStoreWasAwayIsNobodysSilence) {
  run(0, 60, true, true);
  watch_.take({}, tick(60 + 40));
  EXPECT_TRUE(watch_.gaps().empty());
}

TEST_F(SourceWatchTest, TheMeasuredLagIsShownPerSource) {
  run(0, 60, true, true);
  const auto sources = watch_.sources();
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].source, "host-a");
  EXPECT_EQ(sources[0].lag, seconds(2));
  EXPECT_EQ(sources[1].lag, seconds(40));
  EXPECT_NEAR(sources[0].docs_per_minute, 80, 1);
}

}  // namespace
}  // namespace sentinel::detect
