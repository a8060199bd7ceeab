#include "api/open_metrics.hpp"

#include <fmt/format.h>

#include <cmath>

#include "api/prometheus_metrics.hpp"
#include "base/text.hpp"

namespace sentinel::api {
namespace {

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::string text = fmt::format("{}", value);
  // A number that could be read as an integer is written as a float: `le` labels are compared as text.
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string labels(const std::vector<prometheus::ClientMetric::Label>& list, const std::string& le = "") {
  std::string text;
  for (const auto& label : list)
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", label.name, escaped(label.value));
  if (!le.empty()) text += fmt::format("{}le=\"{}\"", text.empty() ? "" : ",", le);
  return text.empty() ? text : "{" + text + "}";
}

void add_histogram(std::string& out, const std::string& name, const prometheus::ClientMetric& metric) {
  const auto& histogram = metric.histogram;
  bool infinite = false;
  for (const auto& bucket : histogram.bucket) {
    infinite = infinite || std::isinf(bucket.upper_bound);
    out += fmt::format("{}_bucket{} {}\n", name, labels(metric.label, number(bucket.upper_bound)),
                       bucket.cumulative_count);
  }
  if (!infinite)
    out += fmt::format("{}_bucket{} {}\n", name, labels(metric.label, "+Inf"), histogram.sample_count);
  out += fmt::format("{}_count{} {}\n", name, labels(metric.label), histogram.sample_count);
  out += fmt::format("{}_sum{} {}\n", name, labels(metric.label), number(histogram.sample_sum));
}

}  // namespace

std::string to_open_metrics(const std::vector<prometheus::MetricFamily>& families) {
  std::string out;
  for (const auto& family : families) {
    const bool counter = family.type == prometheus::MetricType::Counter;
    const bool histogram = family.type == prometheus::MetricType::Histogram;
    std::string name = family.name;
    if (counter && name.ends_with("_total")) name.resize(name.size() - 6);
    out += fmt::format("# TYPE {} {}\n", name, counter ? "counter" : histogram ? "histogram" : "gauge");
    out += fmt::format("# HELP {} {}\n", name, escaped(family.help));
    for (const auto& metric : family.metric) {
      if (histogram) {
        add_histogram(out, name, metric);
      } else if (counter) {
        out += fmt::format("{}_total{} {}\n", name, labels(metric.label), number(metric.counter.value));
      } else {
        out += fmt::format("{}{} {}\n", name, labels(metric.label), number(metric.gauge.value));
      }
    }
  }
  return out + "# EOF\n";
}

bool wants_open_metrics(std::string_view accept) {
  // Prometheus lists what it takes with weights; whoever names OpenMetrics at all can read it.
  return to_lower(accept).find("application/openmetrics-text") != std::string::npos;
}

}  // namespace sentinel::api
