#include "app/analysis/spend.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "app/analysis/setup.hpp"

namespace sentinel::app {
namespace {

constexpr std::size_t kShownCalls = 200;
constexpr Duration kDay = hours(24);

}  // namespace

Result<std::string> spend_json(const Config& config, const Environment& environment, state::StateStore& state,
                               Time now) {
  using nlohmann::json;
  const Time today = align_down(now, kDay);
  SENTINEL_ASSIGN(const auto records, state.analyses({.from = today - 30 * kDay}));
  struct Day {
    int calls = 0;
    double usd = 0;
  };
  std::map<Time, Day, std::greater<>> days;
  json calls = json::array();
  for (auto it = records.rbegin(); it != records.rend(); ++it) {
    Day& day = days[align_down(it->asked_at, kDay)];
    ++day.calls;
    day.usd += it->usd;
    if (calls.size() >= kShownCalls) continue;
    calls.push_back({{"at", format_rfc3339(it->asked_at)},
                     {"incident_id", it->incident_id},
                     {"model", it->model},
                     {"outcome", it->outcome},
                     {"input_tokens", it->input_tokens + it->cache_write_tokens},
                     {"cached_tokens", it->cache_read_tokens},
                     {"output_tokens", it->output_tokens},
                     {"usd", it->usd}});
  }
  json list = json::array();
  for (const auto& [day, sum] : days)
    list.push_back({{"day", format_rfc3339(day).substr(0, 10)}, {"calls", sum.calls}, {"usd", sum.usd}});
  const auto spent_today = days.find(today);
  const json body = {{"enabled", no_model_because(config, environment).empty()},
                     {"model", config.analyzer.model},
                     {"today_usd", spent_today == days.end() ? 0.0 : spent_today->second.usd},
                     {"daily_budget_usd", config.analyzer.daily_budget_usd},
                     {"incident_budget_usd", config.analyzer.incident_budget_usd},
                     {"days", std::move(list)},
                     {"calls", std::move(calls)}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace sentinel::app
