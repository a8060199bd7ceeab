#include "analyze/question.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::analyze {
namespace {

// Models that think by themselves do so out of max_tokens: room for it at low effort.
constexpr int kThinking = 2048;
constexpr int kMostTokens = 64'000;
constexpr std::int64_t kOrdinaryAnswer = 900;

}  // namespace

Result<Question> make_question(const model::Incident& incident, const std::optional<Before>& before,
                               const QuestionSettings& settings, const std::string& model,
                               const std::string& marker, int stretch) {
  const ModelFacts facts = facts_or_careful(model);
  SENTINEL_ASSIGN(auto redactor, Redactor::make(settings.redaction));
  RequestParts parts;
  parts.model = model;
  parts.instructions = instructions();
  parts.schema = answer_schema();
  parts.max_tokens =
      std::min(kMostTokens, (settings.max_tokens + (facts.thinks ? kThinking : 0)) * std::max(1, stretch));
  parts.effort = facts.takes_effort && settings.provider == ApiSettings::Provider::kAnthropic;
  const std::size_t around = request_body(settings.provider, parts).size();
  const auto most =
      static_cast<std::size_t>(static_cast<double>(settings.budgets.input_tokens) * facts.bytes_per_token);
  constexpr std::size_t kReserve = 64;
  const std::size_t room = most > around + kReserve ? most - around - kReserve : 1;

  Question question{{}, std::move(redactor), model, {}, {}, 0, 0, 0, 0};
  question.context = make_context(incident, before, {marker, room, settings.redact_names}, question.redactor);
  parts.message = question.context.text;
  question.body = request_body(settings.provider, parts);
  question.fingerprint = fingerprint_of(question.context, marker);
  question.max_tokens = parts.max_tokens;
  question.input_tokens = estimate_tokens(facts, question.body.size());
  // The local servers of the other provider cost nothing unless a price is configured.
  const bool free = settings.provider == ApiSettings::Provider::kOpenAi && find_model(model) == nullptr &&
                    settings.price.input_usd == 0 && settings.price.output_usd == 0;
  if (!free) {
    question.expected_usd = price_usd(
        facts,
        {.input = question.input_tokens, .output = std::min<std::int64_t>(kOrdinaryAnswer, parts.max_tokens)},
        settings.price);
    // At most: all of it written to the cache, the longest answer.
    question.most_usd =
        price_usd(facts, {.cache_write = question.input_tokens, .output = parts.max_tokens}, settings.price);
  }
  return question;
}

Offer offer_of(const Question& question) {
  return {question.model, question.input_tokens, question.most_usd};
}

}  // namespace sentinel::analyze
