#include "detect/zscore.hpp"

#include <gtest/gtest.h>

#include "detect/test_vectors.hpp"
#include "model/severity.hpp"

namespace sentinel::detect {
namespace {

TEST(Zscore, MatchesTheVectors) {
  const auto vectors = read_vectors("b_zscore");
  const model::Thresholds thresholds;
  ASSERT_GE(vectors["cases"].size(), 12U);
  for (const auto& c : vectors["cases"]) {
    const auto baseline = c["baseline"].get<std::vector<double>>();
    const Zscore got = zscore(baseline, c["current"], vectors["min_data_points"]);
    EXPECT_NEAR(got.mean, c["mean"], 1e-9) << c["about"];
    EXPECT_NEAR(got.stddev, c["stddev"], 1e-9) << c["about"];
    ASSERT_EQ(got.z.has_value(), !c["z"].is_null()) << c["about"];
    if (got.z) {
      EXPECT_NEAR(*got.z, c["z"], 1e-9) << c["about"];
    }
    const auto severity = got.z ? thresholds.severity_of(*got.z) : std::nullopt;
    EXPECT_EQ(severity ? model::to_string(*severity) : "none", c["severity"].get<std::string>())
        << c["about"];
  }
}

TEST(Zscore, EqualFractionsHaveNoDeviation) {
  const std::vector<double> baseline(11, 0.1);
  EXPECT_FALSE(zscore(baseline, 5, 10).z.has_value());
}

TEST(Zscore, NoBaselineNoScore) { EXPECT_FALSE(zscore({}, 5, 0).z.has_value()); }

}  // namespace
}  // namespace sentinel::detect
