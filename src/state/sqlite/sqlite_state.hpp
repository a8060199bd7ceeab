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

// Refuses, each with the path and what to do: a damaged file (kCorrupt), one of a newer version or of another
// program, a folder in its place (kInvalid), a folder that cannot be written (kDenied), and for kRead a file
// that is missing (kNotFound) or of an older version (kInvalid). What is refused is left as it is; nothing is
// ever deleted. A full disk is kUnavailable, at commit() too: the change is not there, a later one may be.
Result<std::unique_ptr<StateStore>> open_sqlite_state(const std::string& path,
                                                      OpenMode mode = OpenMode::kOwn);

}  // namespace sentinel::state
