// What explanations by a model have cost, as JSON (Spend of docs/openapi.yaml).
#pragma once

#include <string>

#include "app/config.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "state/store.hpp"

namespace sentinel::app {

// Of the last thirty days (UTC), newest first. Reads the records only: it works without a key too.
Result<std::string> spend_json(const Config& config, const Environment& environment, state::StateStore& state,
                               Time now);

}  // namespace sentinel::app
