// How bad: P1 is the worst. Thresholds turn a score into a severity.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sentinel::model {

enum class Severity : std::uint8_t { kP1 = 1, kP2 = 2, kP3 = 3, kP4 = 4 };

constexpr bool worse(Severity a, Severity b) { return static_cast<int>(a) < static_cast<int>(b); }
constexpr Severity worst(Severity a, Severity b) { return worse(a, b) ? a : b; }
std::string_view to_string(Severity severity);                  // "P1"
std::optional<Severity> parse_severity(std::string_view text);  // "P1", "p1"

// Least scores for each severity (`detection.thresholds`), falling from p1 to p4.
struct Thresholds {
  double p1 = 5.0;
  double p2 = 3.5;
  double p3 = 2.5;
  double p4 = 2.0;

  // The severity of an unrounded score, none below p4 (and for NaN).
  std::optional<Severity> severity_of(double score) const;
};

}  // namespace sentinel::model
