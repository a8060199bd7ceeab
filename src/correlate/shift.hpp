// How much something that is measured in milliseconds moved between a baseline and a window, when the mix of
// operations may have moved too: durations are compared operation by operation, on a logarithmic scale.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "model/slice.hpp"

namespace sentinel::correlate {

struct Shift {
  double n = 0;          // samples in the window
  double n_before = 0;   // and in the baseline
  double log_ratio = 0;  // mean over operations of ln(now / before), weighted by the window's samples
  double z = 0;          // log_ratio over its standard error, in which 10 % are always taken for noise
  double excess_ms = 0;  // total milliseconds in the window beyond what the baseline would have taken
  double mean_ms = 0;    // per sample, of the operations compared
  double mean_before_ms = 0;

  bool known() const { return n > 0 && n_before > 0; }
};

class ShiftMeter {
 public:
  void add(std::string_view operation, double ms, bool during);
  void add(const model::LatencyHistogram& histogram, bool during);  // as one operation
  // An operation counts when both sides have a sample and the baseline at least `min_before`.
  Shift measure(double min_before = 3) const;

 private:
  struct Moments {
    double n = 0;
    double sum = 0;      // of ms
    double sum_log = 0;  // of ln ms
    double sum_log2 = 0;
    void add(double ms, double count);
  };
  struct Operation {
    Moments before;
    Moments during;
  };
  std::map<std::string, Operation, std::less<>> operations_;
};

}  // namespace sentinel::correlate
