#include "api/prometheus_metrics.hpp"

#include <gtest/gtest.h>

namespace sentinel::api {
namespace {

TEST(PrometheusMetrics, ShowsWhatWasCounted) {
  PrometheusMetrics metrics;
  metrics.counter("sentinelops_engine_ticks_total", "Ticks that ran.").add(2);
  EXPECT_NE(metrics.text().find("sentinelops_engine_ticks_total 2"), std::string::npos);
}

TEST(PrometheusMetrics, SameNameAndLabelsIsTheSameInstrument) {
  PrometheusMetrics metrics;
  EXPECT_EQ(&metrics.counter("a_total", "A.", {{"x", "1"}}), &metrics.counter("a_total", "A.", {{"x", "1"}}));
  EXPECT_NE(&metrics.counter("a_total", "A.", {{"x", "1"}}), &metrics.counter("a_total", "A.", {{"x", "2"}}));
}

TEST(PrometheusMetrics, HistogramsHaveTheirBounds) {
  PrometheusMetrics metrics;
  metrics.histogram("h_seconds", "H.", {0.1, 1}).observe(0.5);
  const std::string text = metrics.text();
  EXPECT_NE(text.find("h_seconds_bucket{le=\"0.1\"} 0"), std::string::npos);
  EXPECT_NE(text.find("h_seconds_bucket{le=\"1\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace sentinel::api
