#include "correlate/span_tree.hpp"

#include <gtest/gtest.h>

namespace sentinel::correlate {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

TEST(VisitSpans, ARequestLogLineDoesNotHideTheSpanItWasWrittenIn) {
  model::LogEvent line;
  line.time = kNoon;
  line.service = "front";
  line.span_id = "s1";
  line.message = "request complete";
  line.duration_ms = 100;
  model::LogEvent entry = line;
  entry.is_span = true;
  entry.span_kind = model::SpanKind::kServer;
  entry.message = "GET /";
  std::string operation;
  SpanVisitor visitor;
  visitor.entry = [&](const model::LogEvent&, std::string_view op, double, double) { operation = op; };
  visit_spans(std::vector{line, entry}, visitor);
  EXPECT_EQ(operation, "GET /");
}

}  // namespace
}  // namespace sentinel::correlate
