// Slices in, anomalies out. Pure: a Detector is a fold over closed slices; it reads no clock and does no I/O.
// Feeding the same slices in the same order gives the same state and the same anomalies, bit for bit.
// Specification: docs/detection.md.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/anomaly.hpp"
#include "model/explanation.hpp"
#include "model/slice.hpp"

namespace sentinel::detect {

enum class Method : std::uint8_t { kRobust, kZscore };

struct MetricSetting {
  std::string name;  // numeric field of metric documents
  enum class Direction : std::uint8_t { kUp, kDown, kBoth } direction = Direction::kUp;
};

struct Settings {
  Method method = Method::kRobust;
  model::Thresholds thresholds;
  Duration slice = seconds(60);            // divides 300 s
  Duration lookback = minutes(5);          // zscore only
  Duration baseline_window = minutes(60);  // zscore only
  int min_data_points = 10;                // zscore only
  std::vector<MetricSetting> metrics;
  // Whether the detector finds gaps of the whole fleet by itself. A replay of one service must not: the
  // service would be the fleet, and its silence a gap. No part of the state.
  bool finds_fleet_gaps = true;
};

// All that happened in the fleet in one slice of time. Services that are absent sent nothing.
struct FleetSlice {
  Time start;
  std::vector<model::Slice> services;
  std::vector<model::MetricSlice> metrics;
  bool known =
      true;  // false: telemetry was missing for the fleet (a gap); it is not zero and teaches nothing
  std::vector<std::string> unheard;  // sorted; of these services alone telemetry was missing
};

// What late documents changed.
struct Amended {
  std::vector<model::Anomaly> anomalies;    // seen only now: marked late, the worst per (service, metric)
  std::vector<std::string> silences_ended;  // services whose silence was a delay
};

using model::Explanation;

// Telemetry that is missing, as opposed to services that are silent. docs/detection.md, "Gaps".
struct TelemetryGap {
  Time since;                         // the first moment without documents
  bool whole_fleet = false;           // nobody sends anything
  std::vector<std::string> services;  // who fell silent together; empty for the whole fleet
};

// Thread rules: const calls may run at the same time; close() and moves need the detector alone.
class Detector {
 public:
  // A forgotten service starts anew: after this long without documents and metric points its state is
  // dropped.
  static constexpr Duration kForgetAfter = hours(8 * 24);

  explicit Detector(Settings settings);
  ~Detector();
  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;

  // Teaches one closed slice and judges it. Slices come in time order without holes (a hole is a FleetSlice
  // with known = false); an older slice than the newest closed one is a programmer error. Returned anomalies
  // are sorted by (service, metric).
  std::vector<model::Anomaly> close(const FleetSlice& slice);
  // Late documents: these slices of services replace what was closed, in windows and baselines, and the
  // windows that end with them are judged again. Of the last hour; older ones change nothing. Part of the
  // fold: a replay gives the same state when it amends at the same moments.
  Amended amend(std::span<const model::Slice> slices);
  // Judges the newest of `open` (the slices not closed yet, in time order, directly after the newest closed
  // one) on a copy of the affected state; nothing is stored. A silence is repeated as the newest closed slice
  // found it, because a half-filled slice looks like one.
  std::vector<model::Anomaly> preview(std::span<const FleetSlice> open) const;
  // Why each metric of the service does or does not alert, as preview() would judge it. With `open` empty: as
  // of the newest closed slice.
  std::vector<Explanation> explain(const std::string& service, std::span<const FleetSlice> open) const;

  // Whether this slice is a gap in the telemetry of the whole fleet: no document from anyone where at least
  // sixteen are usual. close() takes such a slice as not known; a small fleet may well be quiet for a minute.
  bool is_gap(const FleetSlice& slice) const;
  // As of the newest closed slice: the whole fleet sends nothing, or half of its services (at least three)
  // fell silent together. Their silences are no anomalies; report this one gap instead.
  std::optional<TelemetryGap> telemetry_gap() const;

  std::optional<Time> newest_closed() const;
  std::vector<std::string> services() const;
  // Bytes held per service by part, summed over the fleet: for /metrics and the bench.
  std::size_t memory_bytes() const;
  // All doubles, exactly; restore refuses another version, other settings or damaged bytes. Thresholds are no
  // part of the state. About as large as memory_bytes().
  std::string snapshot() const;
  static Result<Detector> restore(Settings settings, std::string_view snapshot);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::detect
