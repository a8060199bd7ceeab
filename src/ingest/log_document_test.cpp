#include "ingest/log_document.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ingest/ingest.hpp"

namespace sentinel::ingest {
namespace {

model::LogRow full_row() {
  return {.time = *parse_rfc3339("2026-03-01T12:00:00.123456Z"),
          .service = "pay",
          .message = "declined",
          .trace_id = "t",
          .span_id = "s",
          .parent_id = "p",
          .peer = "bank",
          .host = "h",
          .version = "1.2",
          .extra = R"({"tenant":"acme"})",
          .duration_ms = 12.25F,
          .status_code = 502,
          .level = model::Level::kError,
          .span_kind = model::SpanKind::kClient,
          .is_span = true};
}

TEST(LogDocument, IsReadBackAsTheRow) {
  const model::LogRow row = full_row();
  DocumentParser parser;
  model::DocumentBatch batch;
  ASSERT_TRUE(parser.add(log_document(row).dump(), false, DocumentClass::kLog, Time{}, batch));
  ASSERT_EQ(batch.logs.size(), 1U);
  EXPECT_EQ(log_document(batch.logs.front()), log_document(row));
}

TEST(LogDocument, WhatIsNoObjectBesideTheRowIsLeftOut) {
  model::LogRow row = full_row();
  row.extra = "no json";
  EXPECT_EQ(log_document(row)["service.name"], "pay");
}

}  // namespace
}  // namespace sentinel::ingest
