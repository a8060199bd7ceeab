// The ways back from people: commands on incidents over HTTP, and the buttons of Slack's messages. Where the
// REST API serves the same path, its own handler stands before these.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "net/server.hpp"

namespace sentinel::app {

inline constexpr const char* kSlackPath = "/slack/interactive";

// Engine and clock outlive the server. An empty secret: the buttons' path denies everything.
void register_notify_routes(net::Server& server, engine::Engine& engine, state::StateStore& state,
                            const Clock& clock, const std::string& slack_signing_secret);

}  // namespace sentinel::app
