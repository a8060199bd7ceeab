// One WebSocket connection to a server (libwebsockets), for as long as it lasts. Certificates are verified
// against the system's authorities.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel::net {

struct WebSocketOptions {
  std::string url;                 // wss://host/path, or ws:// where nobody listens in
  Duration timeout = seconds(15);  // to connect and to close
  Duration ping_after =
      seconds(30);  // of silence; a connection that does not answer within as long again is lost
  std::size_t max_message = 1U << 20;
};

struct WebSocketReply {
  std::string text;    // sent back; empty: nothing is
  bool leave = false;  // the connection is closed
};

// Calls `on_message` with each text message, on the calling thread. Returns when the other side has closed,
// when `on_message` leaves, or when asked to stop. kUnavailable: it could not connect, or the connection was
// lost; kInvalid: bad URL, or a message that is too long. Any thread; one call is one connection.
Result<void> converse(const WebSocketOptions& options,
                      const std::function<WebSocketReply(std::string_view)>& on_message,
                      std::stop_token stop = {});

}  // namespace sentinel::net
