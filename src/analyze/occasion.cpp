#include "analyze/occasion.hpp"

#include <algorithm>
#include <array>

#include "analyze/context.hpp"

namespace sentinel::analyze {
namespace {

constexpr Duration kBetweenUpdates = minutes(2);
// Waits before a question that failed is repeated; after the last one it is not.
constexpr std::array<Duration, 5> kRepeats = {Duration(minutes(1)), Duration(minutes(5)),
                                              Duration(minutes(15)), Duration(minutes(30)),
                                              Duration(minutes(60))};

bool is_silenced(const model::Incident& incident, std::span<const model::Silence> silences, Time now) {
  return !incident.anomalies.empty() &&
         std::all_of(incident.anomalies.begin(), incident.anomalies.end(), [&](const auto& anomaly) {
           return std::any_of(silences.begin(), silences.end(),
                              [&](const auto& silence) { return silence.matches(anomaly, now); });
         });
}

bool heals(const std::string& outcome) {
  constexpr std::array<std::string_view, 7> kHealing = {
      "overloaded", "rate_limited", "spend_limit", "unauthorized", "server_error", "timeout", "unreachable"};
  return std::find(kHealing.begin(), kHealing.end(), outcome) != kHealing.end();
}

}  // namespace

Wish wish_for(const model::Incident& incident, std::span<const model::AnalysisRecord> asked,
              std::span<const model::Silence> silences, Time now) {
  if (!incident.is_active() || !incident.merged_into.empty() || !incident.silenced_by.empty() ||
      is_silenced(incident, silences, now))
    return {};
  if (asked.empty()) return {Wish::What::kFirst, now};
  const std::string occasion = occasion_of(incident);
  const bool explained =
      std::any_of(asked.begin(), asked.end(), [](const auto& r) { return r.outcome == "answered"; });
  const auto what = explained ? Wish::What::kUpdate : Wish::What::kFirst;
  const auto& last = asked.back();
  if (last.occasion != occasion) return {what, last.asked_at + kBetweenUpdates};
  // Cut off by the end of the process: taken up at once.
  if (last.outcome == "asked" || last.outcome == "stopped") return {what, now};
  if (!heals(last.outcome)) return {};
  std::size_t failures = 0;
  for (auto it = asked.rbegin(); it != asked.rend() && it->occasion == occasion && heals(it->outcome); ++it)
    ++failures;
  if (failures > kRepeats.size()) return {};
  return {what, last.asked_at + kRepeats[failures - 1]};
}

std::optional<std::size_t> next_of(std::span<const Waiting> waiting, Time now) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i].not_before > now) continue;
    const auto order = [&](std::size_t n) {
      return std::pair(static_cast<int>(waiting[n].severity), waiting[n].created_at);
    };
    if (!best || order(i) < order(*best)) best = i;
  }
  return best;
}

}  // namespace sentinel::analyze
