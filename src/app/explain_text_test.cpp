#include "app/explain_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/json.hpp"

namespace sentinel::app {
namespace {

model::ServiceExplanation example() {
  model::ServiceExplanation x;
  x.service = "pay";
  x.at = *parse_rfc3339("2026-03-02T10:00:00Z");
  model::Explanation e;
  e.service = "pay";
  e.metric = "error_rate";
  e.score = 6;
  e.severity = model::Severity::kP1;
  e.verdict = "alerts at P1: score 6.00, P1 begins at 5";
  e.sentence = "41 errors in 5 min where 3.2 are expected";
  e.horizons.push_back({.length = minutes(5),
                        .window = {x.at - minutes(5), x.at},
                        .observed = 41,
                        .expected = 3.2,
                        .band_high = 16,
                        .score = 6,
                        .scored = true,
                        .gates = {"looks: 7.00 for one look, 6.00 for a day of them"}});
  e.horizons.push_back({.length = minutes(60), .gates = {"not judged: too little traffic"}});
  x.metrics.push_back(e);
  model::MetricSeries series{"error_rate", {}};
  for (int i = 0; i < 60; ++i) {
    series.points.push_back({.at = x.at - minutes(59 - i),
                             .observed = i < 55 ? 3.0 : 41.0,
                             .judged = true,
                             .expected = 3.2,
                             .band_high = 16,
                             .severity = i < 57 ? std::nullopt : std::optional(model::Severity::kP1)});
  }
  x.series.push_back(series);
  return x;
}

TEST(ExplainText, ShowsVerdictNumbersAndWhatWasNotJudged) {
  const std::string out = explain_text(model::to_json(example()), {});
  for (const char* part : {"pay at 2026-03-02T10:00:00", "alerts at P1", "41 errors in 5 min", "0-16", "6.00",
                           "looks: 7.00", "60 min", "not judged: too little traffic"})
    EXPECT_NE(out.find(part), std::string::npos) << part << "\n" << out;
}

TEST(ExplainText, ThePlotHasOneColumnPerSliceAndMarksAlerts) {
  const std::string out = explain_text(model::to_json(example()), {});
  EXPECT_NE(out.find("!!!\n"), std::string::npos) << out;
  EXPECT_NE(out.find("█████\n"), std::string::npos) << "the five bad slices reach the top\n" << out;
  EXPECT_NE(out.find("09:01"), std::string::npos) << out;
}

TEST(ExplainText, AnAnswerOfAnotherShapePrintsWhatItCan) {
  for (const char* odd :
       {"{}", "[]", "null", R"({"service": 3, "metrics": [1, {"metric": []}]})",
        R"({"metrics": [{"horizons": [{"gates": {}}], "last_hour": [{"observed": "x"}]}]})"}) {
    const auto json = nlohmann::json::parse(odd);
    EXPECT_NO_THROW((void)explain_text(json, {})) << odd;
  }
}

TEST(ExplainText, TextFromDocumentsCannotSteerTheTerminal) {
  auto x = example();
  x.service = "a\x1b[2Jb";
  x.metrics.front().sentence = "one\ntwo\x1b[0m";
  const std::string out = explain_text(model::to_json(x), {});
  EXPECT_EQ(out.find('\x1b'), std::string::npos) << out;
}

}  // namespace
}  // namespace sentinel::app
