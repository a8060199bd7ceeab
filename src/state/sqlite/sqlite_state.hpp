// The state store on one SQLite file: WAL, synchronous=FULL, one writer, readers beside it. What commit() has
// returned from survives kill -9 and power loss.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "state/store.hpp"

namespace sentinel::state {

enum class OpenMode : std::uint8_t {
  kOwn,   // creates and migrates; the running service
  kRead,  // for commands beside a running service: nothing is written, a missing file is an error
};

// Refuses a damaged file, one of a newer version, and a folder that cannot be written, each with what to do.
// Nothing is ever deleted.
Result<std::unique_ptr<StateStore>> open_sqlite_state(const std::string& path,
                                                      OpenMode mode = OpenMode::kOwn);

}  // namespace sentinel::state
