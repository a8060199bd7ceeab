// A small text file, read whole.
#pragma once

#include <string>

#include "base/result.hpp"

namespace sentinel::app {

// kNotFound when there is none, kDenied when it may not be read, kInvalid for a folder or for more than
// `most` bytes. Pipes are fine: `--config <(...)`. The message begins with the path.
Result<std::string> read_text_file(const std::string& path, std::size_t most);

}  // namespace sentinel::app
