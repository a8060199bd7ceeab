#include "analyze/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace sentinel::analyze {
namespace {

// Newer tokenizers make about 30 % more tokens of the same text than those of the 4.5 and 4.6 models.
constexpr double kNewTokens = 2.7;
constexpr double kOldTokens = 3.5;

// State of November 2026. A new model is a new row.
constexpr std::array kModels = {
    ModelFacts{"claude-sonnet-5-5", 2, 10, 0, 0, 0, 1.25, 0.1, kNewTokens, 512, true, true, "current", ""},
    ModelFacts{"claude-opus-5-5", 4, 20, 0, 0, 0, 1.25, 0.05, kNewTokens, 512, true, true, "current", ""},
    ModelFacts{"claude-haiku-5-5", 0.10, 0.50, 100'000, 0.50, 2.50, 1.25, 0.1, kNewTokens, 512, true, true,
               "current", ""},
    ModelFacts{"claude-fable-5-1", 10, 50, 0, 0, 0, 1.25, 0.1, kNewTokens, 512, true, true, "current", ""},
    ModelFacts{"claude-sonnet-4-6", 3, 15, 0, 0, 0, 1.25, 0.1, kOldTokens, 1024, true, false, "legacy",
               "2027-02-17"},
    ModelFacts{"claude-haiku-4-5-20251001", 1, 5, 0, 0, 0, 1.25, 0.1, kOldTokens, 4096, false, false,
               "legacy", "2026-10-15"},
    ModelFacts{"claude-haiku-4-5", 1, 5, 0, 0, 0, 1.25, 0.1, kOldTokens, 4096, false, false, "legacy",
               "2026-10-15"},
    ModelFacts{"claude-sonnet-4-5-20250929", 3, 15, 0, 0, 0, 1.25, 0.1, kOldTokens, 1024, false, false,
               "deprecated", "2026-11-30"},
    ModelFacts{"claude-sonnet-4-5", 3, 15, 0, 0, 0, 1.25, 0.1, kOldTokens, 1024, false, false, "deprecated",
               "2026-11-30"},
    // Retired: the API answers not_found_error. Prices do not matter any more.
    ModelFacts{"claude-sonnet-4-20250514", 3, 15, 0, 0, 0, 1.25, 0.1, kOldTokens, 1024, false, false,
               "retired", "2026-06-15"},
    ModelFacts{"claude-opus-4-20250514", 15, 75, 0, 0, 0, 1.25, 0.1, kOldTokens, 1024, false, false,
               "retired", "2026-06-15"},
    ModelFacts{"claude-opus-4-1-20250805", 15, 75, 0, 0, 0, 1.25, 0.1, kOldTokens, 1024, false, false,
               "retired", "2026-08-05"},
};

}  // namespace

const ModelFacts* find_model(std::string_view id) {
  const auto found =
      std::find_if(kModels.begin(), kModels.end(), [&](const auto& model) { return model.id == id; });
  return found == kModels.end() ? nullptr : &*found;
}

ModelFacts facts_or_careful(std::string_view id) {
  if (const auto* known = find_model(id)) return *known;
  double input = 0;
  double output = 0;
  for (const auto& model : kModels) {
    if (model.state != "current") continue;
    input = std::max(input, model.input_usd);
    output = std::max(output, model.output_usd);
  }
  return {id, input, output, 0, 0, 0, 1.25, 0.1, kNewTokens, 1024, false, true, "unknown", ""};
}

std::optional<std::string> model_warning(std::string_view id, Time now) {
  const auto* model = find_model(id);
  if (model == nullptr || model->state == "current") return std::nullopt;
  const auto date = parse_rfc3339(model->until);
  const bool over = date && *date <= now;
  if (model->state == "retired" || (model->state == "deprecated" && over))
    return fmt::format("{} was retired on {} and answers no more; use claude-sonnet-5-5", id, model->until);
  if (model->state == "deprecated")
    return fmt::format("{} retires on {}; use claude-sonnet-5-5", id, model->until);
  return over ? fmt::format("{} is legacy and may be retired at any time; claude-sonnet-5-5 follows it", id)
              : fmt::format("{} is legacy, served until {} at least; claude-sonnet-5-5 follows it", id,
                            model->until);
}

double price_usd(const ModelFacts& model, const TokenUse& use, const PriceOverride& by) {
  const auto total = use.input + use.cache_write + use.cache_read;
  const bool above = model.threshold > 0 && total > model.threshold;
  const double input = by.input_usd > 0 ? by.input_usd : above ? model.input_above_usd : model.input_usd;
  const double output = by.output_usd > 0 ? by.output_usd : above ? model.output_above_usd : model.output_usd;
  const auto tokens = [](std::int64_t n) { return static_cast<double>(n) / 1e6; };
  return tokens(use.input) * input + tokens(use.cache_write) * input * model.cache_write_factor +
         tokens(use.cache_read) * input * model.cache_read_factor + tokens(use.output) * output;
}

std::int64_t estimate_tokens(const ModelFacts& model, std::size_t bytes) {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(bytes) / model.bytes_per_token));
}

}  // namespace sentinel::analyze
