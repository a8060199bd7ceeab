#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "runbooks/runbooks.hpp"

namespace sentinel::runbooks {
namespace {

using Texts = std::vector<std::string>;

model::Runbook only(std::string_view text) {
  const auto read = from_markdown(text);
  EXPECT_TRUE(read) << read.error().text();
  EXPECT_TRUE(read && read->size() == 1);
  return read && !read->empty() ? read->front() : model::Runbook{};
}

// Lines an engineer may write, those that look like Markdown's own form among them.
TEST(Markdown, WhatIsWrittenReadsBackEqual) {
  const Texts lines = {"restart it",          "# kubectl rollout undo deploy/db",
                       "## not a heading",    "- not an item",
                       "1. not a number",     "SELECT 1; -- a: b, c",
                       "Date: is a word",     "\xC3\xBC\xE6\xBC\xA2 \xF0\x9F\x94\xA5",
                       "`code` and *stars*",  "```",
                       "\\# escaped already", "\\ only a backslash"};
  Rng rng(7);
  const auto line = [&] { return lines[static_cast<std::size_t>(rng.integer(0, std::ssize(lines) - 1))]; };
  const auto text_of = [&](std::int64_t count) {
    std::string text = line();
    for (; count > 1; --count) text += "\n" + line();
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<model::Runbook> runbooks;
    for (auto n = rng.integer(1, 3); n > 0; --n) {
      model::Runbook runbook;
      runbook.title = line();
      runbook.id = rng.chance(0.5) ? model::runbook_id(runbook.title) : "rb-of-my-own";
      if (rng.chance(0.5)) runbook.incident_date = "2026-01-15";
      if (rng.chance(0.5)) runbook.services_affected = {"db", "web"};
      if (rng.chance(0.5)) runbook.tags = {"error_rate", "connection-pool"};
      if (rng.chance(0.8)) runbook.root_cause = text_of(rng.integer(1, 3));
      for (auto steps = rng.integer(0, 4); steps > 0; --steps)
        runbook.resolution_steps.push_back(text_of(rng.integer(1, 3)));
      runbooks.push_back(runbook);
    }
    const std::string text = to_markdown(runbooks);
    const auto read = from_markdown(text);
    ASSERT_TRUE(read) << read.error().text() << "\n" << text;
    ASSERT_EQ(*read, runbooks) << "round " << round << "\n" << text;
  }
}

TEST(Markdown, AHashInACodeFenceIsNoTitle) {
  const auto runbook = only(
      "# Pool exhausted\n\n## Resolution\n\n1. Restart:\n```sh\n# one at a time\nkubectl rollout "
      "restart\n```\n"
      "2. Verify\n");
  EXPECT_EQ(runbook.resolution_steps,
            (Texts{"Restart:\n# one at a time\nkubectl rollout restart", "Verify"}));
}

TEST(Markdown, AnyListMarkerBeginsAStep) {
  EXPECT_EQ(only("# t\n## Resolution\n- a\n* b\n3) c\n10. d\ne\n").resolution_steps,
            (Texts{"a", "b", "c", "d", "e"}));
}

TEST(Markdown, WrappedLinesAreOneParagraph) {
  EXPECT_EQ(only("# t\n## Root cause\nthe pool\nwas empty\n\nand stayed so\n").root_cause,
            "the pool was empty\nand stayed so");
}

TEST(Markdown, TakesWindowsLineEndsAndAnyCaseOfNames) {
  const auto runbook = only("# t\r\nSERVICES: db , web\r\ntags:x\r\n\r\n## ROOT CAUSE\r\nthe pool\r\n");
  EXPECT_EQ(runbook.title, "t");
  EXPECT_EQ(runbook.services_affected, (Texts{"db", "web"}));
  EXPECT_EQ(runbook.tags, Texts{"x"});
  EXPECT_EQ(runbook.root_cause, "the pool");
}

TEST(Markdown, AnErrorNamesTheLine) {
  EXPECT_EQ(from_markdown("\nhello\n# t\n").error().message,
            "line 2: a runbook begins with '# title', not with 'hello'");
  EXPECT_EQ(from_markdown("# a\n\n#  \n").error().message, "line 3: the title is empty");
  EXPECT_EQ(from_markdown("# a\n```\n").error().message, "the last code fence (```) is not closed");
}

TEST(Markdown, NothingIsNoRunbook) { EXPECT_TRUE(from_markdown("\n \n")->empty()); }

}  // namespace
}  // namespace sentinel::runbooks
