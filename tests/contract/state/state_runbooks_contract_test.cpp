// What every StateStore promises about runbooks: facts about order, never about exact scores.
#include "state_contract.hpp"

namespace sentinel::state {
namespace {

class StateRunbooks : public StateContract {
 protected:
  void SetUp() override {
    StateContract::SetUp();
    // Enough other texts that a word of one of them tells.
    put("Pool exhausted", {"payment"}, {"error_rate", "database"},
        "all connections of the pool were held by long transactions");
    put("Bad deploy", {"order", "payment"}, {"error_rate", "deploy"}, "the new version throws on checkout");
    put("Slow locks", {"inventory"}, {"latency_p99", "database"}, "a migration held row locks");
    put("Silent service", {"auth"}, {"silence"}, "out of memory, every instance restarted");
    put("Surge", {"gateway"}, {"traffic"}, "a client retried without backoff");
    put("\xC3\x9C"
        "bersicht",
        {"\xE6\xBC\xA2"}, {"\xF0\x9F\x94\xA5"},
        "fa\xC3\xA7"
        "ade caf\xC3\xA9");
  }
  void put(const std::string& title, std::vector<std::string> services, std::vector<std::string> tags,
           const std::string& cause) {
    model::Runbook runbook{model::runbook_id(title), title, "2026-01-01",
                           std::move(services),      cause, {"look", "mend it", "verify"},
                           std::move(tags)};
    const auto done = store().put_runbook(runbook);
    ASSERT_TRUE(done) << done.error().text();
  }
  std::vector<std::string> titles(const RunbookQuery& query) {
    const auto found = store().search_runbooks(query);
    EXPECT_TRUE(found) << found.error().text();
    std::vector<std::string> all;
    for (const auto& match : found.value_or(std::vector<model::RunbookMatch>()))
      all.push_back(match.runbook.title);
    return all;
  }
  std::string best(const RunbookQuery& query) {
    const auto all = titles(query);
    return all.empty() ? "" : all.front();
  }
};

using Titles = std::vector<std::string>;

TEST_P(StateRunbooks, AreListedByTitleAndComeBackWhole) {
  const auto all = store().runbooks();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 6U);
  EXPECT_EQ(all->front().title, "Bad deploy");
  EXPECT_EQ(all->front().services_affected, (Titles{"order", "payment"}));
  EXPECT_EQ(all->front().resolution_steps, (Titles{"look", "mend it", "verify"}));
  EXPECT_EQ(all->front().incident_date, "2026-01-01");
}

TEST_P(StateRunbooks, AReplacedOneIsFoundByItsNewWordsOnly) {
  put("Pool exhausted", {"payment"}, {}, "zebra");
  EXPECT_EQ(store().runbooks()->size(), 6U);
  EXPECT_EQ(titles({.text = "zebra"}), Titles{"Pool exhausted"});
  EXPECT_EQ(titles({.text = "transactions"}), Titles{});
}

TEST_P(StateRunbooks, ARemovedOneIsGoneFromTheSearchToo) {
  EXPECT_TRUE(*store().remove_runbook(model::runbook_id("Surge")));
  EXPECT_FALSE(*store().remove_runbook(model::runbook_id("Surge")));
  EXPECT_EQ(store().runbooks()->size(), 5U);
  EXPECT_EQ(titles({.services = {"gateway"}, .text = "backoff"}), Titles{});
}

TEST_P(StateRunbooks, OnesThatCouldNotBeReadBackAreRefused) {
  for (const auto& runbook : {model::Runbook{.id = "rb-1"}, model::Runbook{.title = "no id"}}) {
    const auto done = store().put_runbook(runbook);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::kInvalid);
  }
  EXPECT_EQ(store().runbooks()->size(), 6U);
}

TEST_P(StateRunbooks, AreFoundByAnyConditionAlone) {
  struct Row {
    const char* about;
    RunbookQuery query;
    const char* best;
  };
  const Row rows[] = {
      {"a service", {.services = {"auth"}}, "Silent service"},
      {"a service in other letters", {.services = {"AUTH"}}, "Silent service"},
      {"a tag", {.tags = {"traffic"}}, "Surge"},
      {"a word of the cause", {.text = "backoff"}, "Surge"},
      {"a word of the title", {.text = "locks"}, "Slow locks"},
      {"a word of a tag", {.text = "silence"}, "Silent service"},
      {"a word in capitals", {.text = "MIGRATION"}, "Slow locks"},
      {"one word of many", {.text = "unheard words around transactions"}, "Pool exhausted"},
      {"a service outside ASCII",
       {.services = {"\xE6\xBC\xA2"}},
       "\xC3\x9C"
       "bersicht"},
      {"a word outside ASCII",
       {.text = "caf\xC3\xA9"},
       "\xC3\x9C"
       "bersicht"},
  };
  for (const Row& row : rows) EXPECT_EQ(best(row.query), row.best) << row.about;
}

