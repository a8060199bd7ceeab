#include "api/prometheus_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

#include "api/open_metrics.hpp"

namespace sentinel::api {
namespace {

struct CounterAdapter final : Counter {
  explicit CounterAdapter(prometheus::Counter& c) : inner(c) {}
  void add(double amount) override { inner.Increment(amount); }
  prometheus::Counter& inner;
};
struct GaugeAdapter final : Gauge {
  explicit GaugeAdapter(prometheus::Gauge& g) : inner(g) {}
  void set(double value) override { inner.Set(value); }
  prometheus::Gauge& inner;
};
struct HistogramAdapter final : Histogram {
  explicit HistogramAdapter(prometheus::Histogram& h) : inner(h) {}
  void observe(double value) override { inner.Observe(value); }
  prometheus::Histogram& inner;
};

}  // namespace

struct PrometheusMetrics::Impl {
  mutable std::mutex mutex;
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  // prometheus-cpp hands out references for the registry's life; the adapters around them live here, one
  // each.
  std::map<prometheus::Counter*, std::unique_ptr<CounterAdapter>> counters;
  std::map<prometheus::Gauge*, std::unique_ptr<GaugeAdapter>> gauges;
  std::map<prometheus::Histogram*, std::unique_ptr<HistogramAdapter>> histograms;
};

PrometheusMetrics::PrometheusMetrics() : impl_(std::make_unique<Impl>()) {}
PrometheusMetrics::~PrometheusMetrics() = default;

Counter& PrometheusMetrics::counter(std::string_view name, std::string_view help,
                                    const MetricLabels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& inner = prometheus::BuildCounter()
                    .Name(std::string(name))
                    .Help(std::string(help))
                    .Register(impl_->registry)
                    .Add(labels);
  auto& slot = impl_->counters[&inner];
  if (!slot) slot = std::make_unique<CounterAdapter>(inner);
  return *slot;
}

Gauge& PrometheusMetrics::gauge(std::string_view name, std::string_view help, const MetricLabels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& inner = prometheus::BuildGauge()
                    .Name(std::string(name))
                    .Help(std::string(help))
                    .Register(impl_->registry)
                    .Add(labels);
  auto& slot = impl_->gauges[&inner];
  if (!slot) slot = std::make_unique<GaugeAdapter>(inner);
  return *slot;
}

Histogram& PrometheusMetrics::histogram(std::string_view name, std::string_view help,
                                        const std::vector<double>& bounds, const MetricLabels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& inner = prometheus::BuildHistogram()
                    .Name(std::string(name))
                    .Help(std::string(help))
                    .Register(impl_->registry)
                    .Add(labels, bounds);
  auto& slot = impl_->histograms[&inner];
  if (!slot) slot = std::make_unique<HistogramAdapter>(inner);
  return *slot;
}

std::string PrometheusMetrics::text() const {
  const std::lock_guard lock(impl_->mutex);
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

std::string PrometheusMetrics::open_metrics() const {
  const std::lock_guard lock(impl_->mutex);
  return to_open_metrics(impl_->registry.Collect());
}

}  // namespace sentinel::api
