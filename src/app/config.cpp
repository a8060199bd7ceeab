#include "app/config.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <sstream>

#include "app/config_schema.hpp"
#include "app/text_file.hpp"
#include "base/text.hpp"
#include "notify/hours.hpp"
#include "telemetry/elasticsearch/connection.hpp"

namespace sentinel::app {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;

// "https://elastic:hunter2@es:9200"
bool holds_password(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority = url.substr(scheme + 3, url.find('/', scheme + 3) - (scheme + 3));
  const auto at = authority.rfind('@');
  return at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos;
}

struct NoEvents final : YAML::EventHandler {
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}
};

// YAML::Load ignores what it does not reach: a second document, and after a stray ", x" the whole file.
// YAML::LoadAll never ends there: it adds documents without moving on (yaml-cpp 0.7) until memory is full.
bool ends_after_first_document(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  NoEvents events;
  parser.HandleNextDocument(events);
  return !parser;  // a parser is true while tokens are left
}

// Walks a YAML tree against the table of keys and collects every problem.
class Reader {
 public:
  Reader(Config& config, std::vector<std::string>& problems) : config_(config), problems_(problems) {
    for (const Key& key : config_keys()) {
      for (std::size_t dot = key.path.find('.'); dot != std::string::npos; dot = key.path.find('.', dot + 1))
        sections_.insert(key.path.substr(0, dot));
    }
  }

  void read_section(const YAML::Node& node, const std::string& path) {
    std::set<std::string> seen;
    for (const auto& item : node) {
      const std::string name = item.first.IsScalar() ? item.first.Scalar() : "?";
      const std::string full = path.empty() ? name : path + "." + name;
      if (!seen.insert(name).second) {
        problem(full, "stands twice; keep one");
        continue;
      }
      if (is_secret(full, name, item.second)) continue;
      const auto key = std::find_if(config_keys().begin(), config_keys().end(),
                                    [&](const Key& k) { return k.path == full; });
      if (key != config_keys().end()) {
        read_key(*key, item.second);
      } else if (sections_.contains(full)) {
        if (full == "elasticsearch") config_.elasticsearch.present = true;
        if (item.second.IsNull()) continue;
        if (!item.second.IsMap()) {
          problem(full, "must be a section with keys");
          continue;
        }
        read_section(item.second, full);
      } else {
        unknown(full);
      }
    }
  }

 private:
  // A path may come from the file: it stays on its line.
  void problem(const std::string& path, const std::string& what) {
    problems_.push_back(one_line(path, 120) + ": " + what);
  }

  bool is_secret(const std::string& full, const std::string& name, const YAML::Node& value) {
    for (const SecretName& secret : secret_names()) {
      if (!iequals(full, secret.key) && !iequals(name, secret.key) && !iequals(name, secret.variable))
        continue;
      problem(full,
              fmt::format(
                  "secrets do not belong in this file; set the environment variable {} (or put it into .env)",
                  secret.variable));
      return true;
    }
    const std::string lower = to_lower(name);
    const bool looks = lower.ends_with("_api_key") || lower.ends_with("password") ||
                       lower.ends_with("_token") || lower.ends_with("_secret");
    if (looks && value.IsScalar()) {
      problem(full, "secrets do not belong in this file; see .env.example for the variables");
      return true;
    }
    return false;
  }

  void unknown(const std::string& full) {
    // The nearest of the keys and sections at the same depth, whole paths compared.
    std::vector<std::string> candidates(sections_.begin(), sections_.end());
    for (const Key& key : config_keys()) candidates.push_back(key.path);
    const auto depth = std::count(full.begin(), full.end(), '.');
    std::erase_if(candidates,
                  [&](const std::string& c) { return std::count(c.begin(), c.end(), '.') != depth; });
    const auto parent = full.substr(0, full.rfind('.') == std::string::npos ? 0 : full.rfind('.'));
    std::vector<std::string> siblings;
    for (const auto& c : candidates) {
      if (parent.empty() || c.starts_with(parent + "."))
        siblings.push_back(c.substr(parent.empty() ? 0 : parent.size() + 1));
    }
    const auto near = nearest(full.substr(parent.empty() ? 0 : parent.size() + 1), siblings);
    problem(full,
            near ? fmt::format("unknown key; did you mean {}{}{}?", parent, parent.empty() ? "" : ".", *near)
                 : "unknown key; config.yaml in the documentation lists all");
  }

