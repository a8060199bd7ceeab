#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "app/config.hpp"
#include "app/config_schema.hpp"
#include "base/text.hpp"

namespace sentinel::app {
namespace {

const char* word(detect::MetricSetting::Direction direction) {
  using Direction = detect::MetricSetting::Direction;
  return direction == Direction::kUp ? "up" : direction == Direction::kDown ? "down" : "both";
}

void print_value(YAML::Emitter& out, const Key& key, Config& config) {
  switch (key.type) {
    case Key::Type::kInteger:
      out << *key.integer(config);
      break;
    case Key::Type::kNumber:
      out << *key.number(config);
      break;
    case Key::Type::kText:
      out << *key.text(config);
      break;
    case Key::Type::kBoolean:
      out << *key.boolean(config);
      break;
    case Key::Type::kTexts:
      out << YAML::Flow << YAML::BeginSeq;
      for (const auto& item : *key.texts(config)) out << without_password(item);
      out << YAML::EndSeq;
      break;
    case Key::Type::kMetrics:
      out << YAML::BeginSeq;
      for (const auto& metric : config.detection.metrics)
        out << YAML::Flow << YAML::BeginMap << YAML::Key << "name" << YAML::Value << metric.name << YAML::Key
            << "direction" << YAML::Value << word(metric.direction) << YAML::EndMap;
      out << YAML::EndSeq;
      break;
    case Key::Type::kTopology:
      out << YAML::BeginSeq;
      for (const auto& edge : config.topology)
        out << YAML::Flow << YAML::BeginMap << YAML::Key << "caller" << YAML::Value << edge.caller
            << YAML::Key << "callee" << YAML::Value << edge.callee << YAML::EndMap;
      out << YAML::EndSeq;
      break;
  }
}

// The keys below one section, told apart by the part of their path at `depth`. Each section stands once,
// where its first key does, in whatever order the table names the keys.
void print_section(YAML::Emitter& out, const std::vector<const Key*>& keys, std::size_t depth,
                   Config& config) {
  std::vector<std::pair<std::string, std::vector<const Key*>>> parts;
  for (const Key* key : keys) {
    const std::string name(split(key->path, '.').at(depth));
    auto at = std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.first == name; });
    if (at == parts.end()) at = parts.insert(parts.end(), {name, {}});
    at->second.push_back(key);
  }
  out << YAML::BeginMap;
  for (const auto& [name, below] : parts) {
    out << YAML::Key << name << YAML::Value;
    if (split(below.front()->path, '.').size() == depth + 1) {
      print_value(out, *below.front(), config);
    } else {
      print_section(out, below, depth + 1, config);
    }
  }
  out << YAML::EndMap;
}

}  // namespace

std::string without_password(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto end = std::min(url.find('/', scheme + 3), url.size());
  const auto at = url.rfind('@', end);
  if (at == std::string::npos || at < scheme + 3) return url;
  return url.substr(0, scheme + 3) + "***" + url.substr(at);
}

std::string print_config(const Config& config) {
  Config copy = config;
  std::vector<const Key*> keys;
  for (const Key& key : config_keys()) keys.push_back(&key);
  YAML::Emitter out;
  print_section(out, keys, 0, copy);
  return std::string(out.c_str()) + "\n";
}

}  // namespace sentinel::app
