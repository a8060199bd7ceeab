// A runbook from an incident that is over: a draft, for a person to edit before it is put into the store.
#pragma once

#include <span>

#include "model/incident.hpp"
#include "model/runbook.hpp"

namespace sentinel::runbooks {

// From what the incident's timeline and analysis say:
//   title         the leading service and its most interesting new log pattern, else the incident's title
//   id            of the incident, so that drafting again replaces the draft and no other runbook
//   root cause    the analysis', else the evidence for the leading cause
//   steps         what people wrote: comments in their order, then why it was resolved; when nobody wrote
//                 anything, the analysis' steps
//   services      the incident's, leading cause first; tags: the metrics of its anomalies
// Parts that nothing is known about are empty. Pure.
model::Runbook draft_from(const model::Incident& incident, std::span<const model::IncidentEvent> timeline);

}  // namespace sentinel::runbooks
