// The deterministic report: the five fields of the original, made from what correlation found, at once,
// always.
#pragma once

#include <span>

#include "model/cause.hpp"
#include "model/incident.hpp"
#include "model/runbook.hpp"

namespace sentinel::analyze {

model::Analysis deterministic_report(const model::Group& group,
                                     std::span<const model::RunbookMatch> runbooks);

}  // namespace sentinel::analyze
