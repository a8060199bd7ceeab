// All that the detector remembers of one service. Scorers are made when their first data comes: a service
// that only sends metrics holds no error state. Internal to the room.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "detect/archive.hpp"
#include "detect/detector.hpp"
#include "detect/error_scorer.hpp"
#include "detect/gauge_scorer.hpp"
#include "detect/latency_scorer.hpp"
#include "detect/sentence.hpp"
#include "detect/silence_scorer.hpp"
#include "detect/zscore_history.hpp"

namespace sentinel::detect {

// One slice of one service, gathered from a FleetSlice.
struct ServiceSlice {
  const model::Slice* logs = nullptr;              // null: no documents
  std::vector<const model::MetricSlice*> metrics;  // by index in Settings::metrics; null: no points
  bool known = true;
};

class ServiceState {
 public:
  ServiceState(const Settings& settings, std::int64_t slice);

  // Takes the slice after the newest one; returns what misbehaves, silence included.
  std::vector<model::Anomaly> close(const Settings& settings, const std::string& name,
                                    const ServiceSlice& slice);
  std::vector<model::Anomaly> preview(const Settings& settings, const std::string& name,
                                      std::span<const ServiceSlice> open) const;
  std::vector<Explanation> explain(const Settings& settings, const std::string& name,
                                   std::span<const ServiceSlice> open) const;

  // A closed slice as it is now that late documents have come. Gauges and the plain z-score keep what they
  // had. True: its silence was none, or ended.
  bool amend(std::int64_t index, const model::Slice& slice);
  // What misbehaved in the windows that ended with a closed slice of the last hour.
  std::vector<model::Anomaly> judge_past(const Settings& settings, const std::string& name,
                                         std::int64_t index) const;

  std::int64_t last_heard() const { return last_heard_; }
  const SilenceScorer* silence() const { return silence_.get(); }
  // Its silence is part of a gap in the telemetry: suppressed until documents come again.
  bool in_gap = false;
  std::size_t bytes() const;

  // Reading needs the settings, because rings are sized by them.
  void save(StateWriter& out) const;
  void load(StateReader& in, const Settings& settings);

 private:
  struct Gauge {
    std::unique_ptr<GaugeScorer> up;
    std::unique_ptr<GaugeScorer> down;  // of the negated values
    std::unique_ptr<ZscoreGauge> plain;
  };
  struct Reading;  // one judged metric
  std::vector<Reading> judge_open(const Settings& settings, std::span<const ServiceSlice> open,
                                  bool in_full = false) const;
  bool is_frozen(const Reading& reading) const;
  void make_scorers(const Settings& settings, const ServiceSlice& slice);
  SentenceContext context(const Settings& settings, const Reading& reading, std::int64_t newest) const;
  std::vector<model::Anomaly> anomalies(const Settings& settings, const std::string& name,
                                        const std::vector<Reading>& readings, std::int64_t newest) const;

  std::int64_t first_ = 0;  // slice of the first document or point
  std::int64_t now_ = 0;    // newest closed
  std::int64_t last_heard_ = 0;
  std::unique_ptr<ErrorScorer> errors_;
  std::unique_ptr<LatencyScorer> latency_;
  std::unique_ptr<SilenceScorer> silence_;
  std::unique_ptr<ZscoreHistory> plain_;
  std::vector<Gauge> gauges_;  // by index in Settings::metrics
};

}  // namespace sentinel::detect
