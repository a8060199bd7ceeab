// What comes back from Slack's buttons, by a signed HTTP request or by Socket Mode. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sentinel::notify {

// What a person pressed.
struct SlackPress {
  std::string action;    // "acknowledge", "silence", "resolve"; others are none of ours
  std::string incident;  // id
  std::string user;      // name or id
};
// From the form body of an interaction ("payload=..."). kInvalid when it is none.
Result<SlackPress> read_slack_press(std::string_view form);

// A message of Socket Mode.
struct SlackEnvelope {
  std::string type;    // "hello", "disconnect", "interactive", ...
  std::string id;      // must be acknowledged within three seconds; empty: nothing to acknowledge
  std::string reason;  // of a disconnect
  std::optional<SlackPress> press;  // of an interaction with a button
};
// kInvalid when it is none.
Result<SlackEnvelope> read_slack_envelope(std::string_view text);
std::string slack_acknowledgement(const std::string& envelope_id);

}  // namespace sentinel::notify
