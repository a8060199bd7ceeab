#include "net/websocket.hpp"

#include <fmt/format.h>
#include <libwebsockets.h>

#include <array>
#include <charconv>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace sentinel::net {
namespace {

struct Target {
  bool tls = true;
  std::string host;
  int port = 443;
  std::string path;
};

Result<Target> parse_target(std::string_view url) {
  const auto wrong = [&] {
    return fail(ErrorKind::kInvalid, fmt::format("'{}' is no WebSocket address", url));
  };
  Target target;
  std::string_view rest = url;
  if (rest.starts_with("wss://")) {
    rest.remove_prefix(6);
  } else if (rest.starts_with("ws://")) {
    rest.remove_prefix(5);
    target.tls = false;
    target.port = 80;
  } else {
    return wrong();
  }
  const auto slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  target.path = slash < rest.size() ? std::string(rest.substr(slash)) : "/";
  if (const auto colon = authority.rfind(':'); colon != std::string_view::npos) {
    const auto digits = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), target.port);
    if (error != std::errc() || end != digits.data() + digits.size() || target.port < 1 ||
        target.port > 65535)
      return wrong();
    authority = authority.substr(0, colon);
  }
  target.host = authority;
  if (target.host.empty() || target.host.find('@') != std::string::npos) return wrong();
  return target;
}

struct Talk {
  const std::function<WebSocketReply(std::string_view)>& on_message;
  std::size_t max_message;
  std::string incoming;
  std::deque<std::string> outgoing;
  bool leaving = false;  // when what is outgoing is sent
  bool over = false;
  bool established = false;
  Result<void> end;

  void fail_with(ErrorKind kind, std::string text) {
    end = fail(kind, std::move(text));
    over = true;
  }
};

// Nonzero ends the connection.
int received(lws* connection, Talk& talk, std::string_view piece) {
  if (talk.incoming.size() + piece.size() > talk.max_message) {
    talk.fail_with(ErrorKind::kInvalid, fmt::format("a message is longer than {} bytes", talk.max_message));
    return -1;
  }
  talk.incoming.append(piece);
  if (lws_is_final_fragment(connection) == 0 || lws_remaining_packet_payload(connection) > 0) return 0;
  const std::string message = std::exchange(talk.incoming, {});
  if (lws_frame_is_binary(connection) != 0) return 0;
  auto reply = talk.on_message(message);
  if (!reply.text.empty()) talk.outgoing.push_back(std::move(reply.text));
  talk.leaving = talk.leaving || reply.leave;
  if (!talk.outgoing.empty()) lws_callback_on_writable(connection);
  return talk.leaving && talk.outgoing.empty() ? -1 : 0;
}

int send_next(lws* connection, Talk& talk) {
  if (talk.outgoing.empty()) return talk.leaving ? -1 : 0;
  const std::string text = std::move(talk.outgoing.front());
  talk.outgoing.pop_front();
  std::vector<unsigned char> frame(LWS_PRE);
  frame.insert(frame.end(), text.begin(), text.end());
  if (lws_write(connection, frame.data() + LWS_PRE, text.size(), LWS_WRITE_TEXT) < 0) return -1;
  if (!talk.outgoing.empty() || talk.leaving) lws_callback_on_writable(connection);
  return 0;
}

int on_event(lws* connection, lws_callback_reasons reason, void*, void* in, std::size_t length) {
  auto* talk = static_cast<Talk*>(lws_context_user(lws_get_context(connection)));
  if (talk == nullptr) return 0;
  const std::string_view piece(static_cast<const char*>(in), in == nullptr ? 0 : length);
  switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      talk->established = true;
      return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
      return received(connection, *talk, piece);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      return send_next(connection, *talk);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      talk->fail_with(ErrorKind::kUnavailable,
                      piece.empty() ? std::string("it could not connect") : std::string(piece));
      return -1;
    case LWS_CALLBACK_CLIENT_CLOSED:
      talk->over = true;
      return 0;
    default:
      return 0;
  }
}

struct Destroy {
  void operator()(lws_context* context) const { lws_context_destroy(context); }
};

}  // namespace

Result<void> converse(const WebSocketOptions& options,
                      const std::function<WebSocketReply(std::string_view)>& on_message,
                      std::stop_token stop) {
  SENTINEL_ASSIGN(const auto target, parse_target(options.url));
  Talk talk{.on_message = on_message, .max_message = options.max_message};
  const std::array<lws_protocols, 2> protocols = {
      lws_protocols{"sentinelops", on_event, 0, 16'384, 0, nullptr, 0}, lws_protocols{}};
  lws_retry_bo_t liveliness{};
  liveliness.secs_since_valid_ping = static_cast<std::uint16_t>(seconds_of(options.ping_after));
  liveliness.secs_since_valid_hangup = static_cast<std::uint16_t>(2 * seconds_of(options.ping_after));

  lws_set_log_level(0, nullptr);
  lws_context_creation_info creation{};
  creation.port = CONTEXT_PORT_NO_LISTEN;
  creation.protocols = protocols.data();
  creation.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
  creation.user = &talk;
  creation.timeout_secs = static_cast<unsigned>(seconds_of(options.timeout));
  creation.fd_limit_per_thread = 16;
  const std::unique_ptr<lws_context, Destroy> context(lws_create_context(&creation));
  if (!context) return fail(ErrorKind::kUnavailable, "no WebSocket context can be made");

  const bool usual = target.port == (target.tls ? 443 : 80);
  const std::string host = usual ? target.host : fmt::format("{}:{}", target.host, target.port);
  lws_client_connect_info connect{};
  connect.context = context.get();
  connect.address = target.host.c_str();
  connect.port = target.port;
  connect.path = target.path.c_str();
  connect.host = host.c_str();
  connect.origin = host.c_str();
  connect.local_protocol_name = protocols[0].name;
  connect.ssl_connection = target.tls ? LCCSCF_USE_SSL : 0;
  connect.retry_and_idle_policy = &liveliness;
  const std::stop_callback wake(stop, [&] { lws_cancel_service(context.get()); });
  if (lws_client_connect_via_info(&connect) == nullptr && !talk.over)
    talk.fail_with(ErrorKind::kUnavailable, "it could not connect");
  while (!talk.over && !stop.stop_requested()) {
    if (lws_service(context.get(), 0) < 0) talk.fail_with(ErrorKind::kUnavailable, "the connection was lost");
  }
  return talk.end;
}

}  // namespace sentinel::net