  static std::string shown(const YAML::Node& node) {
    return node.IsScalar()     ? "'" + one_line(node.Scalar(), 60) + "'"
           : node.IsSequence() ? "a list"
           : node.IsMap()      ? "a section"
                               : "nothing";
  }

  std::optional<double> number(const YAML::Node& node) {
    if (!node.IsScalar()) return std::nullopt;
    const std::string& text = node.Scalar();
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
      return std::nullopt;
    return value;
  }

  void read_key(const Key& key, const YAML::Node& node) {
    switch (key.type) {
      case Key::Type::kInteger:
      case Key::Type::kNumber: {
        const auto value = number(node);
        const bool whole = key.type == Key::Type::kInteger;
        if (!value || (whole && *value != std::floor(*value)) || *value < key.least || *value > key.most) {
          return problem(key.path, fmt::format("{} is no {} from {} to {}", shown(node),
                                               whole ? "whole number" : "number", key.least, key.most));
        }
        if (whole) {
          *key.integer(config_) = static_cast<int>(*value);
        } else {
          *key.number(config_) = *value;
        }
        return;
      }
      case Key::Type::kText:
        if (!node.IsScalar()) return problem(key.path, fmt::format("{} is no text", shown(node)));
        if (!key.choices.empty() &&
            std::find(key.choices.begin(), key.choices.end(), node.Scalar()) == key.choices.end()) {
          return problem(key.path,
                         fmt::format("{} is not known; use {}", shown(node), join(key.choices, " or ")));
        }
        *key.text(config_) = node.Scalar();
        return;
      case Key::Type::kBoolean: {
        const std::string word = node.IsScalar() ? to_lower(node.Scalar()) : "";
        if (word != "true" && word != "false")
          return problem(key.path, fmt::format("{} must be true or false", shown(node)));
        *key.boolean(config_) = word == "true";
        return;
      }
      case Key::Type::kTexts: {
        std::vector<std::string> list;
        if (node.IsScalar()) list.push_back(node.Scalar());
        if (node.IsSequence()) {
          for (const auto& item : node) {
            if (!item.IsScalar()) return problem(key.path, "must be a list of texts");
            list.push_back(item.Scalar());
          }
        }
        if (node.IsMap()) return problem(key.path, "must be a list of texts");
        // A field without a name would never be found, and no problem would say so.
        if (list.empty() && (node.IsNull() || key.path.starts_with("fields.")))
          return problem(key.path, "must name at least one");
        if (std::any_of(list.begin(), list.end(), [](const std::string& item) { return item.empty(); }))
          return problem(key.path, "must not hold an empty text");
        for (const auto& item : list) {
          if (!key.choices.empty() &&
              std::find(key.choices.begin(), key.choices.end(), item) == key.choices.end()) {
            return problem(key.path, fmt::format("'{}' is not known; use {}", one_line(item, 40),
                                                 join(key.choices, ", ")));
          }
        }
        for (const auto& item : list) {
          if (holds_password(item))
            return problem(key.path,
                           "a password does not belong in this file; set the environment variable "
                           "ELASTICSEARCH_URL (or put it into .env)");
        }
        *key.texts(config_) = std::move(list);
        return;
      }
      case Key::Type::kMetrics:
        return read_metrics(key, node);
      case Key::Type::kTopology:
        return read_topology(key, node);
    }
  }

  void read_metrics(const Key& key, const YAML::Node& node) {
    if (node.IsNull()) return;
    if (!node.IsSequence()) return problem(key.path, "must be a list of names, or of {name, direction}");
    config_.detection.metrics.clear();
    for (const auto& item : node) {
      detect::MetricSetting metric;
      std::string direction = "up";
      if (item.IsScalar()) {
        metric.name = item.Scalar();
      } else if (item.IsMap() && item["name"] && item["name"].IsScalar()) {
        for (const auto& part : item) {
          const std::string name = part.first.IsScalar() ? part.first.Scalar() : "?";
          if (name != "name" && name != "direction")
            return problem(key.path, fmt::format("unknown key '{}' in an entry; use name and direction",
                                                 one_line(name, 40)));
        }
        metric.name = item["name"].Scalar();
        if (item["direction"] && item["direction"].IsScalar()) direction = item["direction"].Scalar();
      } else {
        return problem(key.path, "each entry is a name, or {name: ..., direction: up|down|both}");
      }
      if (metric.name.empty()) return problem(key.path, "an entry has an empty name");
      using Direction = detect::MetricSetting::Direction;
      if (direction != "up" && direction != "down" && direction != "both")
        return problem(key.path, fmt::format("direction '{}' is not known; use up, down or both",
                                             one_line(direction, 40)));
      metric.direction = direction == "up"     ? Direction::kUp
                         : direction == "down" ? Direction::kDown
                                               : Direction::kBoth;
      config_.detection.metrics.push_back(std::move(metric));
    }
  }

