#include "model/severity.hpp"

namespace sentinel::model {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kP1:
      return "P1";
    case Severity::kP2:
      return "P2";
    case Severity::kP3:
      return "P3";
    case Severity::kP4:
      return "P4";
  }
  return "P4";
}

std::optional<Severity> parse_severity(std::string_view text) {
  if (text.size() != 2 || (text[0] != 'P' && text[0] != 'p') || text[1] < '1' || text[1] > '4')
    return std::nullopt;
  return static_cast<Severity>(text[1] - '0');
}

std::optional<Severity> Thresholds::severity_of(double score) const {
  if (score >= p1) return Severity::kP1;
  if (score >= p2) return Severity::kP2;
  if (score >= p3) return Severity::kP3;
  if (score >= p4) return Severity::kP4;
  return std::nullopt;
}

}  // namespace sentinel::model
