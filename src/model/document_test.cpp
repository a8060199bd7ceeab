#include "model/document.hpp"

#include <gtest/gtest.h>

namespace sentinel::model {
namespace {

TEST(ParseLevel, KnowsTheSpellingsInUse) {
  EXPECT_EQ(parse_level("WARN"), Level::kWarning);
  EXPECT_EQ(parse_level("critical"), Level::kFatal);
  EXPECT_EQ(parse_level("INFO2"), Level::kInfo);
  EXPECT_EQ(parse_level(" Error "), Level::kError);
  EXPECT_EQ(parse_level("purple"), Level::kNone);
}

TEST(ParseSpanKind, AcceptsTheProtobufSpelling) {
  EXPECT_EQ(parse_span_kind("SPAN_KIND_CLIENT"), SpanKind::kClient);
  EXPECT_EQ(parse_span_kind("server"), SpanKind::kServer);
}

TEST(IsError, LevelDecidesAndStatusOnlyWithoutALevel) {
  EXPECT_TRUE(is_error(Level::kError, 0));
  EXPECT_TRUE(is_error(Level::kNone, 503));
  EXPECT_FALSE(is_error(Level::kInfo, 503));
  EXPECT_FALSE(is_error(Level::kNone, 404));
}

TEST(DocumentBatch, ViewsSurviveMovesAndLargeTexts) {
  DocumentBatch batch;
  const std::string large(200'000, 'x');
  const auto a = batch.keep("small");
  const auto b = batch.keep(large);
  const auto c = batch.keep("after");
  const DocumentBatch moved = std::move(batch);
  EXPECT_EQ(a, "small");
  EXPECT_EQ(b, large);
  EXPECT_EQ(c, "after");
}

}  // namespace
}  // namespace sentinel::model
