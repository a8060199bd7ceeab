// The buttons of Slack's messages: acknowledge, silence, resolve. They come back by a signed HTTP request or
// by Socket Mode, whichever is set up.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "engine/engine.hpp"
#include "net/client.hpp"
#include "net/server.hpp"
#include "notify/slack_interaction.hpp"

namespace sentinel::app {

inline constexpr const char* kSlackPath = "/slack/interactive";

// Does what was pressed. What somebody did before, or what is not there, is no failure of Slack's: it would
// only be sent again.
Result<void> take_press(engine::Engine& engine, const notify::SlackPress& press, Time now);

// Engine and clock outlive the server. An empty secret: the path denies everything.
void register_slack_route(net::Server& server, engine::Engine& engine, const Clock& clock,
                          const std::string& signing_secret);

// Socket Mode: a connection that this side opens, so that no address of its own is needed. It is opened again
// whenever it ends.
class SlackSocket {
 public:
  // All outlive the socket.
  struct Deps {
    engine::Engine& engine;
    net::Transport& transport;
    const Clock& clock;
    Log log;
  };
  SlackSocket(Deps deps, std::string app_token, std::string api_url);
  ~SlackSocket();  // closes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::app
