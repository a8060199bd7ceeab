#include "notify/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/json.hpp"
#include "notify/payload.hpp"

namespace sentinel::notify {
namespace {

constexpr std::array<std::string_view, 7> kOpening = {"opened",   "escalated",  "reopened", "announced",
                                                      "repeated", "unattended", "joined"};
constexpr std::array<std::string_view, 8> kFollowing = {"updated",  "resolved", "merged", "acknowledged",
                                                        "analyzed", "flapping", "undone", "split"};

// A cascade may show as several outages until its calls are seen: who has been told of the first is not told
// of the others before that is known.
constexpr Duration kDoubt = minutes(2);
constexpr Duration kReminder = minutes(15);  // before a silence that hides something ends
constexpr Duration kLong = hours(24);        // a silence has hidden something for so long

template <class List, class Item>
bool holds(const List& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool serves(const model::Incident& incident, const ChannelPolicy& channel) {
  return channel.services.empty() ||
         std::any_of(channel.services.begin(), channel.services.end(), [&](const std::string& pattern) {
           return std::any_of(incident.services.begin(), incident.services.end(),
                              [&](const std::string& service) { return glob_match(pattern, service); });
         });
}

state::OutboxRow row(std::string key, const ChannelPolicy& channel, const model::Incident& incident,
                     const model::IncidentEvent& event, bool whole, Time now, Time due) {
  state::OutboxRow r;
  r.key = std::move(key);
  r.channel = channel.name;
  r.incident_id = incident.id;
  r.event_number = event.number;
  r.payload = payload_text(event, whole ? &incident : nullptr);
  r.created_at = now;
  r.due_at = due;
  return r;
}

model::IncidentEvent said(const model::Incident& incident, std::string kind, std::string text, Time now) {
  return {.incident_id = incident.id,
          .at = now,
          .kind = std::move(kind),
          .actor = "sentinelops",
          .text = std::move(text)};
}

// How often `every` has passed since `from`; what happened before `last` is no news.
bool passed(Time from, Duration every, std::optional<Time> last, Time now, std::int64_t& count) {
  count = (now - from) / every;
  return count >= 1 && (!last || *last < from + every * count);
}

}  // namespace

bool is_opening(std::string_view kind) { return holds(kOpening, kind); }

Verdict gate(const model::Incident& incident, const model::IncidentEvent& event, const ChannelPolicy& channel,
             Time now) {
  const auto no = [&](std::string rule) { return Verdict{false, std::move(rule), now}; };
  if (!is_opening(event.kind) && !holds(kFollowing, event.kind))
    return no(fmt::format("event {}: not announced", event.kind));
  const bool ends = event.kind == "resolved" || event.kind == "merged";
  if (!incident.silenced_by.empty() && !ends) return no("silence: recorded, not announced");
  if (!channel.severities.empty() && !holds(channel.severities, incident.severity))
    return no(
        fmt::format("severity: {} does not take {}", channel.name, model::to_string(incident.severity)));
  if (!serves(incident, channel)) return no(fmt::format("services: none of them is one of {}", channel.name));
  if (channel.escalate_after > Duration::zero() && is_opening(event.kind) && event.kind != "unattended")
    return no(fmt::format("escalation: {} is asked only after {} without acknowledgement", channel.name,
                          format_duration(channel.escalate_after)));
  Verdict verdict{true, "", now};
  if (!holds(channel.urgent, incident.severity)) {
    verdict.due = channel.hours.next(now);
    if (verdict.due > now) verdict.held = fmt::format("hours: waits until {}", format_rfc3339(verdict.due));
  }
  if (const Time known = incident.created_at + kDoubt;
      !incident.merge_suggestion.empty() && now < known && verdict.due < known) {
    verdict.due = known;
    verdict.held =
        fmt::format("doubt: may be part of {}: waits {}", incident.merge_suggestion, format_duration(kDoubt));
  }
  // What follows at once waits with the opening, else it would take the opening along.
  if (const Time grouped = incident.created_at + channel.group; now < grouped && verdict.due < grouped) {
    verdict.due = grouped;
    verdict.held = fmt::format("grouping: waits {}", format_duration(channel.group));
  }
  return verdict;
}

std::vector<state::OutboxRow> rows_for(std::span<const model::Incident> incidents,
                                       std::span<const model::IncidentEvent> events,
                                       std::span<const ChannelPolicy> channels, Time now) {
  std::vector<state::OutboxRow> rows;
  std::map<std::string, int> ordinals;
  for (const auto& event : events) {
    const int ordinal = ordinals[event.incident_id]++;
    const auto incident = std::find_if(incidents.begin(), incidents.end(),
                                       [&](const auto& i) { return i.id == event.incident_id; });
    if (incident == incidents.end()) continue;
    for (const auto& channel : channels) {
      const auto verdict = gate(*incident, event, channel, now);
      if (!verdict.pass) continue;
      // Whose services were not hurt before hears of it now.
      const bool grows = event.kind == "updated" || event.kind == "merged";
      auto told = event;
      if (grows && incident->is_active() && !channel.services.empty() &&
          channel.escalate_after == Duration::zero())
        told.kind = "joined";
      rows.push_back(row(fmt::format("{}:{}:{}:{}:{}", event.incident_id, event.kind, micros(event.at),
                                     ordinal, channel.name),
                         channel, *incident, told, false, now, verdict.due));
    }
  }
  return rows;
}

std::vector<state::OutboxRow> rows_due(std::span<const model::Incident> active,
                                       std::span<const model::Silence> silences,
                                       std::span<const ChannelPolicy> channels, std::optional<Time> last,
                                       Time now) {
  std::vector<state::OutboxRow> rows;
  for (const auto& incident : active) {
    if (incident.state != model::IncidentState::kOpen) continue;
    // A relapse begins anew, and so does what a silence has hidden: nobody was asked before.
    const Time since = incident.unattended_since.value_or(incident.created_at);
    for (const auto& channel : channels) {
      std::int64_t count = 0;
      if (channel.repeat > Duration::zero() && passed(since, channel.repeat, last, now, count)) {
        const auto event = said(
            incident, "repeated",
            fmt::format("still open after {}, and nobody has acknowledged it", format_duration(now - since)),
            now);
        const auto verdict = gate(incident, event, channel, now);
        // What would wait for the hours is not worth telling later: by then it is repeated again.
        if (verdict.pass && verdict.due <= now)
          rows.push_back(
              row(fmt::format("{}:repeated:{}:{}:{}", incident.id, micros(since), count, channel.name),
                  channel, incident, event, false, now, now));
      }
      if (channel.escalate_after <= Duration::zero() || now < since + channel.escalate_after) continue;
      // One that changed since may be worse now than this channel's severities allowed before.
      if (last && *last >= since + channel.escalate_after && incident.updated_at <= *last) continue;
      const auto event =
          said(incident, "unattended",
               fmt::format("nobody has acknowledged it for {}", format_duration(now - since)), now);
      const auto verdict = gate(incident, event, channel, now);
      if (verdict.pass)
        rows.push_back(row(fmt::format("{}:unattended:{}:{}", incident.id, micros(since), channel.name),
                           channel, incident, event, false, now, verdict.due));
    }
  }
  for (const auto& silence : silences) {
    const auto end = silence.current_end(now);
    if (!end) continue;
    std::vector<std::string> hidden;
    Time since = now;
    for (const auto& incident : active) {
      if (incident.silenced_by != silence.id) continue;
      hidden.push_back(incident.id);
      since = std::min(since, incident.created_at);
    }
    if (hidden.empty()) continue;
    const bool ends_soon = *end - now <= kReminder && (!last || *end - *last > kReminder);
    const bool for_long = now - since >= kLong && (!last || *last - since < kLong);
    if (!ends_soon && !for_long) continue;
    const std::string what =
        fmt::format("silence {} by {}{}", silence.id, silence.author.empty() ? "?" : silence.author,
                    silence.reason.empty() ? "" : " (" + silence.reason + ")");
    auto notice = self_notice(
        "silence-" + silence.id,
        ends_soon ? fmt::format("{} ends in {}", what, format_duration(*end - now))
                  : fmt::format("{} has hidden something for {}", what, format_duration(now - since)),
        fmt::format("It hides {}. What is still open when it ends is announced then.",
                    fmt::join(hidden, ", ")),
        model::Severity::kP4, now, std::nullopt);
    notice.id +=
        fmt::format("-{}{}", ends_soon ? "end" : "long", micros(ends_soon ? *end : since) / 1'000'000);
    for (auto& r : notice_rows(notice, channels, "", now)) rows.push_back(std::move(r));
  }
  return rows;
}

model::Incident self_notice(const std::string& subject, std::string title, std::string summary,
                            model::Severity severity, Time since, std::optional<Time> over) {
  model::Incident notice;
  notice.id = "SELF-" + subject;
  notice.title = std::move(title);
  notice.severity = severity;
  notice.state = over ? model::IncidentState::kResolved : model::IncidentState::kOpen;
  notice.created_at = notice.onset = notice.last_bad_at = since;
  notice.updated_at = over.value_or(since);
  notice.resolved_at = over;
  notice.dedup_key = notice.id;
  notice.services = {"sentinelops"};
  notice.analysis = model::Analysis{.root_cause = "", .summary = std::move(summary)};
  return notice;
}

std::vector<state::OutboxRow> notice_rows(const model::Incident& notice,
                                          std::span<const ChannelPolicy> channels, const std::string& except,
                                          Time now) {
  std::vector<state::OutboxRow> rows;
  const auto event = said(notice, notice.is_active() ? "opened" : "resolved", notice.title, now);
  for (const auto& channel : channels) {
    if (channel.name == except || channel.escalate_after > Duration::zero()) continue;
    // Services are those of the fleet: news of the product itself are for everybody who takes the severity.
    if (!channel.severities.empty() && !holds(channel.severities, notice.severity)) continue;
    rows.push_back(
        row(fmt::format("{}:{}:{}:{}", notice.id, event.kind, micros(notice.created_at), channel.name),
            channel, notice, event, true, now, now));
  }
  return rows;
}

}  // namespace sentinel::notify
