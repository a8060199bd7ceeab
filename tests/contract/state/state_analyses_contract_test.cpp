// What every StateStore promises about the record of what was sent to a model.
#include "state_contract.hpp"

namespace sentinel::state {
namespace {

class StateAnalyses : public StateContract {};

model::AnalysisRecord record(const std::string& id, const std::string& incident_id, int minute) {
  model::AnalysisRecord r;
  r.id = id;
  r.incident_id = incident_id;
  r.asked_at = at(minute);
  r.provider = "anthropic";
  r.model = "some-model";
  r.outcome = "asked";
  r.occasion = "o";
  r.fingerprint = "f";
  r.sent = R"({"messages":[]})";
  r.estimated_usd = r.usd = 0.25;
  return r;
}

TEST_P(StateAnalyses, ARecordComesBackWhole) {
  auto r = record("a1", "i", 3);
  r.answered_at = at(4);
  r.outcome = "answered";
  r.received = "{\"x\":\"\xC3\xBC\"}";
  r.input_tokens = 1;
  r.cache_write_tokens = 2;
  r.cache_read_tokens = 3;
  r.output_tokens = 4;
  r.usd = 0.0125;
  r.note = "fine";
  ASSERT_TRUE(store().commit({.analyses = {r}}));
  const auto found = store().analyses({.bodies = true});
  ASSERT_TRUE(found) << found.error().text();
  ASSERT_EQ(found->size(), 1U);
  const auto& back = found->front();
  EXPECT_EQ(back.id, "a1");
  EXPECT_EQ(back.incident_id, "i");
  EXPECT_EQ(back.asked_at, at(3));
  EXPECT_EQ(back.answered_at, at(4));
  EXPECT_EQ(back.provider + back.model + back.outcome, "anthropicsome-modelanswered");
  EXPECT_EQ(back.occasion + back.fingerprint, "of");
  EXPECT_EQ(back.sent, r.sent);
  EXPECT_EQ(back.received, r.received);
  EXPECT_EQ(back.input_tokens, 1);
  EXPECT_EQ(back.cache_write_tokens, 2);
  EXPECT_EQ(back.cache_read_tokens, 3);
  EXPECT_EQ(back.output_tokens, 4);
  EXPECT_EQ(back.estimated_usd, 0.25);
  EXPECT_EQ(back.usd, 0.0125);
  EXPECT_EQ(back.note, "fine");
}

TEST_P(StateAnalyses, ARecordIsReplacedById) {
  auto r = record("a1", "i", 3);
  ASSERT_TRUE(store().commit({.analyses = {r}}));
  EXPECT_FALSE(store().analyses({})->front().answered_at);
  r.outcome = "timeout";
  ASSERT_TRUE(store().commit({.analyses = {r}}));
  ASSERT_EQ(store().analyses({})->size(), 1U);
  EXPECT_EQ(store().analyses({})->front().outcome, "timeout");
}

TEST_P(StateAnalyses, OldestComeFirstAndEveryFilterNarrows) {
  ASSERT_TRUE(
      store().commit({.analyses = {record("c", "one", 3), record("b", "one", 1), record("a", "two", 2)}}));
  const auto ids = [&](const AnalysisQuery& query) {
    std::string all;
    const auto found = store().analyses(query);
    for (const auto& r : *found) all += r.id;
    return all;
  };
  EXPECT_EQ(ids({}), "bac");
  EXPECT_EQ(ids({.incident_id = "one"}), "bc");
  EXPECT_EQ(ids({.from = at(2)}), "ac");
  EXPECT_EQ(ids({.to = at(2)}), "b");
  EXPECT_EQ(ids({.incident_id = "one", .from = at(2), .to = at(9)}), "c");
  EXPECT_EQ(ids({.limit = 2}), "ac");  // the newest
}

TEST_P(StateAnalyses, BodiesComeOnlyWhereAskedFor) {
  ASSERT_TRUE(store().commit({.analyses = {record("a", "one", 3)}}));
  EXPECT_EQ(store().analyses({})->front().sent, "");
  EXPECT_NE(store().analyses({.bodies = true})->front().sent, "");
}

TEST_P(StateAnalyses, OneWithoutIdIsRefused) {
  const auto done = store().commit({.analyses = {record("", "one", 3)}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kInvalid);
}

INSTANTIATE_TEST_SUITE_P(Stores, StateAnalyses, testing::ValuesIn(kStores),
                         [](const auto& store) { return std::string(store.param.name); });

}  // namespace
}  // namespace sentinel::state
