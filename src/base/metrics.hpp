// Numbers about the product itself, as interfaces; the registry behind them is prometheus-cpp in `api`.
// Names follow sentinelops_<room>_<noun>_<unit>, help is a full sentence. Instruments live as long as
// their Metrics, are thread-safe, and are asked for once, at construction.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sentinel {

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;  // amount >= 0
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

using MetricLabels = std::map<std::string, std::string>;

class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels = {}) = 0;
  virtual Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels = {}) = 0;
  // `bounds`: upper bounds of the buckets, rising, without +Inf.
  virtual Histogram& histogram(std::string_view name, std::string_view help,
                               const std::vector<double>& bounds, const MetricLabels& labels = {}) = 0;
};

// For tests and one-shot commands: counts nothing.
class NullMetrics final : public Metrics {
 public:
  Counter& counter(std::string_view, std::string_view, const MetricLabels&) override { return counter_; }
  Gauge& gauge(std::string_view, std::string_view, const MetricLabels&) override { return gauge_; }
  Histogram& histogram(std::string_view, std::string_view, const std::vector<double>&,
                       const MetricLabels&) override {
    return histogram_;
  }

 private:
  struct NoCounter final : Counter {
    void add(double) override {}
  } counter_;
  struct NoGauge final : Gauge {
    void set(double) override {}
  } gauge_;
  struct NoHistogram final : Histogram {
    void observe(double) override {}
  } histogram_;
};

}  // namespace sentinel
