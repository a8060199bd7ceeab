#include "story.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace sentinel::scenario {
namespace {

Duration stretch(const YAML::Node& node) {
  const auto read = parse_duration(node.as<std::string>());
  if (!read) throw YAML::Exception(node.Mark(), "no stretch of time: " + node.as<std::string>());
  return *read;
}

void only(const YAML::Node& node, const std::set<std::string>& known) {
  for (const auto& item : node) {
    if (!known.contains(item.first.as<std::string>()))
      throw YAML::Exception(item.first.Mark(), "unknown key " + item.first.as<std::string>());
  }
}

std::vector<std::string> texts(const YAML::Node& node) {
  if (!node) return {};
  if (node.IsScalar()) return {node.as<std::string>()};
  return node.as<std::vector<std::string>>();
}

ServiceSpec service_of(const YAML::Node& node) {
  only(node, {"name", "per_minute", "errors", "latency_ms", "calls", "host"});
  ServiceSpec s;
  s.name = node["name"].as<std::string>();
  s.per_minute = node["per_minute"].as<double>(s.per_minute);
  s.errors = node["errors"].as<double>(s.errors);
  s.latency_ms = node["latency_ms"].as<double>(s.latency_ms);
  s.calls = texts(node["calls"]);
  s.host = node["host"].as<std::string>("");
  return s;
}

ChangeSpec change_of(const YAML::Node& node, Duration length) {
  only(node, {"from", "to", "service", "errors", "latency_factor", "traffic_factor", "ramp", "silent",
              "delay", "held", "version", "burst"});
  ChangeSpec c;
  c.from = stretch(node["from"]);
  c.to = node["to"] ? stretch(node["to"]) : length;
  c.service = node["service"].as<std::string>();
  if (node["errors"]) c.errors = node["errors"].as<double>();
  c.latency_factor = node["latency_factor"].as<double>(1);
  c.traffic_factor = node["traffic_factor"].as<double>(1);
  c.ramp = node["ramp"].as<bool>(false);
  c.silent = node["silent"].as<bool>(false);
  if (node["delay"]) c.delay = stretch(node["delay"]);
  c.held = node["held"].as<bool>(false);
  c.version = node["version"].as<std::string>("");
  c.burst = node["burst"].as<int>(0);
  return c;
}

std::vector<model::Severity> severities_of(const YAML::Node& node) {
  std::vector<model::Severity> all;
  for (const auto& word : texts(node)) {
    const auto severity = model::parse_severity(word);
    if (!severity) throw YAML::Exception(node.Mark(), "no severity: " + word);
    all.push_back(*severity);
  }
  return all;
}

notify::ChannelPolicy channel_of(const YAML::Node& node) {
  only(node,
       {"name", "severities", "services", "hours", "zone", "urgent", "group", "repeat", "escalate_after"});
  notify::ChannelPolicy c;
  c.name = node["name"].as<std::string>();
  c.severities = severities_of(node["severities"]);
  c.services = texts(node["services"]);
  auto hours = notify::Hours::parse(texts(node["hours"]), node["zone"].as<std::string>("UTC"));
  if (!hours) throw YAML::Exception(node.Mark(), hours.error().text());
  c.hours = std::move(*hours);
  c.urgent = severities_of(node["urgent"]);
  if (node["group"]) c.group = stretch(node["group"]);
  if (node["repeat"]) c.repeat = stretch(node["repeat"]);
  if (node["escalate_after"]) c.escalate_after = stretch(node["escalate_after"]);
  return c;
}

// Of a silence the times count from the moment it is made; the runner adds that moment.
model::Silence silence_of(const YAML::Node& node) {
  only(node, {"service", "metric", "severities", "pattern", "for", "cron", "window", "zone"});
  model::Silence s;
  s.service = node["service"].as<std::string>("*");
  s.metric = node["metric"].as<std::string>("*");
  s.severities = severities_of(node["severities"]);
  s.pattern = node["pattern"].as<std::string>("");
  s.ends_at = Time(stretch(node["for"]));
  if (node["cron"])
    s.recurrence = model::Recurrence{node["cron"].as<std::string>(), stretch(node["window"]),
                                     node["zone"].as<std::string>("UTC")};
  return s;
}

// {at: 5m, acknowledge: payments, who: ada, why: looking}
Deed deed_of(const YAML::Node& node) {
  static const std::set<std::string> verbs = {"acknowledge", "resolve", "reopen",  "comment", "undo",
                                              "merge",       "split",   "silence", "expire"};
  std::set<std::string> known = {"at", "who", "why", "into", "services"};
  known.insert(verbs.begin(), verbs.end());
  only(node, known);
  Deed d;
  d.at = stretch(node["at"]);
  d.who = node["who"].as<std::string>(d.who);
  d.why = node["why"].as<std::string>("");
  d.into = node["into"].as<std::string>("");
  d.services = texts(node["services"]);
  for (const auto& verb : verbs) {
    if (!node[verb]) continue;
    if (!d.verb.empty()) throw YAML::Exception(node.Mark(), "two verbs");
    d.verb = verb;
    if (verb == "silence") {
      d.silence = silence_of(node[verb]);
      d.silence.author = d.who;
      d.silence.reason = d.why;
    } else {
      d.service = node[verb].as<std::string>();
    }
  }
  if (d.verb.empty()) throw YAML::Exception(node.Mark(), "no verb");
  return d;
}

ExpectedIncident incident_of(const YAML::Node& node) {
  only(node, {"cause", "services", "severity", "before", "resolved", "state", "flapping", "silenced",
              "merged", "relapses", "suppressed_at_least", "kinds", "without"});
  ExpectedIncident e;
  e.cause = node["cause"].as<std::string>();
  e.services = texts(node["services"]);
  e.severities = texts(node["severity"]);
  if (node["before"]) e.before = stretch(node["before"]);
  e.resolved = node["resolved"].as<bool>(false);
  e.state = node["state"].as<std::string>("");
  if (node["flapping"]) e.flapping = node["flapping"].as<bool>();
  if (node["silenced"]) e.silenced = node["silenced"].as<bool>();
  if (node["merged"]) e.merged = node["merged"].as<bool>();
  if (node["relapses"]) e.relapses = node["relapses"].as<int>();
  e.suppressed_at_least = node["suppressed_at_least"].as<int>(0);
  e.kinds = texts(node["kinds"]);
  e.without = texts(node["without"]);
  return e;
}

std::vector<std::pair<Duration, Duration>> stretches(const YAML::Node& node) {
  std::vector<std::pair<Duration, Duration>> all;
  if (node) {
    for (const auto& item : node) all.emplace_back(stretch(item["from"]), stretch(item["to"]));
  }
  return all;
}

}  // namespace

