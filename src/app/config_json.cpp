#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/config.hpp"
#include "app/config_schema.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;

const char* word(detect::MetricSetting::Direction direction) {
  using Direction = detect::MetricSetting::Direction;
  return direction == Direction::kUp ? "up" : direction == Direction::kDown ? "down" : "both";
}

json value_of(const Key& key, Config& config) {
  json list = json::array();
  switch (key.type) {
    case Key::Type::kInteger:
      return *key.integer(config);
    case Key::Type::kNumber:
      return *key.number(config);
    case Key::Type::kText:
      return without_password(*key.text(config));
    case Key::Type::kBoolean:
      return *key.boolean(config);
    case Key::Type::kTexts:
      for (const auto& text : *key.texts(config)) list.push_back(without_password(text));
      return list;
    case Key::Type::kMetrics:
      for (const auto& metric : config.detection.metrics)
        list.push_back({{"name", metric.name}, {"direction", word(metric.direction)}});
      return list;
    case Key::Type::kTopology:
      for (const auto& edge : config.topology) list.push_back(edge.caller + " -> " + edge.callee);
      return list;
  }
  return nullptr;
}

}  // namespace

std::string config_json(const Config& config, const Environment& environment) {
  Config current = config;
  Config defaults = parse_config("", {}).config;
  json settings = json::array();
  for (const Key& key : config_keys()) {
    json value = value_of(key, current);
    json fallback = value_of(key, defaults);
    const bool changed = value != fallback;
    settings.push_back({{"path", key.path},
                        {"value", std::move(value)},
                        {"default", std::move(fallback)},
                        {"changed", changed},
                        {"about", key.about}});
  }
  json secrets = json::array();
  std::vector<std::string> seen;
  for (const auto& secret : secret_names()) {
    if (std::find(seen.begin(), seen.end(), secret.variable) != seen.end()) continue;
    seen.push_back(secret.variable);
    secrets.push_back({{"name", secret.variable}, {"set", environment.has(secret.variable)}});
  }
  return json{{"settings", std::move(settings)}, {"secrets", std::move(secrets)}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

}  // namespace sentinel::app
