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

}  // namespace
}  // namespace sentinel::detect
