// May this question be asked, and of which model? Pure.
#pragma once

#include <string>

#include "analyze/models.hpp"

namespace sentinel::analyze {

struct Budgets {
  double incident_usd = 0.5;
  double day_usd = 5;
  std::int64_t input_tokens = 8000;  // of one question
};
struct Spent {  // so far, questions under way at their estimate
  double incident_usd = 0;
  double day_usd = 0;
};
// One model that may be asked, with what the question costs there at most.
struct Offer {
  std::string model;  // empty: there is none
  std::int64_t input_tokens = 0;
  double most_usd = 0;
};

struct Grant {
  enum class Choice : std::uint8_t { kModel, kCheaper, kNone } choice = Choice::kNone;
  std::string model;   // empty for none
  std::string reason;  // why not the first choice; empty for it
};
Grant grant(const Offer& model, const Offer& cheaper, const Spent& spent, const Budgets& budgets);

}  // namespace sentinel::analyze
