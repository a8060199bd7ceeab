// What a store takes: the conditions every adapter holds its input against before anything changes.
#pragma once

#include "base/result.hpp"
#include "state/store.hpp"

namespace sentinel::state {

// kInvalid for what could be written but never be asked for or read again: an incident or a message without
// its key, a runbook without id or title.
Result<void> admit(const Change& change);
Result<void> admit(const model::Runbook& runbook);

}  // namespace sentinel::state
