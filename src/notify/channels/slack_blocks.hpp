// An incident as Slack's Block Kit, within its limits by construction. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "notify/facts.hpp"

namespace sentinel::notify {

// & < > as Slack wants them, cut to `most` bytes without cutting an entity or a character.
std::string slack_escaped(std::string_view text, std::size_t most);

// The blocks of the one message of an incident. `id` goes into the buttons.
nlohmann::json slack_blocks(const Facts& facts, const std::string& id, bool active, bool buttons);
// The same in one line, for notifications and old clients.
std::string slack_fallback(const Facts& facts);

}  // namespace sentinel::notify
