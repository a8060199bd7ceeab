// The slices that `method: zscore` needs of one service: the baseline window, nothing learned. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "detect/grid.hpp"
#include "detect/latency_slices.hpp"
#include "detect/ring_buffer.hpp"
#include "detect/zscore.hpp"

namespace sentinel::detect {

// `count` windows of `slices` slices each, the current one first.
struct ZscoreWindows {
  int slices = 5;
  int count = 12;
  int min_data_points = 10;
};

struct CountSlice {
  std::uint64_t docs = 0;
  std::uint64_t errors = 0;
  const model::LatencyHistogram* latency = nullptr;
  bool known = true;
};

struct ZscoreReading {
  std::string_view metric;  // a literal
  double current = 0;
  std::uint64_t docs = 0;
  Zscore result;
};

// error_rate, latency_p99, latency_p95 of the windows that end with the newest slice.
class ZscoreHistory {
 public:
  // `first` is the slice of the first document: a window that ends before it is no data point.
  ZscoreHistory(ZscoreWindows windows, std::int64_t first);

  void close(const CountSlice& slice);
  // Judges the newest slice of `open`, or the newest closed one when it is empty.
  std::vector<ZscoreReading> judge(std::span<const CountSlice> open) const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.first_, self.now_, self.counts_, self.latency_);
  }

 private:
  struct Counts {
    std::uint64_t docs = 0;
    std::uint64_t errors = 0;
    bool known = true;
    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.docs, self.errors, self.known);
    }
  };
  ZscoreWindows windows_;
  std::int64_t first_;
  std::int64_t now_;
  RingBuffer<Counts> counts_;
  LatencySlices latency_;
};

struct MeanSlice {
  std::uint64_t count = 0;
  double sum = 0;
  bool known = true;
  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.count, self.sum, self.known);
  }
};

// The mean of a configured metric; windows without a value are no data points.
class ZscoreGauge {
 public:
  explicit ZscoreGauge(ZscoreWindows windows);
  void close(const MeanSlice& slice) { slices_.push(slice); }
  ZscoreReading judge(std::span<const MeanSlice> open) const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.slices_);
  }

 private:
  ZscoreWindows windows_;
  RingBuffer<MeanSlice> slices_;
};

}  // namespace sentinel::detect
