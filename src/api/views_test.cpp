#include "api/views.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sentinel::api {
namespace {

const Time kNow = time_from_micros(1'771'614'000'000'000);

model::CallSlice call(const char* caller, const char* callee) {
  return {.caller = caller, .callee = callee, .start = kNow - minutes(1), .calls = 3};
}
model::Link link(const char* caller, const char* callee, model::Link::Source source, double calls) {
  return {
      .caller = caller, .callee = callee, .source = source, .calls = calls, .last_seen = kNow - hours(20)};
}
std::string source_of(const std::vector<Edge>& edges, std::string_view callee) {
  for (const auto& edge : edges) {
    if (edge.callee == callee) return edge.source;
  }
  return "";
}

TEST(EdgesOf, TheSurestKnowledgeOfAnEdgeIsShown) {
  model::Incident incident;
  incident.links = {link("a", "b", model::Link::Source::kMention, 9),
                    link("a", "c", model::Link::Source::kMention, 9)};
  using Source = model::Link::Source;
  const std::vector<model::Link> learned = {
      link("a", "b", Source::kSpan, 5), link("a", "c", Source::kSpan, 5), link("a", "d", Source::kSpan, 5)};
  const auto edges =
      edges_of({call("a", "b")}, {incident}, learned, {{"a", "b"}, {"a", "c"}, {"a", "d"}, {"a", "e"}});
  ASSERT_EQ(edges.size(), 4U);
  EXPECT_EQ(source_of(edges, "b"), "span");
  EXPECT_EQ(source_of(edges, "c"), "mention");
  EXPECT_EQ(source_of(edges, "d"), "learned");
  EXPECT_EQ(source_of(edges, "e"), "topology");
}

TEST(EdgesOf, ALearnedEdgeTellsItsCountsAndWhenItWasSeen) {
  const auto edges = edges_of({}, {}, {link("a", "b", model::Link::Source::kSpan, 5)}, {});
  ASSERT_EQ(edges.size(), 1U);
  EXPECT_EQ(edges[0].calls, 5);
  EXPECT_EQ(edges[0].last_seen, kNow - hours(20));
}

model::AnalysisRecord question(const char* outcome, const char* sent, double usd) {
  model::AnalysisRecord record;
  record.outcome = outcome;
  record.sent = sent;
  record.usd = usd;
  record.model = "some-model";
  return record;
}
nlohmann::json analysis_of(const std::vector<model::AnalysisRecord>& asked) {
  model::Incident incident;
  incident.analysis = model::Analysis{};
  return incident_detail(incident, {}, {}, asked, kNow)["analysis"];
}

TEST(IncidentDetail, TheCostIsThatOfAllQuestions) {
  const auto analysis = analysis_of({question("refused", "one", 0.25), question("answered", "two", 0.5)});
  EXPECT_EQ(analysis["cost_usd"], 0.75);
  EXPECT_EQ(analysis["questions"], 2);
}

TEST(IncidentDetail, WhatWasSentIsOfTheQuestionThatWasAnswered) {
  EXPECT_EQ(analysis_of({question("answered", "one", 0), question("timeout", "two", 0)})["sent"], "one");
  EXPECT_EQ(analysis_of({question("refused", "one", 0), question("timeout", "two", 0)})["sent"], "two");
}

TEST(IncidentDetail, WithoutAQuestionThereIsNoCost) {
  EXPECT_FALSE(analysis_of({}).contains("cost_usd"));
  EXPECT_FALSE(analysis_of({}).contains("sent"));
}

}  // namespace
}  // namespace sentinel::api
