#include "app/backtest/labels.hpp"

#include <gtest/gtest.h>

namespace sentinel::app {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

Opening opening(std::string id, Time at, std::vector<std::string> causes) {
  Opening o{.id = std::move(id), .opened_at = at, .services = causes};
  for (auto& cause : causes) o.causes.push_back({.service = std::move(cause)});
  return o;
}
Label label(std::string id, std::string service, Time at) {
  return {.id = std::move(id),
          .service = std::move(service),
          .injected = at,
          .match = {at - minutes(1), at + minutes(4)}};
}

TEST(Labels, ReadsTheFieldsAndNamesWhatIsMissing) {
  const auto read = read_labels(
      R"([{"id":"f1","service":"a","inject_time":"2026-03-01T12:00:00Z","match_from":"2026-03-01T11:59:00Z","match_to":"2026-03-01T12:04:00Z"}])");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->front().service, "a");
  EXPECT_EQ(read_labels(R"([{"service":"a","inject_time":"soon"}])").error().text(),
            "labels: entry 1: inject_time must be an RFC 3339 time, is 'soon'");
  EXPECT_EQ(read_labels(R"([{"service":"a"}])").error().text(),
            "labels: entry 1: inject_time must be an RFC 3339 time, is missing");
}

TEST(Labels, TwoClocksWidenTheStretch) {
  const auto read = read_labels(
      R"([{"id":7,"service":"a","inject_time":"2026-03-01T12:01:00Z","inject_time_alt":"2026-03-01T12:00:00Z","end_time":"2026-03-01T12:04:00Z"}])");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->front().id, "7");
  EXPECT_EQ(read->front().injected, kNoon);
  EXPECT_EQ(read->front().ended, kNoon + minutes(4));
  EXPECT_EQ(read->front().match.to, kNoon + minutes(5));
}

TEST(Labels, OneFilePerFaultWithTheServiceThatSuffers) {
  const auto read = read_labels(
      R"([{"target":{"node":"front","metric":"latency","time":"2026-03-01T12:00:00Z"},"root_cause":{"node":"db"},"file":"one.ndjson"}])");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->front().service, "db");
  EXPECT_EQ(read->front().id, "one.ndjson");
  EXPECT_EQ(read->front().sufferer, "front");
  EXPECT_EQ(read->front().symptom, "latency");
}

TEST(Labels, SeveralNamesMayBeRight) {
  const auto read =
      read_labels(R"([{"service":"a","accept":["a","a-pod-1"],"start":"2026-03-01T12:00:00Z"}])");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->front().is_right("a-pod-1"));
  EXPECT_FALSE(read->front().is_right("b"));
}

TEST(Edges, BothFormsAreRead) {
  const auto counted = read_edges(R"({"a":{"b":3,"c":1}})");
  const auto listed = read_edges(R"({"a":["b","c"]})");
  ASSERT_TRUE(counted && listed);
  EXPECT_EQ(counted->size(), 2U);
  EXPECT_EQ(listed->back().callee, "c");
  EXPECT_FALSE(read_edges(R"(["a"])"));
}

TEST(Score, CountsFoundRankDelayAndFalse) {
  const std::vector<Label> labels = {label("1", "a", kNoon), label("2", "b", kNoon + hours(1)),
                                     label("3", "c", kNoon + hours(2))};
  const std::vector<Opening> openings = {opening("x", kNoon + seconds(40), {"a"}),
                                         opening("y", kNoon + minutes(30), {"a"}),
                                         opening("z", kNoon + hours(1) + seconds(90), {"q", "b"})};
  const auto s = score(openings, labels, {}, hours(24));
  EXPECT_EQ(s.found(), 2U);
  EXPECT_EQ(s.top(1), 1U);
  EXPECT_EQ(s.top(3), 2U);
  EXPECT_EQ(s.faults[0].delay, seconds(40));
  EXPECT_EQ(s.false_incidents, std::vector<std::string>{"y"});
  EXPECT_DOUBLE_EQ(s.false_per_day(), 1.0);
  EXPECT_EQ(s.delay(0.5), seconds(40));
  EXPECT_EQ(s.delay(0.9), seconds(90));
}

TEST(Score, TellsMergedAndSplitFaults) {
  const std::vector<Label> labels = {label("1", "a", kNoon), label("2", "b", kNoon + minutes(1))};
  const std::vector<Opening> openings = {opening("x", kNoon + seconds(70), {"a"}),
                                         opening("y", kNoon + seconds(200), {"a"})};
  const auto s = score(openings, labels, {}, hours(1));
  EXPECT_EQ(s.merged, 2U);
  EXPECT_EQ(s.split, 2U);
}

TEST(Score, AFaultInsideAnOpenIncidentIsMergedNotFound) {
  const std::vector<Label> labels = {label("1", "a", kNoon), label("2", "a", kNoon + minutes(10))};
  const std::vector<Opening> openings = {opening("x", kNoon + seconds(70), {"a"})};
  const auto s = score(openings, labels, {}, hours(1));
  EXPECT_EQ(s.found(), 1U);
  EXPECT_EQ(s.faults[1].inside, "x");
  EXPECT_EQ(s.merged, 1U);
}

TEST(Score, IncidentsInIgnoredStretchesCountNeitherWay) {
  const auto ignored = read_ignored(R"([{"from":"2026-03-01T12:29:00Z","to":"2026-03-01T12:31:00Z"}])");
  ASSERT_TRUE(ignored);
  const std::vector<Opening> openings = {opening("y", kNoon + minutes(30), {"a"})};
  const auto s = score(openings, std::vector<Label>{label("1", "a", kNoon)}, *ignored, hours(1));
  EXPECT_TRUE(s.false_incidents.empty());
  EXPECT_EQ(s.ignored, 1U);
}

}  // namespace
}  // namespace sentinel::app
