#include "app/config_schema.hpp"

namespace sentinel::app {
namespace {

using Type = Key::Type;

Key integer(std::string path, double least, double most, std::function<int*(Config&)> at, std::string about) {
  Key key{.path = std::move(path),
          .about = std::move(about),
          .type = Type::kInteger,
          .least = least,
          .most = most};
  key.integer = std::move(at);
  return key;
}
Key number(std::string path, double least, double most, std::function<double*(Config&)> at,
           std::string about) {
  Key key{.path = std::move(path),
          .about = std::move(about),
          .type = Type::kNumber,
          .least = least,
          .most = most};
  key.number = std::move(at);
  return key;
}
Key text(std::string path, std::vector<std::string> choices, std::function<std::string*(Config&)> at,
         std::string about) {
  Key key{
      .path = std::move(path), .about = std::move(about), .type = Type::kText, .choices = std::move(choices)};
  key.text = std::move(at);
  return key;
}
Key boolean(std::string path, std::function<bool*(Config&)> at, std::string about) {
  Key key{.path = std::move(path), .about = std::move(about), .type = Type::kBoolean};
  key.boolean = std::move(at);
  return key;
}
Key texts(std::string path, std::vector<std::string> choices,
          std::function<std::vector<std::string>*(Config&)> at, std::string about) {
  Key key{.path = std::move(path),
          .about = std::move(about),
          .type = Type::kTexts,
          .choices = std::move(choices)};
  key.texts = std::move(at);
  return key;
}

void add_notify_keys(std::vector<Key>& keys) {
  const auto add = [&](Key key) { keys.push_back(std::move(key)); };
  add(text(
      "notify.web_url", {}, [](Config& c) { return &c.notify.web_url; },
      "address of the dashboard as people reach it, for links"));
  add(text(
      "notify.heartbeat_url", {}, [](Config& c) { return &c.notify.heartbeat_url; },
      "asked while ticks succeed, for a dead man's switch; SENTINELOPS_HEARTBEAT_URL wins"));
  add(integer(
      "notify.heartbeat_seconds", 1, 86400, [](Config& c) { return &c.notify.heartbeat_seconds; },
      "time between two heartbeats"));
  add(integer(
      "notify.blind_after_minutes", 0, 1440, [](Config& c) { return &c.notify.blind_after_minutes; },
      "ticks or a channel may fail so long before the other channels are told"));
  const std::vector<std::string> severities = {"P1", "P2", "P3", "P4"};
  for (const auto& name : notify_channels()) {
    const std::string path = "notify." + name + ".";
    const auto at = [name](auto member) {
      return [name, member](Config& c) { return &(c.notify.channels[name].*member); };
    };
    using Channel = Config::Notify::Channel;
    add(texts(path + "severities", severities, at(&Channel::severities), "what is told; none named: all"));
    add(texts(path + "services", {}, at(&Channel::services), "globs; none named: all"));
    add(texts(path + "hours", {}, at(&Channel::hours), "\"Mon-Fri 08:00-18:00\"; none named: always"));
    add(text(path + "zone", {}, at(&Channel::zone), "time zone of the hours"));
    add(texts(path + "urgent", severities, at(&Channel::urgent),
              "severities that do not wait for the hours"));
    add(integer(path + "group_seconds", 0, 3600, at(&Channel::group_seconds),
                "the first message waits so long for what follows at once"));
    add(integer(path + "repeat_minutes", 0, 10080, at(&Channel::repeat_minutes),
                "told again while nobody has acknowledged; 0: never"));
    add(integer(path + "escalate_after_minutes", 0, 10080, at(&Channel::escalate_after_minutes),
                "told only without acknowledgement for so long; 0: at once"));
  }
  add(text(
      "notify.slack.api_url", {}, [](Config& c) { return &c.notify.slack_api_url; }, "of Slack's Web API"));
  add(text(
      "notify.pagerduty.events_url", {}, [](Config& c) { return &c.notify.pagerduty_events_url; },
      "of the Events API; https://events.eu.pagerduty.com in the EU"));
  add(text(
      "notify.pagerduty.api_url", {}, [](Config& c) { return &c.notify.pagerduty_api_url; },
      "of the REST API; https://api.eu.pagerduty.com in the EU"));
  add(text(
      "notify.pagerduty.from", {}, [](Config& c) { return &c.notify.pagerduty_from; },
      "e-mail of a PagerDuty user, for the REST API"));
  add(integer(
      "notify.pagerduty.read_seconds", 1, 3600, [](Config& c) { return &c.notify.pagerduty_read_seconds; },
      "time between two looks for acknowledgements in PagerDuty"));
  add(texts(
      "notify.alertmanager.urls", {}, [](Config& c) { return &c.notify.alertmanager_urls; },
      "every peer of the cluster"));
  add(text(
      "notify.email.smtp_url", {}, [](Config& c) { return &c.notify.smtp_url; },
      "smtp://host:587 with STARTTLS, or smtps://host:465"));
  add(boolean(
      "notify.email.plain", [](Config& c) { return &c.notify.smtp_plain; },
      "no STARTTLS, for a relay on this machine"));
  add(text(
      "notify.email.ca_file", {}, [](Config& c) { return &c.notify.smtp_ca_file; },
      "PEM file of the authority that vouches for the mail server; empty: the system's"));
  add(text(
      "notify.email.from", {}, [](Config& c) { return &c.notify.email_from; }, "sender's address"));
  add(texts(
      "notify.email.to", {}, [](Config& c) { return &c.notify.email_to; }, "addresses; none: no e-mail"));
  add(texts(
      "notify.exec.command", {}, [](Config& c) { return &c.notify.exec_command; },
      "program and arguments; it gets JSON on standard input, no shell"));
  add(integer(
      "notify.exec.timeout_seconds", 1, 600, [](Config& c) { return &c.notify.exec_timeout_seconds; },
      "then it is killed"));
}

std::vector<Key> make_keys() {
  const std::vector<std::string> severities = {"P1", "P2", "P3", "P4"};
  std::vector<Key> keys = {
      integer(
          "polling.interval_seconds", 1, 3600, [](Config& c) { return &c.polling.interval_seconds; },
          "time between two ticks"),
      integer(
          "polling.lookback_minutes", 1, 60, [](Config& c) { return &c.polling.lookback_minutes; },
          "window of the zscore method"),
      integer(
          "polling.slice_seconds", 10, 300, [](Config& c) { return &c.polling.slice_seconds; },
          "length of a slice; divides 300"),
      integer(
          "polling.settle_seconds", 0, 290, [](Config& c) { return &c.polling.settle_seconds; },
          "a slice closes this long after its end"),
      text(
          "detection.method", {"robust", "zscore"}, [](Config& c) { return &c.detection.method; },
          "robust, or the original's plain formula"),
      number(
          "detection.thresholds.p1", 0.1, 100, [](Config& c) { return &c.detection.thresholds.p1; },
          "least score of a P1"),
      number(
          "detection.thresholds.p2", 0.1, 100, [](Config& c) { return &c.detection.thresholds.p2; },
          "least score of a P2"),
      number(
          "detection.thresholds.p3", 0.1, 100, [](Config& c) { return &c.detection.thresholds.p3; },
          "least score of a P3"),
      number(
          "detection.thresholds.p4", 0.1, 100, [](Config& c) { return &c.detection.thresholds.p4; },
          "least score of a P4"),
      integer(
          "detection.baseline_window_minutes", 10, 1440,
          [](Config& c) { return &c.detection.baseline_window_minutes; }, "baseline of the zscore method"),
      integer(
          "detection.min_data_points", 2, 1000, [](Config& c) { return &c.detection.min_data_points; },
          "baseline values that the zscore method needs"),
      Key{.path = "detection.metrics",
          .about = "numeric fields of metric documents to watch",
          .type = Type::kMetrics},
      integer(
          "correlation.window_minutes", 1, 120, [](Config& c) { return &c.correlation.window_minutes; },
          "around the earliest anomaly"),
      integer(
          "correlation.max_events", 1, 1000, [](Config& c) { return &c.correlation.max_events; },
          "events shown with an incident"),
      integer(
          "incidents.dedup_cooldown_minutes", 1, 1440,
          [](Config& c) { return &c.incidents.dedup_cooldown_minutes; },
          "the same anomaly within it is no news"),
      integer(
          "incidents.resolve_after_minutes", 1, 1440,
          [](Config& c) { return &c.incidents.resolve_after_minutes; },
          "clean time that resolves an incident"),
      texts(
          "incidents.pagerduty_severities", severities,
          [](Config& c) { return &c.incidents.pagerduty_severities; }, "what pages"),
      text(
          "incidents.mirror_index", {}, [](Config& c) { return &c.incidents.mirror_index; },
          "index that gets a copy of every incident, for Kibana; empty: none"),
      text(
          "telemetry.store", {"embedded", "elasticsearch"}, [](Config& c) { return &c.telemetry.store; },
          "where log documents live"),
      text(
          "telemetry.data_dir", {}, [](Config& c) { return &c.telemetry.data_dir; },
          "folder of the embedded store and of the incidents"),
      integer(
          "telemetry.retention_hours", 1, 87600, [](Config& c) { return &c.telemetry.retention_hours; },
          "documents are kept so long"),
      number(
          "telemetry.disk_budget_gb", 0.1, 100000, [](Config& c) { return &c.telemetry.disk_budget_gb; },
          "the oldest documents go when the store grows beyond it"),
      integer(
          "telemetry.memory_limit_mb", 64, 1 << 20, [](Config& c) { return &c.telemetry.memory_limit_mb; },
          "buffers of the embedded store"),
      texts(
          "elasticsearch.hosts", {}, [](Config& c) { return &c.elasticsearch.hosts; },
          "URLs; by default ELASTICSEARCH_URL"),
      text(
          "elasticsearch.log_index", {}, [](Config& c) { return &c.elasticsearch.log_index; },
          "index, alias or pattern of log documents"),
      text(
          "elasticsearch.metrics_index", {}, [](Config& c) { return &c.elasticsearch.metrics_index; },
          "indices whose documents are metric points"),
      text(
          "elasticsearch.runbook_index", {}, [](Config& c) { return &c.elasticsearch.runbook_index; },
          "index of runbooks"),
      text(
          "elasticsearch.ca_file", {}, [](Config& c) { return &c.elasticsearch.ca_file; },
          "certificate authority, PEM"),
      text(
          "elasticsearch.fingerprint", {}, [](Config& c) { return &c.elasticsearch.fingerprint; },
          "SHA-256 of the certificate, hex"),
      boolean(
          "elasticsearch.insecure", [](Config& c) { return &c.elasticsearch.insecure; },
          "do not verify certificates"),
      text(
          "elasticsearch.cloud_id", {}, [](Config& c) { return &c.elasticsearch.cloud_id; },
          "Elastic Cloud's name for the cluster, instead of hosts"),
      text(
          "elasticsearch.user", {}, [](Config& c) { return &c.elasticsearch.user; },
          "with ELASTICSEARCH_PASSWORD, when there is no API key"),
      text(
          "elasticsearch.proxy", {}, [](Config& c) { return &c.elasticsearch.proxy; },
          "HTTP proxy; by default HTTPS_PROXY and NO_PROXY"),
      integer(
          "elasticsearch.timeout_seconds", 1, 120, [](Config& c) { return &c.elasticsearch.timeout_seconds; },
          "longest wait for one answer"),
      text(
          "elasticsearch.engine", {"auto", "esql", "search"},
          [](Config& c) { return &c.elasticsearch.engine; }, "auto asks the cluster whether it has ES|QL"),
      boolean(
          "analyzer.enabled", [](Config& c) { return &c.analyzer.enabled; },
          "false: nothing is ever sent to a model"),
      text(
          "analyzer.model", {}, [](Config& c) { return &c.analyzer.model; }, "model that explains incidents"),
      integer(
          "analyzer.max_tokens", 256, 64000, [](Config& c) { return &c.analyzer.max_tokens; },
          "longest answer"),
      number(
          "analyzer.daily_budget_usd", 0, 10000, [](Config& c) { return &c.analyzer.daily_budget_usd; },
          "spent on a day at most"),
      number(
          "analyzer.incident_budget_usd", 0, 1000, [](Config& c) { return &c.analyzer.incident_budget_usd; },
          "spent on an incident at most"),
      text(
          "analyzer.provider", {"anthropic", "openai"}, [](Config& c) { return &c.analyzer.provider; },
          "openai: any server with /v1/chat/completions, at base_url"),
      text(
          "analyzer.base_url", {}, [](Config& c) { return &c.analyzer.base_url; },
          "where the model's API is; by default ANTHROPIC_BASE_URL or the vendor's"),
      text(
          "analyzer.api_version", {"2026-10-21", "2023-06-01"},
          [](Config& c) { return &c.analyzer.api_version; }, "of the Messages API"),
      text(
          "analyzer.cheaper_model", {}, [](Config& c) { return &c.analyzer.cheaper_model; },
          "asked instead where the budget does not reach for the model"),
      integer(
          "analyzer.max_input_tokens", 1000, 100000, [](Config& c) { return &c.analyzer.max_input_tokens; },
          "longest question; what tells least is left out first"),
      integer(
          "analyzer.concurrency", 1, 16, [](Config& c) { return &c.analyzer.concurrency; },
          "incidents explained at a time, the most severe first"),
      integer(
          "analyzer.timeout_seconds", 5, 900, [](Config& c) { return &c.analyzer.timeout_seconds; },
          "for an answer, all retries together"),
      boolean(
          "analyzer.redact_names", [](Config& c) { return &c.analyzer.redact_names; },
          "replace service and host names too before anything is sent"),
      texts(
          "analyzer.redact_patterns", {}, [](Config& c) { return &c.analyzer.redact_patterns; },
          "regular expressions; what they match is never sent"),
      texts(
          "analyzer.user_id_fields", {}, [](Config& c) { return &c.analyzer.user_id_fields; },
          "names whose values are user ids in log messages"),
      number(
          "analyzer.input_usd_per_mtok", 0, 1000, [](Config& c) { return &c.analyzer.input_usd_per_mtok; },
          "price of a million input tokens; 0: by the table"),
      number(
          "analyzer.output_usd_per_mtok", 0, 1000, [](Config& c) { return &c.analyzer.output_usd_per_mtok; },
          "price of a million output tokens; 0: by the table"),
      text(
          "server.listen", {}, [](Config& c) { return &c.server.listen; },
          "address and port of API and _bulk"),
      integer(
          "server.threads", 1, 64, [](Config& c) { return &c.server.threads; }, "threads of the HTTP server"),
      text(
          "server.tls_cert_file", {}, [](Config& c) { return &c.server.tls_cert_file; },
          "certificate, PEM; with tls_key_file"),
      text(
          "server.tls_key_file", {}, [](Config& c) { return &c.server.tls_key_file; }, "its key, PEM"),
      texts(
          "server.allowed_hosts", {}, [](Config& c) { return &c.server.allowed_hosts; },
          "names by which the server is called, besides the address it listens on"),
      text(
          "server.proxy_user_header", {}, [](Config& c) { return &c.server.proxy_user_header; },
          "header in which a reverse proxy names the user"),
      texts(
          "server.trusted_proxies", {}, [](Config& c) { return &c.server.trusted_proxies; },
          "addresses and networks whose user header is believed"),
      texts(
          "server.operators", {}, [](Config& c) { return &c.server.operators; },
          "users of the proxy who may write; empty: all"),
      text(
          "logging.level", {"debug", "info", "warning", "error"}, [](Config& c) { return &c.logging.level; },
          "least level that is logged"),
      text(
          "logging.format", {"auto", "json", "text"}, [](Config& c) { return &c.logging.format; },
          "auto: text on a terminal, else JSON lines"),
      Key{.path = "topology", .about = "known calls: \"caller -> callee\"", .type = Type::kTopology},
  };
  add_notify_keys(keys);
  const auto field = [&](const char* name, std::vector<std::string> ingest::FieldNames::*member) {
    keys.push_back(texts(
        std::string("fields.") + name, {}, [member](Config& c) { return &(c.fields.*member); },
        "names of this value, the first present wins"));
  };
  using F = ingest::FieldNames;
  field("timestamp", &F::timestamp);
  field("service", &F::service);
  field("level", &F::level);
  field("message", &F::message);
  field("duration_ms", &F::duration_ms);
  field("duration_ns", &F::duration_ns);
  field("trace_id", &F::trace_id);
  field("span_id", &F::span_id);
  field("parent_id", &F::parent_id);
  field("span_kind", &F::span_kind);
  field("peer", &F::peer);
  field("host", &F::host);
  field("version", &F::version);
  field("status_code", &F::status_code);
  return keys;
}

}  // namespace

const std::vector<std::string>& notify_channels() {
  static const std::vector<std::string> names = {"slack", "pagerduty", "webhook", "alertmanager",
                                                 "teams", "discord",   "email",   "exec"};
  return names;
}

const std::vector<Key>& config_keys() {
  static const std::vector<Key> keys = make_keys();
  return keys;
}

const std::vector<SecretName>& secret_names() {
  static const std::vector<SecretName> names = {
      {"anthropic_api_key", "ANTHROPIC_API_KEY"},
      {"elasticsearch_api_key", "ELASTICSEARCH_API_KEY"},
      {"elasticsearch.api_key", "ELASTICSEARCH_API_KEY"},
      {"elasticsearch.password", "ELASTICSEARCH_PASSWORD"},
      {"elasticsearch.bearer_token", "ELASTICSEARCH_BEARER_TOKEN"},
      {"slack_bot_token", "SLACK_BOT_TOKEN"},
      {"pagerduty_api_key", "PAGERDUTY_API_KEY"},
      {"pagerduty_routing_key", "PAGERDUTY_ROUTING_KEY"},
      {"server.token", "SENTINELOPS_SERVER_TOKEN"},
      {"server.viewer_token", "SENTINELOPS_VIEWER_TOKEN"},
      {"analyzer.api_key", "ANTHROPIC_API_KEY"},
      {"analyzer.auth_token", "ANTHROPIC_AUTH_TOKEN"},
      {"slack_webhook_url", "SLACK_WEBHOOK_URL"},
      {"notify.slack.token", "SLACK_BOT_TOKEN"},
      {"notify.slack.webhook_url", "SLACK_WEBHOOK_URL"},
      {"notify.slack.signing_secret", "SLACK_SIGNING_SECRET"},
      {"notify.slack.app_token", "SLACK_APP_TOKEN"},
      {"notify.pagerduty.api_key", "PAGERDUTY_API_KEY"},
      {"notify.pagerduty.routing_key", "PAGERDUTY_ROUTING_KEY"},
      {"notify.webhook.url", "SENTINELOPS_WEBHOOK_URL"},
      {"notify.webhook.secret", "SENTINELOPS_WEBHOOK_SECRET"},
      {"notify.teams.url", "TEAMS_WEBHOOK_URL"},
      {"notify.discord.url", "DISCORD_WEBHOOK_URL"},
      {"notify.email.password", "SMTP_PASSWORD"},
  };
  return names;
}

}  // namespace sentinel::app
