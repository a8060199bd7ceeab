#include <gtest/gtest.h>

#include "app/config.hpp"
#include "app/config_schema.hpp"

namespace sentinel::app {
namespace {

std::vector<std::string> problems(std::string_view text) { return parse_config(text, {}).problems; }

TEST(ConfigPrint, WhatIsPrintedReadsBackTheSame) {
  const auto loaded = parse_config(R"(
polling: { slice_seconds: 30, settle_seconds: 200 }
detection: { method: zscore, thresholds: { p1: 5.25 }, metrics: [cpu, {name: free, direction: down}] }
incidents: { pagerduty_severities: [] }
telemetry: { data_dir: "a: b #c", disk_budget_gb: 0.1 }
elasticsearch: { insecure: true, hosts: ["http://a:1", "http://b:2"] }
fields: { service: app.name, level: [lvl, severity] }
topology: ["gateway -> order-service", {caller: a, callee: "b -> c"}]
)",
                                   {});
  ASSERT_EQ(loaded.problems, std::vector<std::string>{});
  const std::string printed = print_config(loaded.config);
  const auto again = parse_config(printed, {});
  EXPECT_EQ(again.problems, std::vector<std::string>{});
  EXPECT_EQ(print_config(again.config), printed);
  ASSERT_EQ(again.config.detection.metrics.size(), 2U);
  EXPECT_EQ(again.config.detection.metrics[1].direction, detect::MetricSetting::Direction::kDown);
  ASSERT_EQ(again.config.topology.size(), 2U);
  EXPECT_EQ(again.config.topology[1].callee, "b -> c");
  EXPECT_EQ(again.config.telemetry.data_dir, "a: b #c");
  EXPECT_DOUBLE_EQ(again.config.detection.thresholds.p1, 5.25);
  EXPECT_TRUE(again.config.incidents.pagerduty_severities.empty());
}

TEST(ConfigPrint, PasswordsInUrlsAreHidden) {
  const Environment environment{{{"ELASTICSEARCH_URL", "https://elastic:hunter2@es:9200/path"}}};
  const std::string printed = print_config(parse_config("", environment).config);
  EXPECT_EQ(printed.find("hunter2"), std::string::npos);
  EXPECT_NE(printed.find("https://***@es:9200/path"), std::string::npos);
}

constexpr const char* kOneDocument =
    "the file must be one document: remove what stands before its first section, or from a second --- on";

TEST(ConfigLimits, WhatWouldSilentlyMeanNothingIsRefused) {
  struct Row {
    const char* about;
    const char* text;
    const char* problem;
  };
  const Row rows[] = {
      {"a password in a URL", "elasticsearch: { hosts: [\"https://elastic:hunter2@es:9200\"] }\n",
       "elasticsearch.hosts: a password does not belong in this file; set the environment variable "
       "ELASTICSEARCH_URL (or put it into .env)"},
      {"a misspelt word in a metric", "detection: { metrics: [{name: cpu, directon: up}] }\n",
       "detection.metrics: unknown key 'directon' in an entry; use name and direction"},
      {"a metric without a name", "detection: { metrics: [\"\"] }\n",
       "detection.metrics: an entry has an empty name"},
      {"a field with no name", "fields: { service: [] }\n", "fields.service: must name at least one"},
      {"a field left out", "fields: { service: }\n", "fields.service: must name at least one"},
      {"an empty field name", "fields: { service: [\"\"] }\n", "fields.service: must not hold an empty text"},
      {"severities left out", "incidents: { pagerduty_severities: }\n",
       "incidents.pagerduty_severities: must name at least one"},
      {"no folder", "telemetry: { data_dir: \"\" }\n", "telemetry.data_dir: must name a folder"},
      {"a second document", "polling: {}\n---\npolling: { interval_seconds: 5 }\n", kOneDocument},
      {"a stray comma, which hides the whole file from the parser", ", x\npolling: {}\n", kOneDocument},
      {"a stray comma and nothing else", ",", kOneDocument},
  };
  for (const Row& row : rows)
    EXPECT_EQ(problems(row.text), std::vector<std::string>{row.problem}) << row.about;
}

TEST(ConfigLimits, AHostThatOnlyNamesAUserIsNoSecret) {
  EXPECT_EQ(problems("elasticsearch: { hosts: [\"https://reader@es:9200\"] }\n"), std::vector<std::string>{});
}

TEST(ConfigLimits, AnAmpersandInALongFileIsNoBomb) {
  std::string text = "# Q&A: *why*\nelasticsearch: { metrics_index: \"app-metrics-*\" }\n";
  while (text.size() < 8192) text += "# a comment\n";
  EXPECT_EQ(problems(text), std::vector<std::string>{});
}

TEST(ConfigLimits, AliasesOfAliasesEndInOneProblemEach) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) text += (j ? ", *a" : "*a") + std::to_string(i - 1);
    text += "]\n";
  }
  EXPECT_EQ(problems(text + "detection: { metrics: *a39 }\n").size(), 41U);
}

TEST(ConfigLimits, ASectionThatHoldsItselfEnds) {
  EXPECT_EQ(problems("detection: &d { thresholds: *d }\n").size(), 1U);
}

TEST(ConfigLimits, OneDocumentMayHaveItsMarks) {
  for (const char* text : {"", "# only a comment\n", "---\npolling: {}\n", "%YAML 1.2\n---\npolling: {}\n",
                           "polling: {}\n...\n# the end\n", "\xEF\xBB\xBFpolling: {}\n", "~\n"})
    EXPECT_EQ(problems(text), std::vector<std::string>{}) << text;
}

TEST(ConfigLimits, AKeyCannotBreakTheLineOfItsProblem) {
  const auto found = problems("\"x\\ny\\e[2J\": 1\n\"x\\ny\\e[2J\": 2\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], "x y[2J: unknown key; config.yaml in the documentation lists all");
  EXPECT_EQ(found[1], "x y[2J: stands twice; keep one");
}

TEST(ConfigLimits, DeepNestingIsRefused) {
  for (const char* opening : {"[", "{a: ", "- "}) {
    std::string text;
    while (text.size() < 100'000) text += opening;
    EXPECT_EQ(problems(text).size(), 1U) << opening;
  }
}

}  // namespace
}  // namespace sentinel::app
