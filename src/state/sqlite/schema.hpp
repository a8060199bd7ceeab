// The versions of the state file. A step is never changed after a release: a new one is added.
#pragma once

#include "base/result.hpp"

struct sqlite3;

namespace sentinel::state {

// Refuses a file of a newer version and the database of another program. Writes nothing.
Result<void> require_known(sqlite3* db);
// The same, and an older version: for a reader, which must not migrate. Writes nothing.
Result<void> require_newest(sqlite3* db);
// Brings the file to the newest version, each step in a transaction of its own; two processes may do so at
// once. Refuses what require_known() refuses.
Result<void> migrate(sqlite3* db);

}  // namespace sentinel::state
