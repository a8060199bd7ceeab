// What `explain` prints for people, from the JSON that the API serves and `--json` prints.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/terminal.hpp"

namespace sentinel::app {

std::string explain_text(const nlohmann::json& explanation, const Style& style);

}  // namespace sentinel::app
