#include "runbooks/runbooks.hpp"

#include <gtest/gtest.h>

#include "state/memory/memory_state.hpp"

namespace sentinel::runbooks {
namespace {

TEST(Seed, HoldsFiveRunbooksWithSteps) {
  const auto all = seed();
  ASSERT_EQ(all.size(), 5U);
  for (const auto& runbook : all) EXPECT_GE(runbook.resolution_steps.size(), 4U) << runbook.title;
}

TEST(Seed, IsPutOnlyIntoAnEmptyStore) {
  state::MemoryState store;
  EXPECT_EQ(seed_if_empty(store).value(), 5);
  EXPECT_EQ(seed_if_empty(store).value(), 0);
}

TEST(Runbooks, JsonRoundTrips) { EXPECT_EQ(from_json_text(to_json_text(seed())).value(), seed()); }

TEST(Runbooks, MarkdownRoundTrips) { EXPECT_EQ(from_markdown(to_markdown(seed())).value(), seed()); }

TEST(Runbooks, OneTextOfStepsIsOneStepPerLine) {
  const auto read = from_json_text(R"({"title":"t","resolution_steps":"first\n\n second "})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->front().resolution_steps, (std::vector<std::string>{"first", "second"}));
}

TEST(Runbooks, AnErrorNamesTheEntryAndTheField) {
  const auto read = from_json_text(R"([{"title":"a"},{"title":"b","tags":7}])");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), "runbook 2: tags: must be a list of strings");
}

TEST(QueryFor, AsksForTheCauseItsMetricsAndItsTellingWords) {
  model::Group group;
  group.causes.push_back({.service = "db", .probability = 1});
  group.anomalies.push_back({.service = "db", .metric = "error_rate"});
  group.anomalies.push_back({.service = "web", .metric = "latency_p99"});
  model::Pattern pattern;
  pattern.text = "connection pool exhausted after <num> ms";
  pattern.change = model::Pattern::Change::kNew;
  pattern.services["db"] = 3;
  group.patterns.push_back(pattern);
  const auto query = query_for(group);
  EXPECT_EQ(query.services, std::vector<std::string>{"db"});
  EXPECT_EQ(query.tags, std::vector<std::string>{"error_rate"});
  EXPECT_EQ(query.text, "connection pool exhausted");
}

}  // namespace
}  // namespace sentinel::runbooks
