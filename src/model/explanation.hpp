// Why a metric of a service does or does not alert, with every number that led there, and the course of the
// numbers behind it: what `sentinelops explain` prints and the API serves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/severity.hpp"
#include "model/slice.hpp"

namespace sentinel::model {

struct Explanation {
  std::string service;
  std::string metric;
  // One window that was judged. Counts are errors, documents, or requests at or above `limit_ms`; a gauge's
  // are its own unit.
  struct Horizon {
    Duration length{};
    TimeRange window;
    std::string channel;  // latency: which quantile; else empty
    double observed = 0;
    double expected = 0;
    double variance = 0;
    double band_low = 0;  // what would be no alert
    double band_high = 0;
    double docs = 0;    // errors: the other documents; latency: requests
    double season = 1;  // habit of this hour that is in `expected`: a factor (gauge: an addend)
    // Latency only, in milliseconds: the window's quantile, the baseline's, and above which a request counts.
    std::optional<double> value_ms;
    std::optional<double> normal_ms;
    std::optional<double> limit_ms;
    double score = 0;  // after all gates
    double raw = 0;    // before looks, calibration and gates
    bool scored = false;
    std::vector<std::string> gates;  // what was done to the score, in words
  };
  std::vector<Horizon> horizons;
  double score = 0;                  // the largest
  std::optional<Severity> severity;  // none: no alert
  std::string sentence;              // of the window with the largest score
  std::string verdict;               // why it alerts, or why not
  bool learning = false;             // the service is younger than a day
  bool frozen = false;               // in trouble: its baseline does not learn
};

// One slice of one metric: the 5-minute window that ends with it (zscore: the lookback window), the score of
// all windows.
struct SeriesPoint {
  Time at;                // end of the slice
  double observed = 0;    // latency: ms; errors, documents: counts in the window
  bool has_value = true;  // false: no request, no point
  bool known = true;      // false: a gap in the telemetry
  bool judged = false;    // expected, band and score are there
  double expected = 0;    // latency: ms
  double band_low = 0;    // latency: 0
  double band_high = 0;   // latency: ms below which the change is too small for any alert
  double score = 0;
  std::optional<Severity> severity;
};

struct MetricSeries {
  std::string metric;
  std::vector<SeriesPoint> points;
};

struct ServiceExplanation {
  std::string service;
  Time at;                // end of the newest slice that was judged
  bool replayed = false;  // from stored history, as of a past moment; else from the running detector
  std::vector<Explanation> metrics;
  std::vector<MetricSeries> series;  // the last hour, in the order of `metrics`
};

}  // namespace sentinel::model
