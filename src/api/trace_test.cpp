#include "api/trace.hpp"

#include <gtest/gtest.h>

namespace sentinel::api {
namespace {

// `from` and `to` in milliseconds since the trace began.
model::LogEvent span(std::string id, std::string parent, int from, int to) {
  model::LogEvent event;
  event.span_id = std::move(id);
  event.parent_id = std::move(parent);
  event.time = time_from_micros(1'771'614'000'000'000) + milliseconds(to);
  event.duration_ms = static_cast<float>(to - from);
  return event;
}

std::string shape(const std::vector<WaterfallSpan>& spans) {
  std::string text;
  for (const auto& one : spans) text += std::string(static_cast<std::size_t>(one.depth), '-') + one.id + " ";
  return text;
}

TEST(Waterfall, ParentsComeBeforeChildrenAndSiblingsByStart) {
  const std::vector<model::LogEvent> events = {span("c", "a", 50, 80), span("d", "b", 12, 20),
                                               span("a", "", 0, 100), span("b", "a", 10, 40)};
  EXPECT_EQ(shape(waterfall(events)), "a -b --d -c ");
}

TEST(Waterfall, ASpanWhoseParentIsMissingIsARoot) {
  const std::vector<model::LogEvent> events = {span("b", "gone", 10, 40)};
  const auto spans = waterfall(events);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].parent, "");
  EXPECT_EQ(spans[0].depth, 0);
}

TEST(Waterfall, SpansInACircleAreShownOnce) {
  const std::vector<model::LogEvent> events = {span("a", "b", 0, 10), span("b", "a", 1, 9),
                                               span("s", "s", 2, 3)};
  EXPECT_EQ(shape(waterfall(events)), "s a -b ");
}

TEST(Waterfall, LinesInsideASpanAreNoSpans) {
  auto line = span("a", "", 5, 5);
  line.duration_ms = model::kNoDuration;
  const std::vector<model::LogEvent> events = {span("a", "", 0, 10), line};
  EXPECT_EQ(waterfall(events).size(), 1U);
}

TEST(Waterfall, WithoutSpansLinesWithDurationsStandIn) {
  const std::vector<model::LogEvent> events = {span("", "", 5, 9), span("", "", 0, 10)};
  const auto spans = waterfall(events);
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_TRUE(spans[0].inferred);
  EXPECT_EQ(spans[0].event, &events[1]);
}

TEST(Waterfall, AChainOfAHundredThousandSpansDoesNotExhaustTheStack) {
  std::vector<model::LogEvent> events;
  for (int i = 0; i < 100'000; ++i)
    events.push_back(span(std::to_string(i), i == 0 ? "" : std::to_string(i - 1), i, 200'000));
  EXPECT_EQ(waterfall(events).back().depth, 99'999);
}

}  // namespace
}  // namespace sentinel::api
