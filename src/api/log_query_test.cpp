#include "api/log_query.hpp"

#include <gtest/gtest.h>

namespace sentinel::api {
namespace {

using Terms = std::vector<std::pair<std::string, std::string>>;
const Time kNow = time_from_micros(1'771'614'000'000'000);

TEST(ParseQueryText, Table) {
  struct Case {
    const char* about;
    const char* q;
    std::vector<std::string> texts;
    Terms terms;
  };
  const std::vector<Case> cases = {
      {"words each count", "pool exhausted", {"pool", "exhausted"}, {}},
      {"quotes make a phrase", R"(late "pool exhausted")", {"late", "pool exhausted"}, {}},
      {"a quote inside a word joins on", R"(say="a b" c)", {"say=a b", "c"}, {}},
      {"blanks between words do not matter", "  pool   exhausted ", {"pool", "exhausted"}, {}},
      {"a term", "service:pay", {}, {{"service", "pay"}}},
      {"terms and words",
       "timeout service:pay host:web-1 after",
       {"timeout", "after"},
       {{"service", "pay"}, {"host", "web-1"}}},
      {"a quoted value", R"(tenant:"acme corp")", {}, {{"tenant", "acme corp"}}},
      {"quotes keep blanks and colons", R"("error: a  b")", {"error: a  b"}, {}},
      {"a dotted name", "http.route:/pay", {}, {{"http.route", "/pay"}}},
      {"a value with colons", "peer:10.0.0.1:80", {}, {{"peer", "10.0.0.1:80"}}},
      {"a URL is text", "http://pay/x", {"http://pay/x"}, {}},
      {"a time of day is text", "10:30:11", {"10:30:11"}, {}},
      {"a name without value is text", "Error: x", {"Error:", "x"}, {}},
      {"a quote that does not close is text", "say \"hi", {"say", "\"hi"}, {}},
      {"nothing", "", {}, {}},
  };
  for (const auto& test : cases) {
    const auto parsed = parse_query_text(test.q);
    EXPECT_EQ(parsed.texts, test.texts) << test.about;
    EXPECT_EQ(parsed.terms, test.terms) << test.about;
  }
}

net::Request with(std::vector<std::pair<std::string, std::string>> query) {
  net::Request request;
  request.query = std::move(query);
  return request;
}

TEST(ReadLogQuery, TermsAndParametersMeanTheSame) {
  const auto terms =
      read_log_query(with({{"q", "service:pay level:error trace:t1 status:503 x"}}), kNow, hours(1));
  const auto parameters = read_log_query(with({{"service", "pay"},
                                               {"level", "error"},
                                               {"trace", "t1"},
                                               {"where", "status_code=503"},
                                               {"q", "x"}}),
                                         kNow, hours(1));
  ASSERT_TRUE(terms && parameters);
  for (const auto* query : {&*terms, &*parameters}) {
    EXPECT_EQ(query->services, std::vector<std::string>{"pay"});
    EXPECT_EQ(query->min_level, model::Level::kError);
    EXPECT_EQ(query->trace_ids, std::vector<std::string>{"t1"});
    EXPECT_EQ(query->fields, (Terms{{"status_code", "503"}}));
    EXPECT_EQ(query->texts, std::vector<std::string>{"x"});
  }
}

TEST(ReadLogQuery, TheStricterLevelHolds) {
  const auto query = read_log_query(with({{"q", "level:error"}, {"level", "warning"}}), kNow, hours(1));
  EXPECT_EQ(query->min_level, model::Level::kError);
}

TEST(ReadLogQuery, WhatIsWrongIsNamed) {
  struct Case {
    std::vector<std::pair<std::string, std::string>> query;
    const char* named;
  };
  const std::vector<Case> cases = {
      {{{"level", "loud"}}, "level"},    {{{"q", "level:loud"}}, "level"},
      {{{"where", "host"}}, "where"},    {{{"where", "=x"}}, "where"},
      {{{"from", "yesterday"}}, "from"}, {{{"kind", "metrics"}}, "kind"},
      {{{"failed", "yes"}}, "failed"},   {{{"from", "now-1h"}, {"to", "now-2h"}}, "range"},
  };
  for (const auto& test : cases) {
    const auto query = read_log_query(with(test.query), kNow, hours(1));
    ASSERT_FALSE(query) << test.named;
    EXPECT_EQ(query.error().kind, ErrorKind::kInvalid);
    EXPECT_NE(query.error().text().find(test.named), std::string::npos) << query.error().text();
  }
}

}  // namespace
}  // namespace sentinel::api
