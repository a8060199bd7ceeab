// Whether an event of an incident is worth a message on a channel, and the outbox row that carries it. Pure;
// the channels themselves come later, and without one nothing is enqueued.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/incident.hpp"
#include "state/store.hpp"

namespace sentinel::notify {

struct ChannelPolicy {
  std::string name;                         // "slack", "pagerduty", ...
  std::vector<model::Severity> severities;  // announced there; empty: all
};

// `held` names the rule that kept the message back; empty when it passes.
struct Verdict {
  bool pass = true;
  std::string held;
};

// An event is told when it opens, escalates, reopens or resolves an incident of the channel's severities that
// is not silenced. What only adds detail is told where the opening was. Comments and lower severities never
// page.
Verdict gate(const model::Incident& incident, const model::IncidentEvent& event, const ChannelPolicy& channel,
             bool silenced);

// Rows for the events of one decision, one for each channel that passes, keyed so that writing them twice is
// harmless.
std::vector<state::OutboxRow> rows_for(std::span<const model::Incident> incidents,
                                       std::span<const model::IncidentEvent> events,
                                       std::span<const ChannelPolicy> channels, Time now);

}  // namespace sentinel::notify
