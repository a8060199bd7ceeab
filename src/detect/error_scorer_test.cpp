#include "detect/error_scorer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/rng.hpp"

#include "detect/test_vectors.hpp"
#include "model/severity.hpp"

namespace sentinel::detect {
namespace {

std::string severity_text(double z) {
  const auto severity = model::Thresholds{}.severity_of(z);
  return severity ? std::string(model::to_string(*severity)) : "none";
}

// The series are 30-s slices; pairs make 60 s.
TEST(ErrorScorer, SeverityAgreesWithTheGuideSeries) {
  int checked = 0;
  const auto vectors = read_vectors("c_error_series");
  for (const auto& series : vectors["series"]) {
    std::vector<double> z;
    std::unique_ptr<ErrorScorer> scorer;
    for (std::size_t i = 0; i + 1 < series["n"].size(); i += 2) {
      const ErrorSlice slice{series["n"][i].get<std::uint64_t>() + series["n"][i + 1].get<std::uint64_t>(),
                             series["e"][i].get<std::uint64_t>() + series["e"][i + 1].get<std::uint64_t>()};
      if (!scorer && slice.docs > 0)
        scorer = std::make_unique<ErrorScorer>(Grid{60}, static_cast<std::int64_t>(i / 2));
      z.push_back(scorer ? scorer->close(slice).z : kNoScore);
    }
    for (const auto& expect : series["expect"]) {
      const double got = z[expect["at"].get<std::size_t>() / 2];
      if (!expect["must"]) continue;
      ++checked;
      EXPECT_EQ(severity_text(got), expect["severity"])
          << series["name"] << " at " << expect["at"] << ": " << got;
    }
  }
  EXPECT_GT(checked, 80);
}

// Feeds minutes [from, to); returns the largest score seen.
double feed(ErrorScorer& scorer, int from, int to, const std::function<ErrorSlice(int)>& slice) {
  double worst = kNoScore;
  for (int m = from; m < to; ++m) worst = std::max(worst, scorer.close(slice(m)).z);
  return worst;
}

ErrorSlice poisson(Rng& rng, double docs, double errors) {
  const auto e = static_cast<std::uint64_t>(rng.poisson(errors));
  return {static_cast<std::uint64_t>(rng.poisson(docs)) + e, e};
}

TEST(ErrorScorer, MoreTrafficAtTheSameRatioIsNoAlert) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(1);
  const double worst = feed(scorer, 0, 300, [&](int m) {
    const double factor = m >= 200 ? 10 : 1;
    return poisson(rng, 400 * factor, 4 * factor);
  });
  EXPECT_LT(worst, 2);
}

TEST(ErrorScorer, OneBurstIsNoAlert) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(2);
  const double worst = feed(scorer, 0, 300, [&](int m) {
    ErrorSlice s = poisson(rng, 80, 0.4);
    if (m == 200) s.errors += 25;
    return s;
  });
  EXPECT_LT(worst, 2);
}

TEST(ErrorScorer, AllZeroBaselineFindsThreeErrorsPerFiveMinutes) {
  ErrorScorer scorer(Grid{60}, 0);
  EXPECT_LT(feed(scorer, 0, 24 * 60, [](int) { return ErrorSlice{60, 0}; }), 2);
  Rng rng(3);
  EXPECT_GE(feed(scorer, 24 * 60, 24 * 60 + 15, [&](int) { return poisson(rng, 60, 0.6); }), 2);
}

TEST(ErrorScorer, LogsOfErrorsAloneAreMeasuredAgainstTime) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(4);
  const auto only_errors = [&rng](double mean) {
    const auto e = static_cast<std::uint64_t>(rng.poisson(mean));
    return ErrorSlice{e, e};
  };
  EXPECT_LT(feed(scorer, 0, 300, [&](int) { return only_errors(3); }), 2);
  EXPECT_GE(feed(scorer, 300, 310, [&](int) { return only_errors(15); }), 3.5);
}

TEST(ErrorScorer, AnIncidentNeverBecomesItsOwnBaseline) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(5);
  feed(scorer, 0, 300, [&](int) { return poisson(rng, 400, 4); });
  feed(scorer, 300, 310, [&](int) { return poisson(rng, 400, 40); });
  ASSERT_TRUE(scorer.incident_open());
  for (int m = 310; m < 420; ++m) EXPECT_GE(scorer.close(poisson(rng, 400, 40)).z, 5) << m;
  feed(scorer, 420, 432, [&](int) { return poisson(rng, 400, 4); });
  EXPECT_FALSE(scorer.incident_open());
}

