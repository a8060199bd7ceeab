#include "app/runbook_sync.hpp"

#include <gtest/gtest.h>

namespace sentinel::app {
namespace {

using Ids = std::set<std::string>;
using Runbooks = std::vector<model::Runbook>;

model::Runbook runbook(const std::string& id, const std::string& title = "t") {
  model::Runbook r;
  r.id = id;
  r.title = title;
  return r;
}

TEST(RunbookChanges, WhatTheIndexHasIsTaken) {
  const auto changes = runbook_changes({runbook("a")}, {}, {});
  EXPECT_EQ(changes.put, Runbooks{runbook("a")});
  EXPECT_EQ(changes.taken, Ids{"a"});
}

TEST(RunbookChanges, AChangeInTheIndexWins) {
  const auto changes = runbook_changes({runbook("a", "new")}, {runbook("a", "old")}, {"a"});
  EXPECT_EQ(changes.put, Runbooks{runbook("a", "new")});
}

TEST(RunbookChanges, WhatIsTheSameIsNotWrittenAgain) {
  const auto changes = runbook_changes({runbook("a")}, {runbook("a")}, {"a"});
  EXPECT_TRUE(changes.put.empty());
  EXPECT_TRUE(changes.removed.empty());
}

TEST(RunbookChanges, WhatLeftTheIndexLeavesTheLocalStore) {
  const auto changes = runbook_changes({}, {runbook("a"), runbook("ours")}, {"a"});
  EXPECT_EQ(changes.removed, std::vector<std::string>{"a"});
  EXPECT_TRUE(changes.taken.empty());
}

TEST(RunbookChanges, WhatWasRemovedHereStaysAway) {
  const auto changes = runbook_changes({runbook("a")}, {}, {"a"});
  EXPECT_TRUE(changes.put.empty());
  EXPECT_EQ(changes.taken, Ids{"a"});
}

TEST(RunbookChanges, TheIdsAreReadBack) {
  EXPECT_EQ(read_ids(write_ids({"a", "b\""})), (Ids{"a", "b\""}));
  EXPECT_TRUE(read_ids("").empty());
  EXPECT_TRUE(read_ids("{").empty());
}

}  // namespace
}  // namespace sentinel::app
