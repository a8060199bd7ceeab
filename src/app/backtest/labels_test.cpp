#include "app/backtest/labels.hpp"

#include <gtest/gtest.h>

namespace sentinel::app {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

model::Incident incident(std::string id, Time at, std::vector<std::string> causes) {
  model::Incident i;
  i.id = std::move(id);
  i.created_at = at;
  for (auto& cause : causes) i.causes.push_back({.service = std::move(cause)});
  return i;
}
Label label(std::string id, std::string service, Time at) {
  return {std::move(id), std::move(service), at, {at - minutes(1), at + minutes(4)}};
}

TEST(Labels, ReadsTheFieldsAndNamesWhatIsMissing) {
  const auto read = read_labels(
      R"([{"id":"f1","service":"a","inject_time":"2026-03-01T12:00:00Z","match_from":"2026-03-01T11:59:00Z","match_to":"2026-03-01T12:04:00Z"}])");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->front().service, "a");
  EXPECT_EQ(read_labels(R"([{"service":"a","inject_time":"soon"}])").error().text(),
            "labels: entry 1: inject_time must be an RFC 3339 time");
}

TEST(Score, CountsFoundRankDelayAndFalse) {
  const std::vector<Label> labels = {label("1", "a", kNoon), label("2", "b", kNoon + hours(1)),
                                     label("3", "c", kNoon + hours(2))};
  const std::vector<model::Incident> incidents = {incident("x", kNoon + seconds(40), {"a"}),
                                                  incident("y", kNoon + minutes(30), {"a"}),
                                                  incident("z", kNoon + hours(1) + seconds(90), {"q", "b"})};
  const auto s = score(incidents, labels, hours(24));
  EXPECT_EQ(s.found(), 2U);
  EXPECT_EQ(s.top(1), 1U);
  EXPECT_EQ(s.top(3), 2U);
  EXPECT_EQ(s.faults[0].delay, seconds(40));
  EXPECT_EQ(s.false_incidents, std::vector<std::string>{"y"});
}

TEST(Score, TellsMergedAndSplitFaults) {
  const std::vector<Label> labels = {label("1", "a", kNoon), label("2", "b", kNoon + minutes(1))};
  const std::vector<model::Incident> incidents = {incident("x", kNoon + seconds(70), {"a"}),
                                                  incident("y", kNoon + seconds(200), {"a"})};
  const auto s = score(incidents, labels, hours(1));
  EXPECT_EQ(s.merged, 2U);
  EXPECT_EQ(s.split, 2U);
}

}  // namespace
}  // namespace sentinel::app