TEST(ErrorScorer, ASecondIncidentFortyMinutesLaterIsFound) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(6);
  feed(scorer, 0, 300, [&](int) { return poisson(rng, 400, 4); });
  feed(scorer, 300, 330, [&](int) { return poisson(rng, 400, 40); });
  feed(scorer, 330, 340, [&](int) { return poisson(rng, 400, 4); });
  EXPECT_LT(feed(scorer, 340, 370, [&](int) { return poisson(rng, 400, 4); }), 2);
  EXPECT_GE(feed(scorer, 370, 385, [&](int) { return poisson(rng, 400, 12); }), 3.5);
}

TEST(ErrorScorer, APermanentChangeIsTheNewNormalAfterFourHours) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(7);
  feed(scorer, 0, 600, [&](int) { return poisson(rng, 400, 4); });
  EXPECT_GE(feed(scorer, 600, 620, [&](int) { return poisson(rng, 400, 16); }), 3.5);
  feed(scorer, 620, 860, [&](int) { return poisson(rng, 400, 16); });
  EXPECT_FALSE(scorer.incident_open());
  EXPECT_LT(feed(scorer, 860, 1000, [&](int) { return poisson(rng, 400, 16); }), 2);
}

TEST(ErrorScorer, ANewServiceIsJudgedAfterTwentyMinutes) {
  ErrorScorer scorer(Grid{60}, 500);
  for (int m = 0; m < 19; ++m) EXPECT_FALSE(scorer.close({100, 1}).horizons[0].scored) << m;
  EXPECT_TRUE(scorer.close({100, 1}).horizons[0].scored);
  for (int m = 20; m < 34; ++m) EXPECT_FALSE(scorer.close({100, 1}).horizons[1].scored) << m;
  EXPECT_TRUE(scorer.close({100, 1}).horizons[1].scored);
  for (int m = 35; m < 134; ++m) EXPECT_FALSE(scorer.close({100, 1}).horizons[2].scored) << m;
  EXPECT_TRUE(scorer.close({100, 1}).horizons[2].scored);
}

TEST(ErrorScorer, UnknownSlicesAreNotZeros) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(8);
  feed(scorer, 0, 300, [&](int) { return poisson(rng, 400, 20); });
  feed(scorer, 300, 360, [](int) { return ErrorSlice{0, 0, false}; });
  EXPECT_LT(feed(scorer, 360, 480, [&](int) { return poisson(rng, 400, 20); }), 2);
  const HorizonScore h = scorer.close(poisson(rng, 400, 20)).horizons[0];
  EXPECT_NEAR(h.expected, 100, 15);
}

TEST(ErrorScorer, AWindowThatIsMostlyUnknownHasNoScore) {
  ErrorScorer scorer(Grid{60}, 0);
  feed(scorer, 0, 300, [](int) { return ErrorSlice{100, 1}; });
  feed(scorer, 300, 303, [](int) { return ErrorSlice{0, 0, false}; });
  EXPECT_FALSE(scorer.close({100, 50}).horizons[0].scored);
  EXPECT_TRUE(scorer.close({100, 50}).horizons[1].scored);
}

TEST(ErrorScorer, AnHourlyJobIsLearnedWithinTheDay) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(9);
  const auto slice = [&](int m) { return m % 60 < 2 ? poisson(rng, 800, 24) : poisson(rng, 400, 4); };
  feed(scorer, 0, 12 * 60, slice);
  EXPECT_LT(feed(scorer, 12 * 60, 36 * 60, slice), 2);
}

TEST(ErrorScorer, ADailyJobIsLearnedAfterThreeDays) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(10);
  const auto slice = [&](int m) {
    return m % 1440 >= 120 && m % 1440 < 140 ? poisson(rng, 400, 20) : poisson(rng, 400, 4);
  };
  EXPECT_GE(feed(scorer, 0, 1440, slice), 2) << "the first time it is a surprise";
  feed(scorer, 1440, 4 * 1440, slice);
  EXPECT_LT(feed(scorer, 4 * 1440, 6 * 1440, slice), 2);
}

TEST(ErrorScorer, ASlowRampIsFoundByTheHour) {
  ErrorScorer scorer(Grid{60}, 0);
  Rng rng(11);
  feed(scorer, 0, 1440, [&](int) { return poisson(rng, 400, 4); });
  double hour = kNoScore;
  for (int m = 0; m < 300; ++m)
    hour = std::max(hour, scorer.close(poisson(rng, 400, 4 + 8 * std::min(1.0, m / 240.0))).horizons[2].z);
  EXPECT_GE(hour, 3.5);
}

TEST(ErrorScorer, AHalfFilledSliceNeedsNoCorrection) {
  ErrorScorer scorer(Grid{60}, 0);
  feed(scorer, 0, 300, [](int) { return ErrorSlice{400, 4}; });
  const std::array<ErrorSlice, 1> half = {ErrorSlice{200, 2}};
  EXPECT_LT(scorer.preview(half).z, 2);
}

}  // namespace
}  // namespace sentinel::detect