  void read_topology(const Key& key, const YAML::Node& node) {
    if (node.IsNull()) return;
    if (!node.IsSequence()) return problem(key.path, "must be a list of \"caller -> callee\"");
    config_.topology.clear();
    for (const auto& item : node) {
      correlate::TopologyEdge edge;
      if (item.IsScalar()) {
        const std::string& text = item.Scalar();
        const auto arrow = text.find("->");
        if (arrow != std::string::npos)
          edge = {std::string(trim(std::string_view(text).substr(0, arrow))),
                  std::string(trim(std::string_view(text).substr(arrow + 2)))};
      } else if (item.IsMap() && item["caller"] && item["callee"] && item["caller"].IsScalar() &&
                 item["callee"].IsScalar()) {
        edge = {item["caller"].Scalar(), item["callee"].Scalar()};
      }
      if (edge.caller.empty() || edge.callee.empty())
        return problem(key.path, "each entry is \"caller -> callee\"");
      config_.topology.push_back(std::move(edge));
    }
  }

  Config& config_;
  std::vector<std::string>& problems_;
  std::set<std::string> sections_;
};

void check_together(const Config& c, std::vector<std::string>& problems) {
  for (const auto& [name, channel] : c.notify.channels) {
    if (const auto hours = notify::Hours::parse(channel.hours, channel.zone); !hours)
      problems.push_back(fmt::format("notify.{}.hours: {}", name, hours.error().text()));
  }
  if (!c.notify.email_to.empty() && c.notify.email_from.find('@') == std::string::npos)
    problems.push_back("notify.email.from: must be the sender's address, such as sentinelops@example.org");
  const auto& t = c.detection.thresholds;
  if (!(t.p1 > t.p2 && t.p2 > t.p3 && t.p3 > t.p4))
    problems.push_back("detection.thresholds: must fall from p1 to p4");
  if (300 % c.polling.slice_seconds != 0)
    problems.push_back(
        fmt::format("polling.slice_seconds: {} does not divide 300; use 10, 12, 15, 20, 25, 30, 50, 60, 75, "
                    "100, 150 or 300",
                    c.polling.slice_seconds));
  if (c.polling.settle_seconds + c.polling.slice_seconds > 300)
    problems.push_back("polling.settle_seconds: with slice_seconds it must not exceed 300");
  if (c.polling.lookback_minutes * 2 > c.detection.baseline_window_minutes)
    problems.push_back("polling.lookback_minutes: must be at most half of detection.baseline_window_minutes");
  if (c.telemetry.data_dir.empty()) problems.push_back("telemetry.data_dir: must name a folder");
  if (!parse_listen(c.server.listen))
    problems.push_back(
        fmt::format("server.listen: '{}' is no address; use 127.0.0.1:8000", one_line(c.server.listen, 60)));
  if (c.server.tls_cert_file.empty() != c.server.tls_key_file.empty())
    problems.push_back("server.tls_cert_file: needs tls_key_file too, and the other way round");
}

}  // namespace

