#include "engine/spend.hpp"

#include <algorithm>

namespace sentinel::engine {
namespace {

void add(SpendSum& sum, const model::AnalysisRecord& record) {
  ++sum.questions;
  sum.answered += record.outcome == "answered" ? 1U : 0U;
  sum.input_tokens += record.input_tokens + record.cache_read_tokens + record.cache_write_tokens;
  sum.output_tokens += record.output_tokens;
  sum.usd += record.usd;
}

}  // namespace

Result<Spend> spend(state::StateStore& state, Time now, int days) {
  const Time today = align_down(now, hours(24));
  const Time from = today - hours(24) * (std::max(1, days) - 1);
  SENTINEL_ASSIGN(const auto records, state.analyses({.from = from, .limit = 1'000'000}));
  Spend spend;
  for (const auto& record : records) {
    if (record.outcome == "over_budget") continue;  // nothing was sent
    const std::string day = format_human(record.asked_at).substr(0, 10);
    if (spend.days.empty() || spend.days.back().first != day) spend.days.emplace_back(day, SpendSum{});
    add(spend.days.back().second, record);
    if (record.asked_at >= today) add(spend.today, record);
    add(spend.total, record);
    add(spend.by_model[record.model], record);
    add(spend.by_incident[record.incident_id], record);
  }
  return spend;
}

}  // namespace sentinel::engine
