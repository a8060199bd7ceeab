// Who am I; logging in and out.
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/body.hpp"
#include "api/context.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

json session_json(const Context& context, const Caller& caller) {
  json body = {{"authenticated", caller.known},
               {"login_required", context.access.login_required()},
               {"user", caller.user},
               {"role", caller.known ? json(to_string(caller.role)) : json()},
               {"csrf", caller.csrf}};
  if (caller.ends) body["expires_at"] = format_rfc3339(*caller.ends);
  return body;
}

net::Response login(Context& context, const Call& call) {
  const auto run = [&]() -> Result<net::Response> {
    SENTINEL_ASSIGN(const auto body, Body::read(call.request));
    SENTINEL_ASSIGN(const auto token, body.required_text("token", 1000));
    SENTINEL_ASSIGN(const auto user, body.text("user", 100));
    if (!context.access.login_required()) return json_answer(200, session_json(context, call.caller));
    auto session = context.access.login(token, user);
    if (!session) {
      context.log.warning("session.refused",
                          {{"remote", call.request.remote}, {"reason", session.error().message}});
      return tl::unexpected<Error>(std::move(session).error());
    }
    context.log.info("session.opened", {{"user", session->caller.user}, {"remote", call.request.remote}});
    net::Response response = json_answer(200, session_json(context, session->caller));
    response.headers.add("Set-Cookie", session->set_cookie);
    return response;
  };
  auto result = run();
  return result ? std::move(*result) : error_response(result.error());
}

}  // namespace

void add_session_routes(Router& router, Context& context) {
  router.get("/api/session",
             [&context](const Call& call) { return json_answer(200, session_json(context, call.caller)); });
  router.post_read("/api/session", [&context](const Call& call) { return login(context, call); });
  router.raw("DELETE", "/api/session", [&context](net::Request&, const net::Responder& responder) {
    net::Response response{204, {}, {}};
    response.headers.add("Set-Cookie", context.access.logout_cookie());
    responder.send(std::move(response));
  });
}

}  // namespace sentinel::api
