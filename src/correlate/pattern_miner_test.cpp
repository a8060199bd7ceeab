#include "correlate/pattern_miner.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.hpp"

namespace sentinel::correlate {
namespace {

TEST(Mask, ReplacesWhatVariesByItsLooks) {
  const std::pair<const char*, const char*> rows[] = {
      {"user 42 from 10.0.0.1", "user <num> from <ip>"},
      {"bound to 10.0.0.1:8080", "bound to <ip>"},
      {"session 123e4567-e89b-12d3-a456-426614174000 ended", "session <uuid> ended"},
      {"at 0xDEADbeef", "at <hex>"},
      {"commit 9fd0143 merged", "commit <hex> merged"},
      {"opened /var/lib/data/file-7.log.", "opened <path>."},
      {"GET https://shop.example/cart?id=7 failed", "GET <url> failed"},
      {"mail to ann.b@shop.example sent", "mail to <email> sent"},
      {"started 2026-02-20T19:20:27.123Z ok", "started <time> ok"},
      {"started 2026-02-20 19:20:27,123 ok", "started <time> ok"},
      {"at 19:20:27 exactly", "at <time> exactly"},
      {"took 1800ms, 1.5s or 20 us", "took <dur>, <dur> or <num> us"},
      {"name='ann' age=-3", "name=<str> age=<num>"},
      {"said \"two words\" twice", "said \"two words\" twice"},
      {"blk_-6952295868487656571 of node12", "blk_<num> of node<num>"},
      {"don't panic", "don't panic"},
      {"1,234,567 rows in 3.5 GB", "<num> rows in <num> GB"},
      {"nothing to see here", "nothing to see here"},
      {"", ""},
  };
  for (const auto& [message, expected] : rows) EXPECT_EQ(mask(message), expected);
}

TEST(PatternMiner, MessagesThatDifferInTheirVariablePartsShareAPattern) {
  PatternMiner miner({});
  const auto id = miner.learn("connection pool exhausted after 1800 ms");
  EXPECT_EQ(miner.learn("connection pool exhausted after 30000 ms"), id);
  EXPECT_EQ(miner.template_of(id), "connection pool exhausted after <num> ms");
  EXPECT_NE(miner.learn("cache is cold"), id);
}

TEST(PatternMiner, WordsThatVaryBecomeWildcards) {
  PatternMiner miner({});
  const auto id = miner.learn("order accepted for customer alice today");
  EXPECT_EQ(miner.learn("order accepted for customer bob today"), id);
  EXPECT_EQ(miner.template_of(id), "order accepted for customer <*> today");
}

TEST(PatternMiner, MatchLearnsNothing) {
  PatternMiner miner({});
  EXPECT_EQ(miner.match("cache is cold"), "");
  EXPECT_EQ(miner.size(), 0U);
  const auto id = miner.learn("cache is cold");
  EXPECT_EQ(miner.match("cache is cold"), id);
}

TEST(PatternMiner, IdsComeFromTheFirstMessageAlone) {
  PatternMiner one({});
  PatternMiner other({});
  other.learn("something else entirely happened before");
  EXPECT_EQ(one.learn("cache is cold"), other.learn("cache is cold"));
}

TEST(PatternMiner, ForgetsTheLeastRecentlySeen) {
  PatternMiner miner({.max_patterns = 2});
  const auto a = miner.learn("alpha starts");
  const auto b = miner.learn("beta stops at once");
  miner.learn("alpha starts");
  miner.learn("gamma is a longer message");
  EXPECT_EQ(miner.size(), 2U);
  EXPECT_EQ(miner.template_of(a), "alpha starts");
  EXPECT_EQ(miner.template_of(b), "");
}

TEST(PatternMiner, LongMessagesEndInAWildcard) {
  PatternMiner miner({.max_tokens = 3});
  const auto id = miner.learn("a b c d e f");
  EXPECT_EQ(miner.learn("a b c x"), id);
  EXPECT_EQ(miner.template_of(id), "a b c <*>");
}

std::string random_message(Rng& rng) {
  static constexpr const char* kWords[] = {"open", "close",  "read",   "user", "from",
                                           "42",   "failed", "/etc/x", "ok"};
  std::string text;
  for (auto n = rng.integer(0, 7); n > 0; --n) text += std::string(kWords[rng.integer(0, 8)]) + ' ';
  return text;
}

TEST(PatternMiner, ARestoredMinerGoesOnAsIfNothingHappened) {
  PatternMiner original({.max_patterns = 50, .max_children = 4});
  Rng rng(11);
  for (int i = 0; i < 2000; ++i) original.learn(random_message(rng));
  auto restored = PatternMiner::restore({.max_patterns = 50, .max_children = 4}, original.snapshot());
  ASSERT_TRUE(restored) << restored.error().text();
  for (int i = 0; i < 2000; ++i) {
    const auto message = random_message(rng);
    ASSERT_EQ(restored->learn(message), original.learn(message)) << message;
  }
  EXPECT_EQ(restored->snapshot(), original.snapshot());
}

TEST(PatternMiner, DamagedSnapshotsAreRefused) {
  PatternMiner miner({});
  miner.learn("cache is cold");
  const std::string good = miner.snapshot();
  EXPECT_TRUE(PatternMiner::restore({}, good));
  EXPECT_FALSE(PatternMiner::restore({}, ""));
  EXPECT_FALSE(PatternMiner::restore({}, "patterns 9\n"));
  EXPECT_FALSE(PatternMiner::restore({}, good + "short 1. x\n"));
  EXPECT_FALSE(PatternMiner::restore({}, good + "0123456789abcdef 11111111. x\n"));
}

TEST(PatternMiner, SurvivesAnyBytes) {
  PatternMiner miner({.max_patterns = 20});
  Rng rng(3);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (auto n = rng.integer(0, 60); n > 0; --n) text += static_cast<char>(rng.integer(0, 255));
    const auto id = miner.learn(text);
    EXPECT_EQ(id.size(), 16U);
    EXPECT_LE(miner.size(), 20U);
  }
}

}  // namespace
}  // namespace sentinel::correlate
