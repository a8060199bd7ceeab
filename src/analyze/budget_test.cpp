#include "analyze/budget.hpp"

#include <gtest/gtest.h>

#include "analyze/analyze_fixture.hpp"
#include "analyze/question.hpp"

namespace sentinel::analyze {
namespace {

using Choice = Grant::Choice;

TEST(Grant, FollowsItsTable) {
  const Offer model{"dear", 5000, 0.04};
  const Offer cheaper{"cheap", 5000, 0.002};
  struct Row {
    const char* about;
    Spent spent;
    Budgets budgets;
    Choice choice;
    const char* reason;
  };
  const Row rows[] = {
      {"nothing spent", {0, 0}, {0.5, 5, 8000}, Choice::kModel, ""},
      {"the incident's budget reaches for the cheaper one",
       {0.47, 0.47},
       {0.5, 5, 8000},
       Choice::kCheaper,
       "incident's budget"},
      {"the day's budget reaches for the cheaper one",
       {0, 4.97},
       {0.5, 5, 8000},
       Choice::kCheaper,
       "day's budget"},
      {"nothing is left", {0.5, 0.5}, {0.5, 5, 8000}, Choice::kNone, "incident's budget"},
      {"no money at all", {0, 0}, {0, 0, 8000}, Choice::kNone, "incident's budget"},
      {"the question is too long", {0, 0}, {0.5, 5, 4000}, Choice::kNone, "5000 tokens"},
  };
  for (const auto& row : rows) {
    const auto g = grant(model, cheaper, row.spent, row.budgets);
    EXPECT_EQ(g.choice, row.choice) << row.about;
    EXPECT_NE(g.reason.find(row.reason), std::string::npos) << row.about << ": " << g.reason;
  }
}

TEST(Grant, WithoutACheaperModelTheReportStands) {
  EXPECT_EQ(grant({"dear", 5000, 0.04}, {}, {0.49, 0.49}, {}).choice, Choice::kNone);
}

TEST(Models, PricesAreTheTables) {
  const auto sonnet = facts_or_careful("claude-sonnet-5-5");
  EXPECT_DOUBLE_EQ(price_usd(sonnet, {.input = 1'000'000}), 2);
  EXPECT_DOUBLE_EQ(price_usd(sonnet, {.output = 1'000'000}), 10);
  EXPECT_DOUBLE_EQ(price_usd(sonnet, {.cache_write = 1'000'000}), 2.5);
  EXPECT_DOUBLE_EQ(price_usd(sonnet, {.cache_read = 1'000'000}), 0.2);
  EXPECT_DOUBLE_EQ(price_usd(sonnet, {.input = 1'000'000}, {.input_usd = 7}), 7);
  const auto haiku = facts_or_careful("claude-haiku-5-5");
  EXPECT_DOUBLE_EQ(price_usd(haiku, {.input = 100'000}), 0.01);
  EXPECT_DOUBLE_EQ(price_usd(haiku, {.input = 200'000}), 0.1);  // the dearer price above 100,000 tokens
}

TEST(Models, AnUnknownOneIsCountedAtTheDearestPrice) {
  EXPECT_DOUBLE_EQ(price_usd(facts_or_careful("claude-of-tomorrow"), {.input = 1'000'000}), 10);
}

TEST(Models, WarningsComeFromTheTable) {
  const Time november = *parse_rfc3339("2026-11-10T00:00:00Z");
  EXPECT_FALSE(model_warning("claude-sonnet-5-5", november));
  EXPECT_FALSE(model_warning("some-local-model", november));
  EXPECT_NE(model_warning("claude-sonnet-4-6", november)->find("legacy, served until 2027-02-17"),
            std::string::npos);
  EXPECT_NE(model_warning("claude-sonnet-4-5-20250929", november)->find("retires on 2026-11-30"),
            std::string::npos);
  EXPECT_NE(model_warning("claude-sonnet-4-5-20250929", november + hours(24 * 30))->find("was retired"),
            std::string::npos);
  EXPECT_NE(model_warning("claude-opus-4-20250514", november)->find("was retired"), std::string::npos);
}

TEST(Question, StaysInsideItsTokenBudgetWhateverTheIncidentHolds) {
  auto incident = test::outage();
  for (int n = 0; n < 300; ++n) {
    incident.anomalies.push_back(incident.anomalies[0]);
    incident.patterns.push_back(incident.patterns[0]);
    incident.patterns.back().example = std::string(300, '"');  // each quote takes two bytes
    incident.links.push_back(incident.links[0]);
  }
  for (const char* model : {"claude-sonnet-5-5", "claude-sonnet-4-6", "claude-haiku-5-5", "unknown"}) {
    QuestionSettings settings;
    const auto question = make_question(incident, std::nullopt, settings, model, "m4rk3r");
    ASSERT_TRUE(question);
    EXPECT_LE(question->input_tokens, settings.budgets.input_tokens) << model;
    EXPECT_FALSE(question->context.dropped.empty());
  }
}

TEST(Question, IsPricedBeforeItIsSent) {
  const auto question = make_question(test::outage(), std::nullopt, {}, "claude-sonnet-5-5", "m4rk3r");
  ASSERT_TRUE(question);
  EXPECT_GT(question->expected_usd, 0);
  EXPECT_LT(question->expected_usd, 0.03);
  EXPECT_GT(question->most_usd, question->expected_usd);
}

TEST(Question, ALocalModelOfTheOtherProviderIsFree) {
  QuestionSettings settings;
  settings.provider = ApiSettings::Provider::kOpenAi;
  const auto question = make_question(test::outage(), std::nullopt, settings, "llama", "m4rk3r");
  ASSERT_TRUE(question);
  EXPECT_EQ(question->most_usd, 0);
}

}  // namespace
}  // namespace sentinel::analyze
