#include "telemetry/elasticsearch/arrival_order.hpp"

#include <gtest/gtest.h>

namespace sentinel::telemetry {
namespace {

const Time kThen = *parse_rfc3339("2026-11-27T12:40:12Z");

// Ids that a node of 8.19 gave to documents of one request.
constexpr const char* kMade[] = {"Xf8FHaIBMcQA7u6szBo8", "Xv8FHaIBMcQA7u6szBo8", "X_8FHaIBMcQA7u6szBo8",
                                 "YP8FHaIBMcQA7u6szBo8", "Yf8FHaIBMcQA7u6szBo8"};

TEST(MadeId, TellsWhenTheDocumentCameAndInWhichOrder) {
  std::optional<MadeId> last;
  for (const char* text : kMade) {
    const auto id = made_id(text, kThen);
    ASSERT_TRUE(id) << text;
    EXPECT_EQ(id->ms / 1000, 1'795'783'248) << text;
    if (last) {
      EXPECT_EQ(id->number, last->number + 1) << text;
    }
    last = id;
  }
}

TEST(MadeId, OfLogsdbItBeginsWithTheTime) {
  const auto first = made_id("AaIdBVLECj41mP9AGkRU", kThen);
  const auto second = made_id("AaIdBVLECj41mP_PGqdV", kThen);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->ms / 1000, 1'795'783'213);
  EXPECT_EQ(second->number, first->number + 1);
}

TEST(MadeId, OneThatTheShipperChoseTellsNothing) {
  for (const char* text : {"", "order-1", "INC-20261124153048-5", "Xf8FHaIBMcQA7u6szBo8x",
                           "AAAAAAAAAAAAAAAAAAAA", "____________________"})
    EXPECT_FALSE(made_id(text, kThen)) << text;
}

TEST(ArrivalOrder, GoesByTheIdAsMadeNotAsWritten) {
  for (std::size_t i = 1; i < std::size(kMade); ++i)
    EXPECT_LT(ArrivalOrder(kThen, std::nullopt, "i", kMade[i - 1]),
              ArrivalOrder(kThen, std::nullopt, "i", kMade[i]));
}

TEST(ArrivalOrder, GoesByTheTimeOfIngestionWhereTheShipperChoseTheId) {
  EXPECT_LT(ArrivalOrder(kThen, kThen + seconds(1), "i", "b"),
            ArrivalOrder(kThen, kThen + seconds(2), "i", "a"));
}

TEST(ArrivalOrder, IsTheSameEachTimeWhereNothingTells) {
  EXPECT_LT(ArrivalOrder(kThen, std::nullopt, "i", "a"), ArrivalOrder(kThen, std::nullopt, "i", "b"));
  EXPECT_LT(ArrivalOrder(kThen, std::nullopt, "i", "b"), ArrivalOrder(kThen, std::nullopt, "k", "a"));
}

}  // namespace
}  // namespace sentinel::telemetry