Loaded parse_config(std::string_view text, const Environment& environment) {
  Loaded loaded;
  loaded.config.telemetry.store.clear();
  if (text.size() > kMaxFile) {
    loaded.problems.push_back("the file is larger than 1 MB: is it the configuration?");
    return loaded;
  }
  try {
    // Aliases are shared nodes, and the reader goes only where the table has keys: a file of nested aliases
    // costs no more than its bytes. yaml-cpp itself refuses deep nesting.
    const YAML::Node root = YAML::Load(std::string(text));
    if (!ends_after_first_document(text)) {
      loaded.problems.push_back(
          "the file must be one document: remove what stands before its first section, or from a second --- "
          "on");
      return loaded;
    }
    if (root.IsMap()) {
      Reader(loaded.config, loaded.problems).read_section(root, "");
    } else if (!root.IsNull()) {
      loaded.problems.push_back("the file must hold sections (polling:, detection:, ...)");
    }
  } catch (const YAML::Exception& error) {
    loaded.problems.push_back(fmt::format("line {}, column {}: no valid YAML: {}", error.mark.line + 1,
                                          error.mark.column + 1, one_line(error.msg, 120)));
    return loaded;
  }
  Config& config = loaded.config;
  // A file of the original has an elasticsearch section and no telemetry.store.
  config.telemetry.store_implied = config.telemetry.store.empty();
  if (config.telemetry.store.empty())
    config.telemetry.store = config.elasticsearch.present ? "elasticsearch" : "embedded";
  if (!config.elasticsearch.cloud_id.empty()) {
    const auto url = telemetry::url_of_cloud_id(config.elasticsearch.cloud_id);
    if (!url || !config.elasticsearch.hosts.empty()) {
      loaded.problems.push_back(
          url ? "elasticsearch.cloud_id: names the cluster already; remove elasticsearch.hosts"
              : "elasticsearch.cloud_id: is no Cloud ID; copy it from the deployment's page");
    } else {
      config.elasticsearch.hosts = {*url};
    }
  }
  if (config.elasticsearch.hosts.empty())
    config.elasticsearch.hosts = {environment.has("ELASTICSEARCH_URL") ? environment.get("ELASTICSEARCH_URL")
                                                                       : "https://localhost:9200"};
  if (environment.has("SENTINELOPS_HEARTBEAT_URL"))
    config.notify.heartbeat_url = environment.get("SENTINELOPS_HEARTBEAT_URL");
  if (environment.get("DEBUG") == "1" || iequals(environment.get("DEBUG"), "true"))
    config.logging.level = "debug";
  check_together(config, loaded.problems);
  return loaded;
}

Result<Config> load_config(const std::string& path, bool optional, const Environment& environment) {
  auto text = read_text_file(path, kMaxFile);
  // Only a file that is not there may be left out: one that cannot be read was meant to be.
  const bool absent = !text && text.error().kind == ErrorKind::kNotFound;
  if (!text && !(optional && absent)) {
    return fail(ErrorKind::kInvalid, text.error().message + (absent ? "; is the path right?" : ""));
  }
  Loaded loaded = parse_config(text.value_or(""), environment);
  if (loaded.problems.empty()) return std::move(loaded.config);
  constexpr std::size_t kShown = 50;
  if (const std::size_t all = loaded.problems.size(); all > kShown) {
    loaded.problems.resize(kShown);
    loaded.problems.push_back(fmt::format("... and {} problems more", all - kShown));
  }
  return fail(ErrorKind::kInvalid, join(loaded.problems, "\n"));
}

engine::Settings engine_settings(const Config& config) {
  engine::Settings s;
  s.detect.method = config.detection.method == "zscore" ? detect::Method::kZscore : detect::Method::kRobust;
  s.detect.thresholds = config.detection.thresholds;
  s.detect.slice = seconds(config.polling.slice_seconds);
  s.detect.lookback = minutes(config.polling.lookback_minutes);
  s.detect.baseline_window = minutes(config.detection.baseline_window_minutes);
  s.detect.min_data_points = config.detection.min_data_points;
  s.detect.metrics = config.detection.metrics;
  s.correlate.window = minutes(config.correlation.window_minutes);
  s.correlate.max_events = static_cast<std::size_t>(config.correlation.max_events);
  s.correlate.slice = s.detect.slice;
  s.incidents.dedup_cooldown = minutes(config.incidents.dedup_cooldown_minutes);
  s.incidents.resolve_after = minutes(config.incidents.resolve_after_minutes);
  s.topology = config.topology;
  s.interval = seconds(config.polling.interval_seconds);
  s.settle = seconds(config.polling.settle_seconds);
  return s;
}

std::optional<Address> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number < 0 || number > 65535)
    return std::nullopt;
  Address address{host.empty() ? "0.0.0.0" : std::string(host), static_cast<std::uint16_t>(number)};
  if (address.host == "localhost") address.host = "127.0.0.1";
  return address;
}

}  // namespace sentinel::app