TEST_P(StateRunbooks, EmptyConditionsMatchNothing) {
  EXPECT_EQ(titles({}), Titles{});
  EXPECT_EQ(titles({.text = "   "}), Titles{});
  EXPECT_EQ(titles({.services = {"nobody"}, .tags = {"none"}, .text = "xylophone"}), Titles{});
}

TEST_P(StateRunbooks, MoreThatFitsRanksHigher) {
  EXPECT_EQ(best({.services = {"payment"}, .tags = {"deploy"}}), "Bad deploy");
  EXPECT_EQ(best({.services = {"payment"}, .tags = {"database"}}), "Pool exhausted");
  EXPECT_EQ(best({.services = {"payment"}, .text = "pool connections transactions"}), "Pool exhausted");
  EXPECT_EQ(best({.tags = {"database"}, .text = "row locks"}), "Slow locks");
}

TEST_P(StateRunbooks, ScoresFallFromBestToWorst) {
  const auto found = store().search_runbooks({.services = {"payment", "order"},
                                              .tags = {"error_rate", "database"},
                                              .text = "migration pool",
                                              .limit = 10});
  ASSERT_TRUE(found);
  ASSERT_GE(found->size(), 3U);
  for (std::size_t n = 1; n < found->size(); ++n) EXPECT_GE((*found)[n - 1].score, (*found)[n].score);
}

TEST_P(StateRunbooks, TheLimitCutsTheWorst) {
  RunbookQuery query{.services = {"payment", "order", "inventory"}, .tags = {"error_rate", "database"}};
  query.limit = 10;
  const auto all = titles(query);
  ASSERT_GE(all.size(), 3U);
  query.limit = 2;
  EXPECT_EQ(titles(query), Titles(all.begin(), all.begin() + 2));
  query.limit = 0;
  EXPECT_EQ(titles(query), Titles{});
}

TEST_P(StateRunbooks, ReasonsSayWhatMatched) {
  const auto found =
      store().search_runbooks({.services = {"payment"}, .tags = {"database"}, .text = "xylophone pool"});
  ASSERT_TRUE(found && !found->empty());
  EXPECT_EQ(found->front().reasons, (Titles{"names payment", "tag database", "text: pool"}));
}

TEST_P(StateRunbooks, NothingInTheTextIsAnOperator) {
  for (const char* text :
       {"\"*()- AND NOT", "\"", "\"\"", "NEAR(pool, 2)", "title:pool", "pool*", "^pool", "-pool", "(((",
        "'; --", "\xE2\x80\x94", "\xF0\x9F\x94\xA5 \xF0\x9F\x94\xA5", "\xFF\xFE", "%", "{}[]", "\\"}) {
    EXPECT_TRUE(store().search_runbooks({.text = text})) << text;
  }
  EXPECT_EQ(best({.text = "NOT backoff"}), "Surge");
  EXPECT_EQ(best({.text = "backoff AND xylophone"}), "Surge");
  EXPECT_EQ(best({.text = "title:backoff*\" OR ("}), "Surge");
  EXPECT_EQ(titles({.text = "pool*x"}).size(), 1U);
  EXPECT_EQ(titles({.text = "transac*"}), Titles{});
}

TEST_P(StateRunbooks, ANulEndsNothing) {
  EXPECT_EQ(best({.text = std::string("xylophone\0backoff", 17)}), "Surge");
}

TEST_P(StateRunbooks, AQuestionMayBeAsLongAsALog) {
  std::string text = "backoff ";
  for (int n = 0; n < 20'000; ++n) text += "word" + std::to_string(n) + " ";
  const auto found = store().search_runbooks({.text = text});
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Stores, StateRunbooks, testing::ValuesIn(kStores),
                         [](const auto& store) { return std::string(store.param.name); });

}  // namespace
}  // namespace sentinel::state
