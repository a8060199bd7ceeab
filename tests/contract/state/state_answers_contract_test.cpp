// What every StateStore promises about the answers that it keeps for clients who ask again.
#include "state_contract.hpp"

namespace sentinel::state {
namespace {

class StateAnswers : public StateContract {
 protected:
  void keep(const std::string& key, int minute) {
    ASSERT_TRUE(store().keep_answer({.key = key, .fingerprint = "f", .at = at(minute), .status = 200}));
  }
  bool is_kept(const std::string& key) { return store().kept_answer(key)->has_value(); }
};

TEST_P(StateAnswers, AnAnswerComesBackWhole) {
  const KeptAnswer answer{.key = "ann\nk1",
                          .fingerprint = "abc",
                          .at = at(3),
                          .status = 201,
                          .headers = "Content-Type: application/json\n",
                          .body = "{\"x\":\"\xC3\xBC\"}"};
  ASSERT_TRUE(store().keep_answer(answer));
  EXPECT_EQ(store().kept_answer("ann\nk1").value(), answer);
}

TEST_P(StateAnswers, AKeyThatWasNeverUsedHasNone) {
  EXPECT_EQ(store().kept_answer("k").value(), std::nullopt);
}

TEST_P(StateAnswers, TheNewerOneOfAKeyStands) {
  ASSERT_TRUE(store().keep_answer({.key = "k", .fingerprint = "f", .at = at(1)}));
  ASSERT_TRUE(
      store().keep_answer({.key = "k", .fingerprint = "f", .at = at(1), .status = 200, .body = "done"}));
  EXPECT_EQ(store().kept_answer("k").value()->body, "done");
}

TEST_P(StateAnswers, AForgottenOneIsGone) {
  keep("a", 1);
  keep("b", 1);
  ASSERT_TRUE(store().forget_answer("a"));
  EXPECT_FALSE(is_kept("a"));
  EXPECT_TRUE(is_kept("b"));
}

TEST_P(StateAnswers, OldOnesGo) {
  keep("old", 1);
  keep("young", 5);
  ASSERT_TRUE(store().forget_answers(at(5), 100));
  EXPECT_FALSE(is_kept("old"));
  EXPECT_TRUE(is_kept("young"));
}

TEST_P(StateAnswers, OfTooManyTheOldestGo) {
  for (int i = 0; i < 5; ++i) keep("k" + std::to_string(i), i);
  ASSERT_TRUE(store().forget_answers(at(0), 2));
  EXPECT_FALSE(is_kept("k2"));
  EXPECT_TRUE(is_kept("k3"));
  EXPECT_TRUE(is_kept("k4"));
}

INSTANTIATE_TEST_SUITE_P(Stores, StateAnswers, testing::ValuesIn(kStores),
                         [](const auto& store) { return std::string(store.param.name); });

}  // namespace
}  // namespace sentinel::state
