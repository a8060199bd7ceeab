// The Metrics of the running service: prometheus-cpp's registry behind the interfaces of base, and its text
// form for GET /metrics.
#pragma once

#include <memory>
#include <string>

#include "base/metrics.hpp"

namespace sentinel::api {

// Thread-safe. Instruments live as long as this object. Asking twice for the same name and labels gives the
// same instrument; one name keeps one kind and one help text.
class PrometheusMetrics final : public Metrics {
 public:
  PrometheusMetrics();
  ~PrometheusMetrics() override;

  Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels = {}) override;
  Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels = {}) override;
  Histogram& histogram(std::string_view name, std::string_view help, const std::vector<double>& bounds,
                       const MetricLabels& labels = {}) override;

  // Classic Prometheus text (version 0.0.4).
  std::string text() const;
  // OpenMetrics 1.0.
  std::string open_metrics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether an Accept header prefers OpenMetrics over the classic text.
bool wants_open_metrics(std::string_view accept);

}  // namespace sentinel::api
