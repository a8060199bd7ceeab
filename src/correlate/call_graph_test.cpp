#include "correlate/call_graph.hpp"

#include <gtest/gtest.h>

namespace sentinel::correlate {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

model::CallSlice calls(const std::string& caller, const std::string& callee, Time at, std::uint64_t count) {
  return {.caller = caller, .callee = callee, .start = at, .calls = count, .errors = 1};
}

TEST(CallGraph, CountsAndTellsWhenACallWasSeenLast) {
  CallGraph graph;
  graph.learn(std::vector{calls("a", "b", kNoon, 10), calls("a", "b", kNoon + minutes(1), 5)},
              kNoon + minutes(2));
  const auto links = graph.links(kNoon + minutes(1));
  ASSERT_EQ(links.size(), 1U);
  EXPECT_NEAR(links[0].calls, 15, 0.05);
  EXPECT_EQ(links[0].last_seen, kNoon + minutes(1));
}

TEST(CallGraph, ASliceSeenTwiceCountsOnce) {
  CallGraph graph;
  const std::vector slices = {calls("a", "b", kNoon, 10)};
  graph.learn(slices, kNoon);
  graph.learn(slices, kNoon);
  EXPECT_DOUBLE_EQ(graph.links(kNoon)[0].calls, 10);
}

TEST(CallGraph, CountsHalveInADay) {
  CallGraph graph;
  graph.learn(std::vector{calls("a", "b", kNoon, 10)}, kNoon);
  EXPECT_DOUBLE_EQ(graph.links(kNoon + hours(24))[0].calls, 5);
}

TEST(CallGraph, ForgetsWhatWasNotSeenForEightDays) {
  CallGraph graph;
  graph.learn(std::vector{calls("a", "b", kNoon, 10)}, kNoon);
  graph.learn({}, kNoon + hours(9 * 24));
  EXPECT_EQ(graph.size(), 0U);
}

TEST(CallGraph, IsBoundedAndForgetsTheOldestFirst) {
  CallGraph graph({.max_edges = 2});
  graph.learn(std::vector{calls("a", "b", kNoon, 1), calls("a", "c", kNoon + minutes(1), 1),
                          calls("a", "d", kNoon + minutes(2), 1)},
              kNoon + minutes(3));
  const auto edges = graph.topology();
  ASSERT_EQ(edges.size(), 2U);
  EXPECT_EQ(edges[0].callee, "c");
  EXPECT_EQ(edges[1].callee, "d");
}

TEST(CallGraph, SurvivesARestart) {
  CallGraph graph;
  graph.learn(std::vector{calls("a b", "c", kNoon, 3), calls("a b", "d", kNoon + minutes(1), 7)}, kNoon);
  const auto again = CallGraph::restore({}, graph.snapshot());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->snapshot(), graph.snapshot());
}

TEST(CallGraph, ADamagedSnapshotIsRefused) {
  EXPECT_FALSE(CallGraph::restore({}, ""));
  EXPECT_FALSE(CallGraph::restore({}, "calls 2\n0\n"));
  EXPECT_EQ(CallGraph::restore({}, "calls 1\n0\n1\tx\t0\ta\tb\n").error().text(),
            "call graph snapshot: line 3 is damaged");
}

}  // namespace
}  // namespace sentinel::correlate
