#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/json.hpp"

namespace sentinel::model {
namespace {

using nlohmann::json;

json to_json(const Explanation::Horizon& h) {
  json j = {{"length_seconds", seconds_of(h.length)},
            {"from", format_rfc3339(h.window.from)},
            {"to", format_rfc3339(h.window.to)},
            {"channel", h.channel},
            {"scored", h.scored},
            {"observed", h.observed},
            {"expected", h.expected},
            {"variance", h.variance},
            {"band_low", h.band_low},
            {"band_high", h.band_high},
            {"docs", h.docs},
            {"season", h.season},
            {"score", h.scored ? h.score : 0},
            {"raw", h.raw},
            {"gates", h.gates}};
  if (h.value_ms) j["value_ms"] = *h.value_ms;
  if (h.normal_ms) j["normal_ms"] = *h.normal_ms;
  if (h.limit_ms) j["limit_ms"] = *h.limit_ms;
  return j;
}

json to_json(const Explanation& e) {
  json windows = json::array();
  for (const auto& horizon : e.horizons) windows.push_back(to_json(horizon));
  json j = {{"metric", e.metric},     {"score", std::max(0.0, e.score)}, {"verdict", e.verdict},
            {"sentence", e.sentence}, {"learning", e.learning},          {"baseline_frozen", e.frozen},
            {"horizons", windows}};
  j["severity"] = e.severity ? json(to_string(*e.severity)) : json();
  return j;
}

}  // namespace

json to_json(const SeriesPoint& p) {
  json j = {{"at", format_rfc3339(p.at)}, {"known", p.known}};
  j["observed"] = p.has_value ? json(p.observed) : json();
  j["expected"] = p.judged ? json(p.expected) : json();
  j["band_low"] = p.judged ? json(p.band_low) : json();
  j["band_high"] = p.judged ? json(p.band_high) : json();
  j["score"] = p.judged ? json(p.score) : json();
  j["severity"] = p.severity ? json(to_string(*p.severity)) : json();
  return j;
}

json to_json(const ServiceExplanation& x) {
  json metrics = json::array();
  for (const auto& metric : x.metrics) {
    json item = to_json(metric);
    item["last_hour"] = json::array();
    for (const auto& series : x.series) {
      if (series.metric != metric.metric) continue;
      for (const auto& point : series.points) item["last_hour"].push_back(to_json(point));
    }
    metrics.push_back(std::move(item));
  }
  return {
      {"service", x.service}, {"at", format_rfc3339(x.at)}, {"replayed", x.replayed}, {"metrics", metrics}};
}

}  // namespace sentinel::model
