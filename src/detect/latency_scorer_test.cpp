#include "detect/latency_scorer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/rng.hpp"

namespace sentinel::detect {
namespace {

struct Traffic {
  double requests = 60;   // per minute
  double factor = 1;      // of every request
  double slow_share = 0;  // part of the requests that take ten times as long
};

model::LatencyHistogram draw(Rng& rng, const Traffic& t) {
  model::LatencyHistogram out;
  for (auto n = rng.poisson(t.requests); n > 0; --n)
    out.add_ms(100 * t.factor * std::exp(0.5 * rng.normal()) * (rng.chance(t.slow_share) ? 10 : 1));
  return out;
}

// Feeds minutes [from, to); returns the score of the worst slice.
LatencyScore feed(LatencyScorer& scorer, Rng& rng, int from, int to,
                  const std::function<Traffic(int)>& traffic) {
  LatencyScore worst;
  for (int m = from; m < to; ++m) {
    const auto histogram = draw(rng, traffic(m));
    const LatencyScore score = scorer.close({&histogram, true});
    if (score.z > worst.z) worst = score;
  }
  return worst;
}

const auto kNormal = [](int) { return Traffic{}; };

TEST(LatencyScorer, SteadyTrafficIsQuiet) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(1);
  EXPECT_LT(feed(scorer, rng, 0, 24 * 60, kNormal).z, 2);
}

TEST(LatencyScorer, MoreTrafficIsNoAlert) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(2);
  feed(scorer, rng, 0, 300, kNormal);
  EXPECT_LT(feed(scorer, rng, 300, 360, [](int) { return Traffic{.requests = 600}; }).z, 2);
}

TEST(LatencyScorer, DoubledLatencyPages) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(3);
  feed(scorer, rng, 0, 300, kNormal);
  const LatencyScore worst = feed(scorer, rng, 300, 310, [](int) { return Traffic{.factor = 2}; });
  EXPECT_GE(worst.z, 3.5);
  const HorizonScore& h = worst.horizons[static_cast<std::size_t>(worst.best)];
  EXPECT_NEAR(h.value / h.base_value, 2, 0.4);
}

TEST(LatencyScorer, AFewVerySlowRequestsAreFound) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(4);
  feed(scorer, rng, 0, 300, kNormal);
  EXPECT_GE(feed(scorer, rng, 300, 315, [](int) { return Traffic{.slow_share = 0.05}; }).z, 3.5);
}

TEST(LatencyScorer, WhenMostRequestsAreSlowTheNewestMinutesSaySoFirst) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(9);
  feed(scorer, rng, 0, 300, kNormal);
  const auto slow = draw(rng, Traffic{.factor = 2});
  const LatencyScore score = scorer.close({&slow, true});
  const HorizonScore& newest = score.horizons.back();
  ASSERT_EQ(newest.minutes, 3);
  EXPECT_GE(newest.raw, score.horizons[2 * kP90].raw + 0.5);
  EXPECT_GE(newest.z, 2);
}

TEST(LatencyScorer, ASmallChangeIsHeldLowHoweverCertain) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(5);
  feed(scorer, rng, 0, 300, [](int) { return Traffic{.requests = 3000}; });
  const auto worst =
      feed(scorer, rng, 300, 330, [](int) { return Traffic{.requests = 3000, .factor = 1.1}; });
  EXPECT_LT(worst.z, 2);
}

TEST(LatencyScorer, LimitsComeFromTheBaselineAndNotFromTheIncident) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(6);
  feed(scorer, rng, 0, 300, kNormal);
  feed(scorer, rng, 300, 308, [](int) { return Traffic{.factor = 3}; });
  ASSERT_TRUE(scorer.incident_open());
  for (int m = 308; m < 400; ++m) {
    const auto histogram = draw(rng, {.factor = 3});
    EXPECT_GE(scorer.close({&histogram, true}).z, 3.5) << m;
  }
  feed(scorer, rng, 400, 420, kNormal);
  EXPECT_FALSE(scorer.incident_open());
}

