#include "analyze/budget.hpp"

#include <fmt/format.h>

namespace sentinel::analyze {
namespace {

// Why the offer cannot be taken; empty when it can.
std::string refusal(const Offer& offer, const Spent& spent, const Budgets& budgets) {
  if (offer.input_tokens > budgets.input_tokens)
    return fmt::format("the question has {} tokens, {} are allowed", offer.input_tokens,
                       budgets.input_tokens);
  if (spent.incident_usd + offer.most_usd > budgets.incident_usd)
    return fmt::format("the incident's budget of ${:.2f} does not reach: ${:.4f} spent, up to ${:.4f} more",
                       budgets.incident_usd, spent.incident_usd, offer.most_usd);
  if (spent.day_usd + offer.most_usd > budgets.day_usd)
    return fmt::format("the day's budget of ${:.2f} does not reach: ${:.4f} spent, up to ${:.4f} more",
                       budgets.day_usd, spent.day_usd, offer.most_usd);
  return "";
}

}  // namespace

Grant grant(const Offer& model, const Offer& cheaper, const Spent& spent, const Budgets& budgets) {
  const std::string why = refusal(model, spent, budgets);
  if (why.empty()) return {Grant::Choice::kModel, model.model, ""};
  if (!cheaper.model.empty() && cheaper.model != model.model && cheaper.most_usd < model.most_usd &&
      refusal(cheaper, spent, budgets).empty())
    return {Grant::Choice::kCheaper, cheaper.model, why};
  return {Grant::Choice::kNone, "", why};
}

}  // namespace sentinel::analyze
