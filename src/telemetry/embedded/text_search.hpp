// The search for a text in a message as an SQL function of ours: DuckDB's own ways fold the case of every
// message into a new string first, which takes most of a search.
#pragma once

#include "telemetry/embedded/duck.hpp"

namespace sentinel::telemetry {

inline constexpr const char* kHasText = "sentinel_has_text";  // (message, text) -> boolean
// Once per database, before its first query.
Result<void> register_text_search(const duck::Connection& connection);

}  // namespace sentinel::telemetry
