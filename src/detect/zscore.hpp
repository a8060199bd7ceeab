// `method: zscore`, the compatible option: the plain formula over trailing windows, with the population
// standard deviation, upward only. docs/detection.md, "The plain z-score".
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace sentinel::detect {

struct Zscore {
  int points = 0;  // baseline values
  double mean = 0;
  double stddev = 0;
  std::optional<double> z;  // none: too few points, or no deviation at all
};

Zscore zscore(std::span<const double> baseline, double current, int min_data_points);

}  // namespace sentinel::detect
