#include "notify/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "model/json.hpp"

namespace sentinel::notify {
namespace {

constexpr std::array<std::string_view, 6> kTold = {"opened",   "escalated", "updated",
                                                   "reopened", "resolved",  "merged"};

}  // namespace

Verdict gate(const model::Incident& incident, const model::IncidentEvent& event, const ChannelPolicy& channel,
             bool silenced) {
  if (std::find(kTold.begin(), kTold.end(), event.kind) == kTold.end())
    return {false, fmt::format("event {}: not announced", event.kind)};
  if (silenced) return {false, "silence: recorded, not announced"};
  const bool wanted = channel.severities.empty() ||
                      std::find(channel.severities.begin(), channel.severities.end(), incident.severity) !=
                          channel.severities.end();
  if (!wanted)
    return {false,
            fmt::format("severity: {} does not take {}", channel.name, model::to_string(incident.severity))};
  return {};
}

std::vector<state::OutboxRow> rows_for(std::span<const model::Incident> incidents,
                                       std::span<const model::IncidentEvent> events,
                                       std::span<const ChannelPolicy> channels, Time now) {
  std::vector<state::OutboxRow> rows;
  for (const auto& event : events) {
    const auto incident = std::find_if(incidents.begin(), incidents.end(),
                                       [&](const auto& i) { return i.id == event.incident_id; });
    if (incident == incidents.end()) continue;
    for (const auto& channel : channels) {
      if (!gate(*incident, event, channel, !incident->silenced_by.empty()).pass) continue;
      state::OutboxRow row;
      row.key = fmt::format("{}:{}:{}:{}", event.incident_id, event.kind, micros(event.at), channel.name);
      row.channel = channel.name;
      row.incident_id = event.incident_id;
      row.payload = model::to_json(*incident).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      row.created_at = now;
      row.due_at = now;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace sentinel::notify
