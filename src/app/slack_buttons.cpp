#include "app/slack_buttons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/api.hpp"
#include "base/hash.hpp"
#include "base/rng.hpp"
#include "base/text.hpp"
#include "model/json.hpp"
#include "net/websocket.hpp"
#include "notify/signature.hpp"

namespace sentinel::app {
namespace {

net::Response answer(engine::Engine& engine, const net::Request& request, const std::string& secret,
                     Time now) {
  const auto header = [&](const char* name) { return request.headers.get(name).value_or(""); };
  if (const auto fine = notify::check_slack_signature(secret, header("X-Slack-Request-Timestamp"),
                                                      header("X-Slack-Signature"), request.body, now);
      !fine)
    return api::error_response(401, fine.error().text());
  const auto press = notify::read_slack_press(request.body);
  if (!press) return api::error_response(press.error());
  if (const auto done = take_press(engine, *press, now); !done) return api::error_response(done.error());
  return net::Response::json(200, "{}");
}

}  // namespace

Result<void> take_press(engine::Engine& engine, const notify::SlackPress& press, Time now) {
  const std::string who = press.user + " (Slack)";
  Result<void> done;
  if (press.action == "acknowledge")
    done = engine.acknowledge(press.incident, who, "acknowledged in Slack", now);
  if (press.action == "resolve") done = engine.resolve(press.incident, who, "resolved in Slack", now);
  if (press.action == "silence")
    done = engine.silence_incident(press.incident, hours(1), who, "silenced in Slack", now);
  if (!done && (done.error().kind == ErrorKind::kConflict || done.error().kind == ErrorKind::kNotFound))
    return {};
  return done;
}

void register_slack_route(net::Server& server, engine::Engine& engine, const Clock& clock,
                          const std::string& signing_secret) {
  server.route("POST", kSlackPath,
               [&engine, &clock, signing_secret](net::Request& request, const net::Responder& responder) {
                 responder.send(answer(engine, request, signing_secret, clock.now()));
               });
}

struct SlackSocket::Impl {
  Impl(Deps d, std::string t, std::string u)
      : deps(d),
        token(std::move(t)),
        api_url(std::move(u)),
        rng(fnv1a("slack", static_cast<std::uint64_t>(micros(d.clock.now())))) {}

  void run(const std::stop_token& stop);
  Result<std::string> address(const std::stop_token& stop);
  net::WebSocketReply take(std::string_view text);
  void pause(Duration length, const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, length, [] { return false; });
  }

  Deps deps;
  std::string token;
  std::string api_url;
  Rng rng;
  int failures = 0;               // in a row
  bool greeted = false;           // on this connection
  std::deque<std::string> taken;  // ids of the newest envelopes: one that is sent again is acknowledged only
  std::mutex mutex;
  std::condition_variable_any wake;
  std::jthread thread;  // last, so that it ends before what it uses
};

SlackSocket::SlackSocket(Deps deps, std::string app_token, std::string api_url)
    : impl_(std::make_unique<Impl>(deps, std::move(app_token), std::move(api_url))) {
  Impl& self = *impl_;
  self.thread = std::jthread([&self](const std::stop_token& stop) { self.run(stop); });
}
SlackSocket::~SlackSocket() = default;

void SlackSocket::Impl::run(const std::stop_token& stop) {
  constexpr Duration kLongest = minutes(5);
  while (!stop.stop_requested()) {
    greeted = false;
    auto ended = address(stop).and_then([&](const std::string& url) {
      return net::converse(
          {.url = url}, [&](std::string_view text) { return take(text); }, stop);
    });
    if (stop.stop_requested()) return;
    // Slack closes each connection after some hours and says so: that is no failure.
    if (!ended || !greeted) {
      if (failures == 0)
        deps.log.warning(
            "slack.socket.failed",
            {{"error", ended ? std::string("Slack closed it without a word") : ended.error().text()}});
      ++failures;
    }
    const double base = std::min(seconds_of(kLongest), std::ldexp(1.0, std::min(failures, 20) - 1));
    pause(Duration(static_cast<std::int64_t>(base * rng.uniform(0.75, 1.25) * 1e6)), stop);
  }
}

Result<std::string> SlackSocket::Impl::address(const std::stop_token& stop) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = api_url + "/apps.connections.open";
  request.headers.set("Authorization", "Bearer " + token);
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.timeout = seconds(15);
  request.max_response = 1U << 20;
  SENTINEL_ASSIGN(const auto answer, deps.transport.send(request, stop));
  if (answer.status != 200)
    return fail(ErrorKind::kUnavailable, fmt::format("apps.connections.open: status {}", answer.status));
  const auto body = model::parse_json(answer.body);
  const auto word = [&](const char* name) {
    return body && body->is_object() && body->contains(name) && (*body)[name].is_string()
               ? (*body)[name].get<std::string>()
               : std::string();
  };
  const std::string url = word("url");
  if (url.empty())
    return fail(ErrorKind::kUnavailable,
                fmt::format("apps.connections.open: {}",
                            one_line(word("error").empty() ? "no url" : word("error"), 80)));
  if (!url.starts_with("wss://") && !api_url.starts_with("http://"))
    return fail(ErrorKind::kUnavailable, "apps.connections.open: the address is not encrypted");
  return url;
}

net::WebSocketReply SlackSocket::Impl::take(std::string_view text) {
  const auto envelope = notify::read_slack_envelope(text);
  if (!envelope) return {};
  if (envelope->type == "hello") {
    greeted = true;
    failures = 0;
    deps.log.info("slack.socket.connected");
  }
  if (envelope->type == "disconnect") {
    deps.log.info("slack.socket.renewed", {{"reason", envelope->reason}});
    return {"", true};
  }
  if (envelope->id.empty()) return {};
  if (std::find(taken.begin(), taken.end(), envelope->id) == taken.end()) {
    if (envelope->press) {
      // Not acknowledged, so that it comes again.
      if (const auto done = take_press(deps.engine, *envelope->press, deps.clock.now()); !done) {
        deps.log.warning("slack.press.failed", {{"error", done.error().text()}});
        return {};
      }
    }
    constexpr std::size_t kRemembered = 200;
    taken.push_back(envelope->id);
    if (taken.size() > kRemembered) taken.pop_front();
  }
  return {notify::slack_acknowledgement(envelope->id), false};
}

}  // namespace sentinel::app
