// What people do with an incident. Each command is the engine's; the answer is the incident as it is then.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/body.hpp"
#include "api/context.hpp"
#include "api/views.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

// Who goes into the timeline: a session or a proxy knows; else the body may tell, for a shared token and for
// loopback.
Result<std::string> actor(const Call& call, const Body& body) {
  if (call.caller.named) return call.caller.user;
  SENTINEL_ASSIGN(auto who, body.text("who", 100));
  who = one_line(trim(who), 100);
  return who.empty() ? call.caller.user : who;
}

using Command = std::function<Result<void>(const std::string& id, const std::string& who,
                                           const std::string& text, Time now)>;

void add(Router& router, Context& context, const std::string& pattern, const char* field, bool required,
         std::size_t most, Command command) {
  router.write("POST", pattern,
               [&context, field, required, most, command = std::move(command)](const Call& call) {
                 const std::string& id = call.request.captures.front();
                 const auto run = [&]() -> Result<json> {
                   SENTINEL_ASSIGN(const auto body, Body::read(call.request));
                   SENTINEL_ASSIGN(const auto who, actor(call, body));
                   SENTINEL_ASSIGN(const auto text,
                                   required ? body.required_text(field, most) : body.text(field, most));
                   SENTINEL_TRY(command(id, who, text, call.now));
                   return read_incident(context.state, id, call.now);
                 };
                 const auto result = run();
                 return result ? json_answer(200, *result) : error_response(result.error());
               });
}

Result<json> merge(Context& context, const Call& call) {
  SENTINEL_ASSIGN(const auto body, Body::read(call.request));
  SENTINEL_ASSIGN(const auto who, actor(call, body));
  SENTINEL_ASSIGN(const auto into, body.required_text("into", 100));
  SENTINEL_ASSIGN(const auto why, body.text("why", 2000));
  SENTINEL_ASSIGN(const auto id,
                  context.engine.merge(call.request.captures.front(), into, who, why, call.now));
  return read_incident(context.state, id, call.now);
}

Result<json> split(Context& context, const Call& call) {
  SENTINEL_ASSIGN(const auto body, Body::read(call.request));
  SENTINEL_ASSIGN(const auto who, actor(call, body));
  SENTINEL_ASSIGN(const auto services, body.texts("services", 1000, 500));
  if (services.empty()) return fail(ErrorKind::kInvalid, "field services is missing");
  SENTINEL_ASSIGN(const auto why, body.text("why", 2000));
  SENTINEL_ASSIGN(const auto id,
                  context.engine.split(call.request.captures.front(), services, who, why, call.now));
  return read_incident(context.state, id, call.now);
}

}  // namespace

void add_command_routes(Router& router, Context& context) {
  engine::Engine& engine = context.engine;
  add(router, context, "/api/incidents/{id}/acknowledge", "why", false, 2000,
      [&engine](const auto& id, const auto& who, const auto& why, Time now) {
        return engine.acknowledge(id, who, why, now);
      });
  add(router, context, "/api/incidents/{id}/resolve", "why", false, 2000,
      [&engine](const auto& id, const auto& who, const auto& why, Time now) {
        return engine.resolve(id, who, why, now);
      });
  add(router, context, "/api/incidents/{id}/reopen", "why", false, 2000,
      [&engine](const auto& id, const auto& who, const auto& why, Time now) {
        return engine.reopen(id, who, why, now);
      });
  add(router, context, "/api/incidents/{id}/undo", "why", false, 2000,
      [&engine](const auto& id, const auto& who, const auto& why, Time now) {
        return engine.undo(id, who, why, now);
      });
  router.write("POST", "/api/incidents/{id}/merge", [&context](const Call& call) {
    const auto result = merge(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
  router.write("POST", "/api/incidents/{id}/split", [&context](const Call& call) {
    const auto result = split(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
  add(router, context, "/api/incidents/{id}/comment", "text", true, 10'000,
      [&engine](const auto& id, const auto& who, const auto& text, Time now) {
        return engine.comment(id, who, text, now);
      });
}

}  // namespace sentinel::api
