// What detection sees: for one service and one slice of time the number of documents, of errors, and a
// latency histogram that can be added, so that any window's quantile comes from adding slices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace sentinel::model {

// Half-open: from <= t < to.
struct TimeRange {
  Time from;
  Time to;

  bool contains(Time t) const { return from <= t && t < to; }
  bool empty() const { return to <= from; }
  Duration length() const { return to - from; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

// Latency bins: floor(ln(ms) / 0.02), kept in 0..559, that is 1 ms to 73 s in steps of 2 %. Every store must
// compute bins by this formula: slices of different stores are equal.
inline constexpr double kBinWidth = 0.02;
inline constexpr int kBins = 560;
int latency_bin(double ms);     // ms >= 0
double bin_lower_ms(int bin);   // exp(0.02 bin)
double bin_middle_ms(int bin);  // exp(0.02 (bin + 1/2))

class LatencyHistogram {
 public:
  struct Bin {
    std::uint16_t index;
    std::uint32_t count;
    friend bool operator==(const Bin&, const Bin&) = default;
  };

  void add_ms(double ms) { add(latency_bin(ms), 1); }
  void add(int bin, std::uint32_t count);
  void merge(const LatencyHistogram& other);
  std::uint64_t total() const;
  std::uint64_t at_or_above(int bin) const;  // samples in bins >= bin
  // Quantile q in [0, 1] by rank r = (N - 1)(1 - q) counted from the top, interpolated between the logarithms
  // of the middles of the bins that hold the neighbouring ranks (detection: section 2). None when empty.
  std::optional<double> quantile_ms(double q) const;
  bool empty() const { return bins_.empty(); }
  const std::vector<Bin>& bins() const { return bins_; }  // by rising index, counts > 0
  friend bool operator==(const LatencyHistogram&, const LatencyHistogram&) = default;

 private:
  std::vector<Bin> bins_;
};

struct Slice {
  std::string service;
  Time start;  // aligned to the slice length
  std::uint64_t docs = 0;
  std::uint64_t errors = 0;  // documents for which is_error() holds
  LatencyHistogram latency;  // of the documents that have a duration

  void merge(const Slice& other);  // of the same service; keeps the earlier start
  friend bool operator==(const Slice&, const Slice&) = default;
};

// Calls from one service to another as the caller saw them (its client spans), per slice.
struct CallSlice {
  std::string caller;
  std::string callee;
  Time start;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  LatencyHistogram latency;
  friend bool operator==(const CallSlice&, const CallSlice&) = default;
};

// A numeric field of metric documents, per slice; the mean is sum / count.
struct MetricSlice {
  std::string service;
  std::string metric;
  Time start;
  std::uint64_t count = 0;
  double sum = 0;
  friend bool operator==(const MetricSlice&, const MetricSlice&) = default;
};

// What came in during some stretch of ingest time, by event time: how late the documents of a slice were.
struct Arrival {
  std::string service;
  Time slice;  // start of the slice the documents belong to
  std::uint64_t docs = 0;
  Duration max_lag{};  // largest (ingested - @timestamp)
  std::string source;  // who sent them: the documents' host.name; empty when they name none
  friend bool operator==(const Arrival&, const Arrival&) = default;
};

}  // namespace sentinel::model
