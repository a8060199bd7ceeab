#include "app/config.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "app/config_schema.hpp"

namespace sentinel::app {
namespace {

std::vector<std::string> problems(std::string_view text) { return parse_config(text, {}).problems; }

std::string read(const char* path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

TEST(Config, TheShippedFileHasTheDefaults) {
  const std::string text = read("config.yaml");
  ASSERT_FALSE(text.empty());
  const auto loaded = parse_config(text, {});
  EXPECT_EQ(loaded.problems, std::vector<std::string>{});
  Config defaults;
  defaults.telemetry.store = "embedded";
  EXPECT_EQ(print_config(loaded.config), print_config(parse_config("", {}).config));
}

TEST(Config, TheOriginalsFileWorksAndMeansElasticsearch) {
  const auto loaded = parse_config(R"(
polling:        { interval_seconds: 30, lookback_minutes: 5 }
detection:      { thresholds: { p1: 5.0, p2: 3.5, p3: 2.5, p4: 2.0 }, baseline_window_minutes: 60, min_data_points: 10 }
correlation:    { window_minutes: 10, max_events: 50 }
incidents:      { dedup_cooldown_minutes: 30, pagerduty_severities: ["P1", "P2"] }
elasticsearch:  { log_index: "app-logs-all", metrics_index: "app-metrics-*", runbook_index: "incident-runbooks" }
analyzer:       { model: "claude-sonnet-4-6", max_tokens: 1024 }
)",
                                   {});
  EXPECT_EQ(loaded.problems, std::vector<std::string>{});
  EXPECT_EQ(loaded.config.telemetry.store, "elasticsearch");
  EXPECT_EQ(loaded.config.analyzer.model, "claude-sonnet-4-6");
}

TEST(Config, EachProblemNamesPathValueAndWhatWouldBeRight) {
  struct Row {
    const char* about;
    const char* text;
    const char* problem;
  };
  const Row rows[] = {
      {"a misspelt key", "detection:\n  tresholds: {}\n",
       "detection.tresholds: unknown key; did you mean detection.thresholds?"},
      {"a misspelt section", "polling_: {}\n", "polling_: unknown key; did you mean polling?"},
      {"a nonsense key", "colours: red\n",
       "colours: unknown key; config.yaml in the documentation lists all"},
      {"out of range", "polling:\n  interval_seconds: 0\n",
       "polling.interval_seconds: '0' is no whole number from 1 to 3600"},
      {"no number", "polling:\n  interval_seconds: soon\n",
       "polling.interval_seconds: 'soon' is no whole number from 1 to 3600"},
      {"no whole number", "polling:\n  interval_seconds: 1.5\n",
       "polling.interval_seconds: '1.5' is no whole number from 1 to 3600"},
      {"an unknown choice", "detection: { method: magic }\n",
       "detection.method: 'magic' is not known; use robust or zscore"},
      {"a list where a text belongs", "telemetry: { data_dir: [a] }\n",
       "telemetry.data_dir: a list is no text"},
      {"a text where a section belongs", "polling: fast\n", "polling: must be a section with keys"},
      {"a key that stands twice", "polling: { interval_seconds: 5, interval_seconds: 6 }\n",
       "polling.interval_seconds: stands twice; keep one"},
      {"a secret", "slack_bot_token: xoxb-1\n",
       "slack_bot_token: secrets do not belong in this file; set the environment variable SLACK_BOT_TOKEN "
       "(or put it into .env)"},
      {"a secret in a section", "elasticsearch: { api_key: abc }\n",
       "elasticsearch.api_key: secrets do not belong in this file; set the environment variable "
       "ELASTICSEARCH_API_KEY (or put it into .env)"},
      {"thresholds that do not fall", "detection: { thresholds: { p1: 1 } }\n",
       "detection.thresholds: must fall from p1 to p4"},
      {"a slice that does not divide", "polling: { slice_seconds: 70 }\n",
       "polling.slice_seconds: 70 does not divide 300; use 10, 12, 15, 20, 25, 30, 50, 60, 75, 100, 150 or "
       "300"},
      {"no address", "server: { listen: here }\n", "server.listen: 'here' is no address; use 127.0.0.1:8000"},
      {"half a certificate", "server: { tls_cert_file: a.pem }\n",
       "server.tls_cert_file: needs tls_key_file too, and the other way round"},
      {"a list at the top", "- a\n", "the file must hold sections (polling:, detection:, ...)"},
      {"a bad edge", "topology: [\"a b\"]\n", "topology: each entry is \"caller -> callee\""},
  };
  for (const Row& row : rows)
    EXPECT_EQ(problems(row.text), std::vector<std::string>{row.problem}) << row.about;
}

TEST(Config, AllProblemsAreToldAtOnce) {
  EXPECT_EQ(problems("polling: { interval_seconds: 0, lookback_minutes: x }\nfoo: 1\n").size(), 3U);
}

TEST(Config, BrokenYamlNamesLineAndColumn) {
  const auto found = problems("polling:\n  interval_seconds: [1\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().rfind("line ", 0), 0U);
}

TEST(Config, ListsOfMetricsAndEdgesAreRead) {
  const auto loaded = parse_config(
      "detection: { metrics: [cpu, {name: free, direction: down}] }\ntopology: [\"a -> b\"]\n", {});
  ASSERT_TRUE(loaded.problems.empty());
  ASSERT_EQ(loaded.config.detection.metrics.size(), 2U);
  EXPECT_EQ(loaded.config.detection.metrics[1].direction, detect::MetricSetting::Direction::kDown);
  EXPECT_EQ(loaded.config.topology.front().callee, "b");
}

TEST(Config, EveryKeyHasAPlaceAndASentence) {
  Config config;
  for (const Key& key : config_keys()) {
    EXPECT_FALSE(key.about.empty()) << key.path;
    const int places = (key.integer ? 1 : 0) + (key.number ? 1 : 0) + (key.text ? 1 : 0) +
                       (key.boolean ? 1 : 0) + (key.texts ? 1 : 0);
    EXPECT_EQ(places, key.type == Key::Type::kMetrics || key.type == Key::Type::kTopology ? 0 : 1)
        << key.path;
  }
}

TEST(Dotenv, ReadsNamesQuotesAndComments) {
  const auto values = parse_dotenv("# all\nexport A=1\nB=\"two words\"\nC=x # why\n\nD='#'\n");
  ASSERT_TRUE(values);
  EXPECT_EQ(*values,
            (std::map<std::string, std::string>{{"A", "1"}, {"B", "two words"}, {"C", "x"}, {"D", "#"}}));
}

TEST(Dotenv, ABrokenLineIsNamed) {
  EXPECT_EQ(parse_dotenv("A=1\nnonsense\n").error().text(), "line 2: must be NAME=value");
}

TEST(ParseListen, KnowsTheSpellingsOfAnAddress) {
  EXPECT_EQ(parse_listen("127.0.0.1:8000")->port, 8000);
  EXPECT_EQ(parse_listen("[::1]:80")->host, "::1");
  EXPECT_EQ(parse_listen(":9")->host, "0.0.0.0");
  EXPECT_FALSE(parse_listen("127.0.0.1"));
  EXPECT_FALSE(parse_listen("a:70000"));
}

}  // namespace
}  // namespace sentinel::app
