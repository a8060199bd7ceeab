// The configuration: every key, its default, its range, in one table (config_schema.cpp). The config.yaml of
// the original works unchanged. All problems of a file are told at once, each with path, value and what would
// be right.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "correlate/correlate.hpp"
#include "detect/detector.hpp"
#include "engine/settings.hpp"
#include "ingest/ingest.hpp"

namespace sentinel::app {

struct Config {
  struct Polling {
    int interval_seconds = 30;
    int lookback_minutes = 5;
    int slice_seconds = 60;
    int settle_seconds = 90;
  } polling;
  struct Detection {
    std::string method = "robust";
    model::Thresholds thresholds;
    int baseline_window_minutes = 60;
    int min_data_points = 10;
    std::vector<detect::MetricSetting> metrics;
  } detection;
  struct Correlation {
    int window_minutes = 10;
    int max_events = 50;
  } correlation;
  struct Incidents {
    int dedup_cooldown_minutes = 30;
    int resolve_after_minutes = 10;
    std::vector<std::string> pagerduty_severities = {"P1", "P2"};
    std::string mirror_index;  // empty: incidents are not written to the cluster
  } incidents;
  struct Notify {
    // Routing of one channel (notify/policy.hpp).
    struct Channel {
      std::vector<std::string> severities;
      std::vector<std::string> services;
      std::vector<std::string> hours;
      std::string zone = "UTC";
      std::vector<std::string> urgent = {"P1"};
      int group_seconds = 0;
      int repeat_minutes = 0;
      int escalate_after_minutes = 0;
    };
    std::map<std::string, Channel> channels;  // by name; what the file does not name has the defaults
    std::string web_url;
    std::string heartbeat_url;
    int heartbeat_seconds = 60;
    int blind_after_minutes = 5;
    std::string slack_api_url = "https://slack.com/api";
    std::string pagerduty_events_url = "https://events.pagerduty.com";
    std::string pagerduty_api_url = "https://api.pagerduty.com";
    std::string pagerduty_from;
    int pagerduty_read_seconds = 60;
    std::vector<std::string> alertmanager_urls;
    std::string smtp_url = "smtp://localhost:587";
    bool smtp_plain = false;
    std::string smtp_ca_file;
    std::string email_from;
    std::vector<std::string> email_to;
    std::vector<std::string> exec_command;
    int exec_timeout_seconds = 30;
  } notify;
  struct Telemetry {
    std::string store;           // "embedded" or "elasticsearch"; resolved by parse_config, never empty
    bool store_implied = false;  // the file did not name it
    std::string data_dir = "data";
    int retention_hours = 168;
    double disk_budget_gb = 20;
    int memory_limit_mb = 160;
  } telemetry;
  struct Elasticsearch {
    bool present = false;  // the file has this section
    std::vector<std::string> hosts;
    std::string log_index = "app-logs-all";
    std::string metrics_index = "app-metrics-*";
    std::string runbook_index = "incident-runbooks";
    std::string ca_file;
    std::string fingerprint;
    bool insecure = false;
    std::string cloud_id;
    std::string user;  // with ELASTICSEARCH_PASSWORD
    std::string proxy;
    int timeout_seconds = 10;
    std::string engine = "auto";  // auto, esql, search
  } elasticsearch;
  struct Analyzer {
    bool enabled = true;
    std::string model = "claude-sonnet-5-5";
    int max_tokens = 1024;
    double daily_budget_usd = 5;
    double incident_budget_usd = 0.5;
    std::string provider = "anthropic";
    std::string base_url;  // empty: ANTHROPIC_BASE_URL or the vendor's
    std::string api_version = "2026-10-21";
    std::string cheaper_model = "claude-haiku-5-5";
    int max_input_tokens = 8000;
    int concurrency = 2;
    int timeout_seconds = 120;
    bool redact_names = false;
    std::vector<std::string> redact_patterns;
    std::vector<std::string> user_id_fields = {"user_id", "uid", "user.id", "customer_id", "username"};
    double input_usd_per_mtok = 0;   // 0: by the price table
    double output_usd_per_mtok = 0;  // 0: by the price table
  } analyzer;
  struct Server {
    std::string listen = "127.0.0.1:8000";
    int threads = 2;
    std::string tls_cert_file;
    std::string tls_key_file;
    std::vector<std::string> allowed_hosts;    // names a Host header may carry, besides the listening one
    std::string proxy_user_header;             // set by a reverse proxy that knows who is there
    std::vector<std::string> trusted_proxies;  // addresses and networks it comes from
    std::vector<std::string> operators;        // users of the proxy who may write; empty: all
  } server;
  struct Logging {
    std::string level = "info";
    std::string format = "auto";  // json, text, auto (text on a terminal)
  } logging;
  ingest::FieldNames fields;
  std::vector<correlate::TopologyEdge> topology;
};

// Names of all channels, in the order they are told.
const std::vector<std::string>& notify_channels();

// What the environment (and .env) says. A secret never stands in the file.
struct Environment {
  std::map<std::string, std::string> values;
  std::string get(const std::string& name) const;
  bool has(const std::string& name) const { return !get(name).empty(); }
};
// NAME=value lines, `export`, comments, quotes ("..." with \n, \" and \\; '...' as it stands). The process
// environment wins over the file. A missing file is fine, one that cannot be read is not. Errors name the
// line and never show a value.
Result<Environment> load_environment(const std::string& dotenv_path);
Result<std::map<std::string, std::string>> parse_dotenv(std::string_view text);

struct Loaded {
  Config config;
  std::vector<std::string> problems;  // "path: what is wrong; what would be right"; empty when all is well
};
// `text` is YAML. Never fails as a whole: what cannot be read is a problem.
Loaded parse_config(std::string_view text, const Environment& environment);
// kInvalid with all problems, one a line. A missing file is an error unless `optional`, then the defaults
// hold.
Result<Config> load_config(const std::string& path, bool optional, const Environment& environment);

// The effective configuration as YAML that parse_config reads back; passwords in URLs are hidden.
std::string print_config(const Config& config);
// Every key with its value, default and purpose, and which secrets are set, as JSON (EffectiveConfig of
// docs/openapi.yaml). Shows no secret.
std::string config_json(const Config& config, const Environment& environment);
engine::Settings engine_settings(const Config& config);

struct Address {
  std::string host;
  std::uint16_t port = 0;
};
std::optional<Address> parse_listen(
    std::string_view text);  // "127.0.0.1:8000", "[::1]:8000", ":8000" (all addresses)

}  // namespace sentinel::app
