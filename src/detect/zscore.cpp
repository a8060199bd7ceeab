#include "detect/zscore.hpp"

#include <cmath>

namespace sentinel::detect {

Zscore zscore(std::span<const double> baseline, double current, int min_data_points) {
  Zscore out;
  out.points = static_cast<int>(baseline.size());
  if (baseline.empty()) return out;
  double sum = 0;
  for (const double x : baseline) sum += x;
  out.mean = sum / out.points;
  double squares = 0;
  for (const double x : baseline) squares += (x - out.mean) * (x - out.mean);
  out.stddev = std::sqrt(squares / out.points);
  if (out.points < min_data_points) return out;
  // Equal values may leave a rounding error of the mean; that is no deviation.
  if (out.stddev <= 1e-12 * std::abs(out.mean)) return out;
  out.z = (current - out.mean) / out.stddev;
  return out;
}

}  // namespace sentinel::detect
