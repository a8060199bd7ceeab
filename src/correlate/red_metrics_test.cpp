#include "correlate/red_metrics.hpp"

#include <gtest/gtest.h>

namespace sentinel::correlate {
namespace {

TEST(MetricMeaning, ComesFromTheWordsOfItsName) {
  const struct {
    const char* name;
    MetricRole role;
  } rows[] = {
      {"latency_avg_ms", MetricRole::kLatency},
      {"http.server.request.duration", MetricRole::kLatency},
      {"availability_pct", MetricRole::kAvailability},
      {"error_rate_pct", MetricRole::kErrorRate},
      {"Errors", MetricRole::kErrors},
      {"requests", MetricRole::kRequests},
      {"cpu_pct", MetricRole::kOther},
      {"client_latency_p90_ms", MetricRole::kOther},
  };
  for (const auto& row : rows) EXPECT_EQ(meaning_of(row.name).role, row.role) << row.name;
}

TEST(SlicesFromMetrics, RequestsErrorsAndLatencyBecomeOneSlice) {
  const Time at = *parse_rfc3339("2026-03-01T12:00:00Z");
  const std::vector<model::MetricSlice> metrics = {{"db", "requests", at, 1, 200},
                                                   {"db", "availability_pct", at, 1, 95},
                                                   {"db", "latency_p99_ms", at, 1, 900},
                                                   {"db", "latency_avg_ms", at, 1, 40}};
  const auto slices = slices_from_metrics(metrics);
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_EQ(slices[0].docs, 200U);
  EXPECT_EQ(slices[0].errors, 10U);
  EXPECT_NEAR(*slices[0].latency.quantile_ms(0.5), 40, 1);
}

TEST(SlicesFromMetrics, AnIdleBucketIsNoSlice) {
  const Time at = *parse_rfc3339("2026-03-01T12:00:00Z");
  EXPECT_TRUE(slices_from_metrics(std::vector<model::MetricSlice>{{"db", "requests", at, 1, 0}}).empty());
  EXPECT_TRUE(
      slices_from_metrics(std::vector<model::MetricSlice>{{"db", "latency_avg_ms", at, 1, 5}}).empty());
}

}  // namespace
}  // namespace sentinel::correlate
