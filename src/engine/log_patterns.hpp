// Log lines of a search clustered into patterns, for people who look around. Pure; unlike the patterns of an
// incident these compare with nothing, so each is steady.
#pragma once

#include <span>
#include <vector>

#include "model/cause.hpp"

namespace sentinel::engine {

// By falling count, then id.
std::vector<model::Pattern> log_patterns(std::span<const model::LogEvent> events);

}  // namespace sentinel::engine
