#include "detect/silence_scorer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "detect/test_vectors.hpp"
#include "model/severity.hpp"

namespace sentinel::detect {
namespace {

std::string severity_text(double z) {
  const auto severity = model::Thresholds{}.severity_of(z);
  return severity ? std::string(model::to_string(*severity)) : "none";
}

TEST(SilenceScorer, SeverityAgreesWithTheGuideSeries) {
  const auto vectors = read_vectors("d_drop_series");
  int checked = 0;
  for (const auto& series : vectors["series"]) {
    SilenceScorer scorer(Grid{60}, 0);
    std::vector<double> z;
    for (std::size_t i = 0; i + 1 < series["n"].size(); i += 2) {
      const auto docs = series["n"][i].get<std::uint64_t>() + series["n"][i + 1].get<std::uint64_t>();
      z.push_back(scorer.close(docs, true).best.z);
    }
    for (const auto& expect : series["expect"]) {
      if (!expect["must"]) continue;
      ++checked;
      const double got = z[expect["at"].get<std::size_t>() / 2];
      EXPECT_EQ(severity_text(got), expect["severity"])
          << series["name"] << " at " << expect["at"] << ": " << got << ", guide " << expect["z60"];
    }
  }
  EXPECT_GE(checked, 28);
}

TEST(SilenceScorer, BelowEightDocumentsAnHourNothingIsJudged) {
  SilenceScorer scorer(Grid{60}, 0);
  for (int m = 0; m < 600; ++m) scorer.close(m % 10 == 0 ? 1 : 0, true);
  EXPECT_FALSE(scorer.is_judged());
  double worst = kNoScore;
  for (int m = 0; m < 300; ++m) worst = std::max(worst, scorer.close(0, true).best.z);
  EXPECT_LT(worst, 2);
}

TEST(SilenceScorer, HalfTheTrafficIsP3AtTheMost) {
  SilenceScorer scorer(Grid{60}, 0);
  for (int m = 0; m < 1440; ++m) scorer.close(600, true);
  double worst = kNoScore;
  for (int m = 0; m < 20; ++m) worst = std::max(worst, scorer.close(300, true).best.z);
  EXPECT_GE(worst, 2);
  EXPECT_LT(worst, 3.5);
}

TEST(SilenceScorer, AQuietHourOfEveryDayIsNoSilence) {
  SilenceScorer scorer(Grid{60}, 0);
  double worst = kNoScore;
  for (int m = 0; m < 6 * 1440; ++m) {
    const bool quiet = m % 1440 >= 180 && m % 1440 < 240;
    const double z = scorer.close(quiet ? 5 : 60, true).best.z;
    if (m >= 4 * 1440) worst = std::max(worst, z);
  }
  EXPECT_LT(worst, 2);
}

TEST(SilenceScorer, WindowsThatHoldAnUnknownSliceAreSkipped) {
  SilenceScorer scorer(Grid{60}, 0);
  for (int m = 0; m < 300; ++m) scorer.close(60, true);
  for (int m = 0; m < 20; ++m) EXPECT_EQ(scorer.close(0, false).best.z, kNoScore);
  EXPECT_EQ(scorer.close(60, true).best.z, kNoScore);
}

TEST(SilenceScorer, AfterADayOfSilenceItIsTheNewNormal) {
  SilenceScorer scorer(Grid{60}, 0);
  for (int m = 0; m < 300; ++m) scorer.close(60, true);
  for (int m = 0; m < 1500; ++m) scorer.close(0, true);
  EXPECT_FALSE(scorer.incident_open());
  for (int m = 0; m < 60; ++m) EXPECT_LT(scorer.close(0, true).best.z, 2);
}

}  // namespace
}  // namespace sentinel::detect
