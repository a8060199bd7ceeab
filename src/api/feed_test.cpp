#include "api/feed.hpp"

#include <gtest/gtest.h>

namespace sentinel::api {
namespace {

TEST(SseEvent, EndsWithABlankLine) {
  EXPECT_EQ(sse_event("b-1", "tick", "{}"), "id: b-1\nevent: tick\ndata: {}\n\n");
  EXPECT_EQ(sse_event("", "lines", "{}"), "event: lines\ndata: {}\n\n");
}

TEST(ResumeAt, Table) {
  struct Case {
    const char* about;
    const char* last_id;
    std::optional<std::uint64_t> from;
  };
  // Events 10 to 19 are kept; the next will be 20.
  const Case cases[] = {
      {"the next one after what was seen", "b-14", 15},
      {"everything that is kept", "b-9", 10},
      {"nothing missed", "b-19", 20},
      {"one too old", "b-8", std::nullopt},
      {"a number that was never given", "b-20", std::nullopt},
      {"another server's", "a-14", std::nullopt},
      {"no id", "", std::nullopt},
      {"no number", "b-", std::nullopt},
      {"not only a number", "b-14x", std::nullopt},
  };
  for (const auto& test : cases) EXPECT_EQ(resume_at(test.last_id, "b", 10, 20), test.from) << test.about;
}

}  // namespace
}  // namespace sentinel::api
