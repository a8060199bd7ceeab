// A model's answer, held against the facts it was given. The answer is data: it can change nothing but the
// text of an explanation, and what it says is marked where the facts do not bear it out. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyze/context.hpp"
#include "base/result.hpp"
#include "model/incident.hpp"

namespace sentinel::analyze {

// The schema of the answer as JSON text, the same in every request: objects closed, no lengths or ranges
// (the API refuses those), all properties required.
std::string_view answer_schema();

// What the JSON held, cut to length, before any check.
struct RawAnswer {
  std::string root_cause;
  std::string root_cause_service;
  model::Confidence confidence = model::Confidence::kLow;
  std::vector<std::string> affected_services;
  std::vector<std::string> remediation_steps;
  std::string summary;
  struct RawClaim {
    std::string text;
    std::vector<std::string> evidence;
  };
  std::vector<RawClaim> claims;
};
// kCorrupt: no JSON, or a field that is missing or of the wrong type; the message names it. Unknown fields
// are ignored, text around the object too (servers without structured output write some).
Result<RawAnswer> read_answer(std::string_view text);

// Numbers of a text with how exactly they were written; ids, versions, addresses and placeholders are none.
struct Mention {
  double value = 0;
  double half_step = 0;  // half a unit of the last digit written
  std::string unit;      // "%", "s", "ms", "min", "x", ... or empty
  std::string text;
};
std::vector<Mention> numbers_in(std::string_view text);

// What in `text` the facts do not bear out, one phrase each.
std::vector<std::string> unresolved(std::string_view text, const Context& facts);

// Lowered by rule: an unverified main claim makes it low; a main claim that contradicts the deterministic
// ranking takes a step, two where that ranking is sure.
model::Confidence lowered(model::Confidence claimed, bool main_verified, bool agrees,
                          model::Confidence deterministic);

// The analysis as it is shown: claims marked, confidence by rule, values restored. `source` is the model.
model::Analysis judge(const RawAnswer& answer, const Context& facts, const Redactor& redactor,
                      std::string_view source);

}  // namespace sentinel::analyze
