// The versions of the state file. A step is never changed after a release: a new one is added.
#pragma once

#include "base/result.hpp"

struct sqlite3;

namespace sentinel::state {

// Brings the file to the newest version, each step in a transaction of its own. Refuses a newer one.
Result<void> migrate(sqlite3* db);

}  // namespace sentinel::state
