// What is known about models, as data: prices, limits, which optional settings they take, when they retire.
// A model that is not in the table can be asked; its price is then the configured one or the dearest known.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace sentinel::analyze {

struct ModelFacts {
  std::string_view id;
  // Dollars per million tokens; the second pair holds for prompts above `threshold` tokens (0: no such).
  double input_usd;
  double output_usd;
  std::int64_t threshold;
  double input_above_usd;
  double output_above_usd;
  double cache_write_factor;  // of the input price, for entries of 5 minutes
  double cache_read_factor;
  double bytes_per_token;      // of log text and JSON, on the careful side
  std::int64_t cache_minimum;  // shorter prefixes are silently not cached
  bool takes_effort;           // output_config.effort
  bool thinks;                 // by itself, out of max_tokens
  std::string_view state;      // "current", "legacy", "deprecated", "retired"
  std::string_view until;      // served at least until, or retires on, this date; may be empty
};

const ModelFacts* find_model(std::string_view id);
// For an unknown model: careful figures, nothing optional is sent.
ModelFacts facts_or_careful(std::string_view id);

// What a user should hear about the model of his configuration; none when all is well.
std::optional<std::string> model_warning(std::string_view id, Time now);

struct TokenUse {
  std::int64_t input = 0;  // not cached
  std::int64_t cache_write = 0;
  std::int64_t cache_read = 0;
  std::int64_t output = 0;
};
struct PriceOverride {  // dollars per million tokens; 0: by the table
  double input_usd = 0;
  double output_usd = 0;
};
double price_usd(const ModelFacts& model, const TokenUse& use, const PriceOverride& override_by = {});

// From the bytes of a text; within the model's own count on the careful side (docs/analysis.md).
std::int64_t estimate_tokens(const ModelFacts& model, std::size_t bytes);

}  // namespace sentinel::analyze
