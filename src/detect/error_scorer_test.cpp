#include "detect/error_scorer.hpp"

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
      if (std::getenv("VERBOSE_VECTORS") != nullptr)
        std::printf("%-22s %4d got %7.3f text60 %s\n", series["name"].get<std::string>().c_str(),
                    expect["at"].get<int>(), got, expect["text60"].dump().c_str());
      if (!expect["must"]) continue;
      ++checked;
      EXPECT_EQ(severity_text(got), expect["severity"])
          << series["name"] << " at " << expect["at"] << ": " << got;
    }
  }
  EXPECT_GT(checked, 80);
}

}  // namespace
}  // namespace sentinel::detect
