// From an incident to the exact request and its price, before anything is sent. Pure.
#pragma once

#include <optional>
#include <string>

#include "analyze/answer.hpp"
#include "analyze/api.hpp"
#include "analyze/budget.hpp"
#include "analyze/context.hpp"

namespace sentinel::analyze {

struct QuestionSettings {
  ApiSettings::Provider provider = ApiSettings::Provider::kAnthropic;
  std::string model = "claude-sonnet-5-5";
  std::string cheaper_model = "claude-haiku-5-5";  // empty: none
  int max_tokens = 1024;
  PriceOverride price;
  Budgets budgets;
  RedactionRules redaction;
  bool redact_names = false;
};

struct Question {
  Context context;
  Redactor redactor;
  std::string model;
  std::string body;
  std::string fingerprint;
  std::int64_t input_tokens = 0;  // estimated
  int max_tokens = 0;             // as sent
  double expected_usd = 0;        // with an answer of ordinary length
  double most_usd = 0;            // with the longest answer
};

// `marker`: random. `stretch` multiplies the longest answer, for a second try after a cut one.
Result<Question> make_question(const model::Incident& incident, const std::optional<Before>& before,
                               const QuestionSettings& settings, const std::string& model,
                               const std::string& marker, int stretch = 1);
Offer offer_of(const Question& question);

}  // namespace sentinel::analyze
