#include "model/ledger.hpp"

#include <optional>

namespace sentinel::model {

std::string_view to_string(Coverage coverage) {
  switch (coverage) {
    case Coverage::kEvaluated:
      return "evaluated";
    case Coverage::kLate:
      return "late";
    case Coverage::kGap:
      return "gap";
  }
  return "gap";
}

std::optional<Coverage> parse_coverage(std::string_view text) {
  for (const Coverage c : {Coverage::kEvaluated, Coverage::kLate, Coverage::kGap}) {
    if (text == to_string(c)) return c;
  }
  return std::nullopt;
}

}  // namespace sentinel::model
