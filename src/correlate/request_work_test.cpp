#include "correlate/request_work.hpp"

#include <gtest/gtest.h>

namespace sentinel::correlate {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

// One request of `shop` to "GET /cart": its entry, `calls` calls out and `lines` log lines.
void request(std::vector<model::LogEvent>& events, int number, int calls, int lines) {
  model::LogEvent e;
  e.time = kNoon + seconds(number);
  e.service = "shop";
  e.trace_id = "t" + std::to_string(number);
  e.is_span = true;
  e.span_kind = model::SpanKind::kServer;
  e.message = "GET /cart";
  events.push_back(e);
  e.span_kind = model::SpanKind::kClient;
  for (int i = 0; i < calls; ++i) events.push_back(e);
  e.is_span = false;
  e.span_kind = model::SpanKind::kNone;
  for (int i = 0; i < lines; ++i) events.push_back(e);
}
std::vector<model::LogEvent> requests(int count, int calls, int lines) {
  std::vector<model::LogEvent> events;
  for (int i = 0; i < count; ++i) request(events, i, calls, lines);
  return events;
}

TEST(CompareWork, RequestsThatBreakOffMissLinesAndCalls) {
  const auto work = compare_work(requests(50, 3, 5), requests(20, 1, 2));
  ASSERT_TRUE(work.contains("shop"));
  const auto& shop = work.at("shop");
  EXPECT_NEAR(shop.calls.ratio(), 1.0 / 3, 1e-9);
  EXPECT_NEAR(shop.lines.ratio(), 0.4, 1e-9);
  EXPECT_LT(shop.lines.z, -5);
}

TEST(CompareWork, FewerRequestsOfTheSameKindAreNoMissingWork) {
  const auto work = compare_work(requests(50, 3, 5), requests(5, 3, 5));
  EXPECT_DOUBLE_EQ(work.at("shop").calls.ratio(), 1);
  EXPECT_DOUBLE_EQ(work.at("shop").calls.z, 0);
}

TEST(CompareWork, AKindThatWasNotThereBeforeIsNotCompared) {
  auto during = requests(10, 0, 0);
  for (auto& e : during) e.message = "POST /new";
  EXPECT_TRUE(compare_work(requests(50, 3, 5), during).empty());
}

TEST(CompareWork, ATraceWithoutItsEntryDoesNotCount) {
  auto during = requests(10, 1, 1);
  std::erase_if(during, [](const auto& e) { return e.span_kind == model::SpanKind::kServer; });
  EXPECT_TRUE(compare_work(requests(50, 3, 5), during).empty());
}

}  // namespace
}  // namespace sentinel::correlate