TEST(LatencyScorer, APermanentChangeIsTheNewNormalAfterFourHours) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(7);
  const auto slow = [](int) { return Traffic{.factor = 2}; };
  feed(scorer, rng, 0, 600, kNormal);
  feed(scorer, rng, 600, 860, slow);
  EXPECT_FALSE(scorer.incident_open());
  EXPECT_LT(feed(scorer, rng, 860, 1000, slow).z, 2);
}

TEST(LatencyScorer, TooLittleTrafficIsNotJudged) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(8);
  feed(scorer, rng, 0, 300, [](int) { return Traffic{.requests = 0.2}; });
  model::LatencyHistogram one;
  one.add_ms(5000);
  for (const HorizonScore& h : scorer.close({&one, true}).horizons) EXPECT_FALSE(h.scored);
}

TEST(LatencyScorer, AWindowIsEasingOnceTheNewestMinutesAreOrdinary) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(5);
  feed(scorer, rng, 0, 300, kNormal);
  const auto slow = [](int) { return Traffic{.factor = 3}; };
  feed(scorer, rng, 300, 309, slow);
  const auto last_slow = draw(rng, slow(0));
  const LatencyScore during = scorer.close({&last_slow, true});
  EXPECT_FALSE(during.horizons[static_cast<std::size_t>(during.best)].easing);
  feed(scorer, rng, 310, 312, kNormal);
  const auto ordinary = draw(rng, Traffic{});
  const LatencyScore after = scorer.close({&ordinary, true});
  ASSERT_GE(after.z, 2);
  EXPECT_TRUE(after.horizons[static_cast<std::size_t>(after.best)].easing);
}

TEST(LatencyScorer, TooFewRequestsNeverLookRecovered) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(6);
  const auto few = [](int) { return Traffic{.requests = 0.6}; };
  feed(scorer, rng, 0, 600, few);
  feed(scorer, rng, 600, 620, [](int) { return Traffic{.requests = 0.6, .factor = 30}; });
  feed(scorer, rng, 620, 622, few);
  const auto ordinary = draw(rng, Traffic{.requests = 0.6});
  const LatencyScore after = scorer.close({&ordinary, true});
  EXPECT_FALSE(after.horizons[kP90].easing);
}

TEST(LatencyScorer, PreviewOfTheWholeSliceEqualsItsClose) {
  LatencyScorer scorer(Grid{60}, 0);
  Rng rng(9);
  for (int m = 0; m < 400; ++m) {
    const auto histogram = draw(rng, {.factor = m > 330 ? 1.7 : 1});

    const std::array<LatencySlice, 1> open = {LatencySlice{&histogram, true}};
    const LatencyScore before = scorer.preview(open);
    const LatencyScore closed = scorer.close(open[0]);
    EXPECT_EQ(before.z, closed.z) << m;
  }
}

TEST(LatencySlices, PackedBinsComeBackFromTheTop) {
  LatencySlices slices;
  Rng rng(10);
  std::vector<model::LatencyHistogram> made;
  for (int s = 0; s < 20; ++s) {
    made.push_back(draw(rng, {.requests = s % 3 == 0 ? 0.0 : 300.0, .slow_share = 0.1}));
    slices.push(s, made.back(), true);
  }
  slices.retain([](const auto& entry) { return entry.slice % 4 != 1; });
  for (int s = 0; s < 20; ++s) {
    model::LatencyHistogram back;
    each_from_top(slices.packed(s), [&](int bin, std::uint64_t n) {
      back.add(bin, static_cast<std::uint32_t>(n));
      return true;
    });
    EXPECT_EQ(back, s % 4 == 1 ? model::LatencyHistogram{} : made[static_cast<std::size_t>(s)]) << s;
  }
}

}  // namespace
}  // namespace sentinel::detect