Result<Story> read_story(const std::string& path) {
  Story story;
  story.name = std::filesystem::path(path).stem().string();
  try {
    const YAML::Node root = YAML::LoadFile(path);
    only(root, {"story", "seed", "baseline", "length", "services", "changes", "store_down", "restarts",
                "fleet_gaps", "host_gaps", "expect", "do", "channels", "every"});
    story.about = root["story"].as<std::string>();
    story.seed = root["seed"].as<std::uint64_t>(1);
    if (root["baseline"]) story.baseline = stretch(root["baseline"]);
    if (root["length"]) story.length = stretch(root["length"]);
    for (const auto& item : root["services"]) story.services.push_back(service_of(item));
    if (root["changes"]) {
      for (const auto& item : root["changes"]) story.changes.push_back(change_of(item, story.length));
    }
    if (root["every"]) story.every = stretch(root["every"]);
    for (const auto& item : root["do"]) story.deeds.push_back(deed_of(item));
    std::stable_sort(story.deeds.begin(), story.deeds.end(),
                     [](const Deed& a, const Deed& b) { return a.at < b.at; });
    for (const auto& item : root["channels"]) story.channels.push_back(channel_of(item));
    story.store_down = stretches(root["store_down"]);
    story.fleet_gaps = stretches(root["fleet_gaps"]);
    if (root["host_gaps"]) {
      for (const auto& item : root["host_gaps"]) {
        only(item, {"host", "from", "to"});
        story.host_gaps.push_back(
            {item["host"].as<std::string>(), stretch(item["from"]), stretch(item["to"])});
      }
    }
    if (root["restarts"]) {
      for (const auto& item : root["restarts"]) story.restarts.push_back(stretch(item));
    }
    const YAML::Node expect = root["expect"];
    only(expect, {"incidents", "events_at_most", "late_slices_at_least", "gap_slices_at_least",
                  "late_docs_at_least", "notices", "says", "told", "anomalies_at_least", "heard_of"});
    if (expect["told"]) {
      for (const auto& item : expect["told"]) story.told[item.first.as<std::string>()] = texts(item.second);
    }
    for (const auto& item : expect["incidents"]) story.incidents.push_back(incident_of(item));
    story.events_at_most = expect["events_at_most"].as<int>(story.events_at_most);
    if (expect["late_slices_at_least"]) story.late_slices_at_least = expect["late_slices_at_least"].as<int>();
    if (expect["late_docs_at_least"]) story.late_docs_at_least = expect["late_docs_at_least"].as<int>();
    if (expect["heard_of"]) story.heard_of = expect["heard_of"].as<std::map<std::string, int>>();
    story.anomalies_at_least = expect["anomalies_at_least"].as<int>(0);
    story.notices = texts(expect["notices"]);
    story.says = texts(expect["says"]);
    if (expect["gap_slices_at_least"]) story.gap_slices_at_least = expect["gap_slices_at_least"].as<int>();
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::kInvalid, path + ": " + error.what());
  }
  return story;
}

}  // namespace sentinel::scenario
