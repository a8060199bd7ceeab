#include "state/admission.hpp"

namespace sentinel::state {

Result<void> admit(const Change& change) {
  for (const auto& incident : change.incidents) {
    if (incident.id.empty())
      return fail(ErrorKind::kInvalid, "incident '" + incident.title + "': must have an id");
  }
  for (const auto& row : change.outbox) {
    if (row.key.empty())
      return fail(ErrorKind::kInvalid,
                  "message of incident " + row.incident_id + " to " + row.channel + ": must have a key");
  }
  for (const auto& record : change.analyses) {
    if (record.id.empty())
      return fail(ErrorKind::kInvalid, "analysis of incident " + record.incident_id + ": must have an id");
  }
  return {};
}

Result<void> admit(const model::Runbook& runbook) {
  if (runbook.title.empty())
    return fail(ErrorKind::kInvalid, "runbook " + runbook.id + ": must have a title");
  if (runbook.id.empty())
    return fail(ErrorKind::kInvalid, "runbook '" + runbook.title + "': must have an id");
  return {};
}

}  // namespace sentinel::state
