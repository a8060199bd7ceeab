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
  YAML::Emitter out;
  out << YAML::BeginMap;
  std::vector<std::string> open;
  const auto close_to = [&](std::size_t depth) {
    for (; open.size() > depth; open.pop_back()) out << YAML::EndMap;
  };
  for (const Key& key : config_keys()) {
    const auto parts = split(key.path, '.');
    std::size_t same = 0;
    while (same < open.size() && same + 1 < parts.size() && open[same] == parts[same]) ++same;
    close_to(same);
    for (std::size_t i = same; i + 1 < parts.size(); ++i) {
      out << YAML::Key << std::string(parts[i]) << YAML::Value << YAML::BeginMap;
      open.emplace_back(parts[i]);
    }
    out << YAML::Key << std::string(parts.back()) << YAML::Value;
    switch (key.type) {
      case Key::Type::kInteger:
        out << *key.integer(copy);
        break;
      case Key::Type::kNumber:
        out << *key.number(copy);
        break;
      case Key::Type::kText:
        out << *key.text(copy);
        break;
      case Key::Type::kBoolean:
        out << *key.boolean(copy);
        break;
      case Key::Type::kTexts:
        out << YAML::Flow << YAML::BeginSeq;
        for (const auto& item : *key.texts(copy)) out << without_password(item);
        out << YAML::EndSeq;
        break;
      case Key::Type::kMetrics:
        out << YAML::BeginSeq;
        for (const auto& metric : copy.detection.metrics)
          out << YAML::Flow << YAML::BeginMap << YAML::Key << "name" << YAML::Value << metric.name
              << YAML::Key << "direction" << YAML::Value << word(metric.direction) << YAML::EndMap;
        out << YAML::EndSeq;
        break;
      case Key::Type::kTopology:
        out << YAML::BeginSeq;
        for (const auto& edge : copy.topology)
          out << YAML::Flow << YAML::BeginMap << YAML::Key << "caller" << YAML::Value << edge.caller
              << YAML::Key << "callee" << YAML::Value << edge.callee << YAML::EndMap;
        out << YAML::EndSeq;
        break;
    }
  }
  close_to(0);
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace sentinel::app
