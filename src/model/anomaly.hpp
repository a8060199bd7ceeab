// One metric of one service that misbehaves, with the numbers that explain it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "model/severity.hpp"
#include "model/slice.hpp"

namespace sentinel::model {

// Names of the built-in metrics; any other is a configured numeric field.
inline constexpr std::string_view kErrorRate = "error_rate";  // errors counted in the window, as the original
inline constexpr std::string_view kLatencyP99 = "latency_p99";  // milliseconds
inline constexpr std::string_view kLatencyP95 = "latency_p95";
inline constexpr std::string_view kSilence = "silence";  // documents that are missing
inline constexpr std::string_view kTraffic = "traffic";

struct Anomaly {
  std::string service;
  std::string metric;
  Severity severity = Severity::kP4;
  double score = 0;     // the z of the original; severity = highest threshold reached
  double observed = 0;  // errors, ms, documents, or the gauge's value
  double expected = 0;
  double stddev = 0;               // of the baseline (zscore) or sqrt of the predicted variance (robust)
  std::optional<double> band_low;  // what would be no alert
  std::optional<double> band_high;
  double ratio = 0;        // observed / expected, 0 when expected is 0
  std::uint64_t docs = 0;  // documents in the window
  TimeRange window;        // judged: the last `horizon` up to its end
  Duration horizon{};      // 5, 20 or 60 min
  std::string channel;     // latency: which quantile ("p90", "p99", "far"); else empty
  std::string sentence;    // one sentence for people
  Time at;                 // when it was judged: end of the newest slice in it
  bool late = false;       // judged after the fact (missed window, late documents)
  // The newest minutes are ordinary again: only the window still remembers. It keeps no incident open.
  bool easing = false;

  // First 16 hex digits of SHA-256 of "service:metric:severity", as the original.
  std::string dedup_key() const;
};

}  // namespace sentinel::model
