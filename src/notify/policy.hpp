// Routing: whether and when an event of an incident is told on a channel, and the outbox rows that carry it.
// Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/incident.hpp"
#include "model/silence.hpp"
#include "notify/hours.hpp"
#include "state/store.hpp"

namespace sentinel::notify {

struct ChannelPolicy {
  std::string name;                         // "slack", "pagerduty", ...
  std::vector<model::Severity> severities;  // announced there; empty: all
  std::vector<std::string> services;        // globs, one of the incident's must match; empty: all
  Hours hours;                              // what comes outside waits for them
  std::vector<model::Severity> urgent;      // severities that do not wait for the hours
  Duration group{};           // the first message waits so long, so that what follows at once joins it
  Duration repeat{};          // told again so often while nobody has acknowledged; zero: never
  Duration escalate_after{};  // told only when nobody has acknowledged for so long; zero: at once
};

// `held` names the rule that keeps the message back, or lets it wait until `due`; empty when it goes at once.
struct Verdict {
  bool pass = true;
  std::string held;
  Time due;
};

// Events that may be the first a channel hears of an incident; on all others an incident never begins.
bool is_opening(std::string_view kind);

// Rules, in order: events that are not announced; silence (but the end of what was announced is told);
// severities; services; escalation; hours; doubt; grouping. Severity is the worst the incident had: it never
// falls, so that an outage that fades pages nobody.
Verdict gate(const model::Incident& incident, const model::IncidentEvent& event, const ChannelPolicy& channel,
             Time now);

// Rows for the events of one decision, one for each channel that passes, keyed so that writing them twice is
// harmless.
std::vector<state::OutboxRow> rows_for(std::span<const model::Incident> incidents,
                                       std::span<const model::IncidentEvent> events,
                                       std::span<const ChannelPolicy> channels, Time now);

// What only the passing of time brings since `last` (none: all that is due): repeats while nobody has
// acknowledged, channels that are next to be asked, silences that end soon or hide something for long.
std::vector<state::OutboxRow> rows_due(std::span<const model::Incident> active,
                                       std::span<const model::Silence> silences,
                                       std::span<const ChannelPolicy> channels, std::optional<Time> last,
                                       Time now);

// Messages that were delivered before this moment are forgotten, once their incident is over.
inline Time forgotten_before(Time now) { return now - hours(30 * 24); }

// News about the product itself, in the shape of an incident, so that every channel can tell it: `subject`
// makes the id, `over` ends it.
model::Incident self_notice(const std::string& subject, std::string title, std::string summary,
                            model::Severity severity, Time since, std::optional<Time> over);
// Rows for a notice; `except` names a channel that is its subject.
std::vector<state::OutboxRow> notice_rows(const model::Incident& notice,
                                          std::span<const ChannelPolicy> channels, const std::string& except,
                                          Time now);

}  // namespace sentinel::notify
