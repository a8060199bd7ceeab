#include "app/notify_routes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/api.hpp"
#include "base/text.hpp"
#include "model/json.hpp"
#include "model/silence_json.hpp"
#include "notify/signature.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;

net::Response answer(int status, const json& body) {
  return net::Response::json(status, body.dump(-1, ' ', false, json::error_handler_t::replace));
}

struct Wish {
  std::string who;
  std::string why;
  std::string text;
  std::string into;
  std::vector<std::string> services;
};

Result<Wish> read_wish(const net::Request& request) {
  // A page of another site cannot send this type without being asked first.
  if (!to_lower(request.headers.get("Content-Type").value_or("")).starts_with("application/json"))
    return fail(ErrorKind::kInvalid, "the body must be JSON (Content-Type: application/json)");
  SENTINEL_ASSIGN(const auto body, model::parse_json(request.body.empty() ? "{}" : request.body));
  if (!body.is_object()) return fail(ErrorKind::kInvalid, "the body must be an object");
  Wish wish;
  const std::pair<const char*, std::string*> texts[] = {
      {"who", &wish.who}, {"why", &wish.why}, {"text", &wish.text}, {"into", &wish.into}};
  constexpr std::size_t kMost = 10'000;
  for (const auto& [name, into] : texts) {
    if (!body.contains(name) || body[name].is_null()) continue;
    if (!body[name].is_string() || body[name].get_ref<const std::string&>().size() > kMost)
      return fail(ErrorKind::kInvalid, fmt::format("{}: must be a text of at most {} bytes", name, kMost));
    *into = body[name].get<std::string>();
  }
  if (body.contains("services")) {
    for (const auto& item : body["services"]) {
      if (!item.is_string()) return fail(ErrorKind::kInvalid, "services: must be a list of names");
      wish.services.push_back(item.get<std::string>());
    }
  }
  wish.who = wish.who.empty() ? "api" : one_line(wish.who, 100);
  return wish;
}

net::Response changed(state::StateStore& state, const std::string& id) {
  const auto incident = state.incident(id);
  if (!incident) return api::error_response(incident.error());
  if (!*incident) return api::error_response(404, fmt::format("incident {} not found", one_line(id, 60)));
  return answer(200, model::to_json(**incident));
}

net::Response pressed(engine::Engine& engine, const net::Request& request, const std::string& secret,
                      Time now) {
  const auto header = [&](const char* name) { return request.headers.get(name).value_or(""); };
  if (const auto fine = notify::check_slack_signature(secret, header("X-Slack-Request-Timestamp"),
                                                      header("X-Slack-Signature"), request.body, now);
      !fine)
    return api::error_response(401, fine.error().text());
  const auto press = notify::read_slack_press(request.body);
  if (!press) return api::error_response(press.error());
  const std::string who = press->user + " (Slack)";
  Result<void> done;
  if (press->action == "acknowledge")
    done = engine.acknowledge(press->incident, who, "acknowledged in Slack", now);
  if (press->action == "resolve") done = engine.resolve(press->incident, who, "resolved in Slack", now);
  if (press->action == "silence")
    done = engine.silence_incident(press->incident, hours(1), who, "silenced in Slack", now);
  // A button that somebody pressed before is no failure of Slack's: it would only be sent again.
  if (!done && done.error().kind != ErrorKind::kConflict && done.error().kind != ErrorKind::kNotFound)
    return api::error_response(done.error());
  return answer(200, json::object());
}

}  // namespace

void register_notify_routes(net::Server& server, engine::Engine& engine, state::StateStore& state,
                            const Clock& clock, const std::string& slack_signing_secret) {
  const auto route = [&](const char* verb, auto act) {
    server.route("POST", fmt::format("/api/incidents/*/{}", verb),
                 [&engine, &state, &clock, act](net::Request& request, const net::Responder& responder) {
                   const auto wish = read_wish(request);
                   if (!wish) return responder.send(api::error_response(wish.error()));
                   const std::string id = request.captures.front();
                   const Result<std::string> lives = act(engine, id, *wish, clock.now());
                   responder.send(lives ? changed(state, *lives) : api::error_response(lives.error()));
                 });
  };
  const auto simple = [](Result<void> done, const std::string& id) -> Result<std::string> {
    if (!done) return tl::unexpected<Error>(std::move(done).error());
    return id;
  };
  route("acknowledge", [simple](engine::Engine& e, const std::string& id, const Wish& w, Time now) {
    return simple(e.acknowledge(id, w.who, w.why, now), id);
  });
  route("resolve", [simple](engine::Engine& e, const std::string& id, const Wish& w, Time now) {
    return simple(e.resolve(id, w.who, w.why, now), id);
  });
  route("reopen", [simple](engine::Engine& e, const std::string& id, const Wish& w, Time now) {
    return simple(e.reopen(id, w.who, w.why, now), id);
  });
  route("comment", [simple](engine::Engine& e, const std::string& id, const Wish& w, Time now) {
    return simple(e.comment(id, w.who, w.text, now), id);
  });
  route("undo", [simple](engine::Engine& e, const std::string& id, const Wish& w, Time now) {
    return simple(e.undo(id, w.who, w.why, now), id);
  });
  route("merge", [](engine::Engine& e, const std::string& id, const Wish& w, Time now) {
    return e.merge(id, w.into, w.who, w.why, now);
  });
  route("split", [](engine::Engine& e, const std::string& id, const Wish& w, Time now) {
    return e.split(id, w.services, w.who, w.why, now);
  });
  server.route(
      "POST", kSlackPath,
      [&engine, &clock, slack_signing_secret](net::Request& request, const net::Responder& responder) {
        responder.send(pressed(engine, request, slack_signing_secret, clock.now()));
      });
}

}  // namespace sentinel::app
