#include "app/explain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.hpp"
#include "detect/sentence.hpp"
#include "model/anomaly.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;

constexpr int kPlotRows = 8;
constexpr std::size_t kPlotColumns = 60;

// Members of what may be no object at all: another version of the service may have answered.
const json* member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found != object.end() ? &*found : nullptr;
}
double number(const json& object, const char* key, double otherwise = 0) {
  const json* found = member(object, key);
  return found != nullptr && found->is_number() ? found->get<double>() : otherwise;
}
std::string text(const json& object, const char* key) {
  const json* found = member(object, key);
  return found != nullptr && found->is_string() ? one_line(found->get<std::string>(), 400) : "";
}
bool flag(const json& object, const char* key) {
  const json* found = member(object, key);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

// "12:03" of an RFC 3339 time.
std::string clock_of(const std::string& time) { return time.size() >= 16 ? time.substr(11, 5) : time; }

std::string unit_of(const std::string& metric) {
  if (metric == model::kErrorRate) return "errors in 5 min";
  if (metric == model::kSilence) return "documents in 5 min";
  if (metric == model::kLatencyP99 || metric == model::kLatencyP95) return "ms";
  return "mean of 5 min";
}

// One bar per slice; '-' where the expectation lies, '.' where the band ends, '!' under what alerted.
std::string plot(const json& metric, const Style& style) {
  const json* found = member(metric, "last_hour");
  if (found == nullptr || !found->is_array() || found->empty()) return "";
  std::vector<json> points(found->begin(), found->end());
  if (points.size() > kPlotColumns) points.erase(points.begin(), points.end() - kPlotColumns);
  double top = 0;
  double bottom = 0;
  for (const auto& p : points) {
    for (const char* key : {"observed", "expected", "band_high"}) {
      top = std::max(top, number(p, key));
      bottom = std::min(bottom, number(p, key));
    }
  }
  if (!(top > bottom)) top = bottom + 1;
  const auto level = [&](const json& p, const char* key) {
    const json* value = member(p, key);
    if (value == nullptr || !value->is_number()) return -1;
    const double share = (value->get<double>() - bottom) / (top - bottom);
    return static_cast<int>(std::lround(share * kPlotRows * 2));  // half rows
  };
  const std::string high = detect::figure(top);
  const std::string low = detect::figure(bottom);
  const std::size_t margin = std::max(high.size(), low.size());
  std::string out = fmt::format("    {}\n", style.dim(unit_of(text(metric, "metric"))));
  for (int row = kPlotRows; row >= 1; --row) {
    const std::string& label = row == kPlotRows ? high : row == 1 ? low : "";
    out += fmt::format("    {:>{}} |", label, margin);
    for (const auto& p : points) {
      const int seen = level(p, "observed");
      const bool fills = seen >= 2 * row - 1;
      const int expected = level(p, "expected");
      const int band = level(p, "band_high");
      const auto in_row = [&](int at) { return at > 2 * (row - 1) && at <= 2 * row; };
      if (fills) {
        out += seen >= 2 * row ? "█" : "▄";
      } else if (expected >= 0 && in_row(std::max(expected, 1))) {
        out += "-";
      } else if (band >= 0 && in_row(std::max(band, 1))) {
        out += "·";
      } else {
        out += " ";
      }
    }
    out += "\n";
  }
  std::string marks;
  bool any = false;
  for (const auto& p : points) {
    const bool alerted = !text(p, "severity").empty();
    const bool gap = member(p, "known") != nullptr && !flag(p, "known");
    marks += gap ? '?' : alerted ? '!' : ' ';
    any = any || gap || alerted;
  }
  if (any) out += fmt::format("    {:>{}} |{}\n", "", margin, marks);
  const std::string from = clock_of(text(points.front(), "at"));
  const std::string to = clock_of(text(points.back(), "at"));
  const std::size_t width = std::max(points.size(), from.size() + to.size() + 1);
  out += fmt::format("    {:>{}}  {}{:>{}}  {}\n", "", margin, from, to, width - from.size(),
                     style.dim("█ seen  - expected  · end of the band  ! alert  ? gap"));
  return out;
}

// Counts are whole, expectations are not.
std::string count(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? group_digits(std::llround(value))
                                                              : detect::figure(value);
}

std::string observed_of(const json& h) {
  if (member(h, "value_ms") == nullptr) return count(number(h, "observed"));
  return fmt::format("{} ms ({} above {} ms)", detect::figure(number(h, "value_ms")),
                     count(number(h, "observed")), detect::figure(number(h, "limit_ms")));
}
std::string expected_of(const json& h) {
  if (member(h, "normal_ms") == nullptr) return detect::figure(number(h, "expected"));
  return fmt::format("{} ms ({})", detect::figure(number(h, "normal_ms")),
                     detect::figure(number(h, "expected")));
}

std::string metric_text(const json& metric, const Style& style) {
  std::string out = style.bold(text(metric, "metric"));
  out += "  " + text(metric, "verdict") + "\n";
  if (const auto sentence = text(metric, "sentence"); !sentence.empty()) out += "  " + sentence + "\n";
  if (flag(metric, "baseline_frozen")) out += "  in trouble: the baseline learns nothing until it is over\n";
  if (flag(metric, "learning")) out += "  learning: the service is younger than a day\n";
  std::vector<std::vector<std::string>> rows = {{"window", "observed", "expected", "band", "score", "gates"}};
  const json* horizons = member(metric, "horizons");
  if (horizons != nullptr && horizons->is_array()) {
    for (const auto& h : *horizons) {
      std::string gates;
      if (const json* list = member(h, "gates"); list != nullptr && list->is_array()) {
        for (const auto& gate : *list) {
          if (gate.is_string()) gates += (gates.empty() ? "" : "; ") + one_line(gate.get<std::string>(), 200);
        }
      }
      const double minutes_long = number(h, "length_seconds") / 60;
      std::string window = minutes_long > 0 ? fmt::format("{:g} min", minutes_long) : "-";
      if (const auto channel = text(h, "channel"); !channel.empty()) window += " " + channel;
      if (!flag(h, "scored")) {
        rows.push_back({window, "-", "-", "-", "-", gates});
        continue;
      }
      rows.push_back({window, observed_of(h), expected_of(h),
                      fmt::format("{}-{}", count(number(h, "band_low")), count(number(h, "band_high"))),
                      number(h, "score") < 0 ? "below 0" : fmt::format("{:.2f}", number(h, "score")), gates});
    }
  }
  const std::string windows = table(rows, style);
  for (const auto line : split(windows, '\n')) {
    if (!line.empty()) out += fmt::format("  {}\n", line);
  }
  return out + plot(metric, style);
}

}  // namespace

std::string explain_text(const json& explanation, const Style& style) {
  std::string out =
      fmt::format("{} at {}{}\n", style.bold(text(explanation, "service")), text(explanation, "at"),
                  flag(explanation, "replayed") ? style.dim(" (judged again from stored history)") : "");
  const json* metrics = member(explanation, "metrics");
  if (metrics == nullptr || !metrics->is_array()) return out;
  for (const auto& metric : *metrics) out += "\n" + metric_text(metric, style);
  return out;
}

}  // namespace sentinel::app
