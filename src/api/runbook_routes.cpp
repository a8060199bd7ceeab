// Runbooks: list and search, one, put, delete, and the draft from an incident.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/body.hpp"
#include "api/context.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

Result<json> list(Context& context, const net::Request& request) {
  json rows = json::array();
  if (const auto text = request.param("q"); text && !trim(*text).empty()) {
    // A word may be a service, a tag or part of the text: whichever it is, it counts.
    state::RunbookQuery query{.text = std::string(*text), .limit = 50};
    for (const auto word : split(*text, ' ')) {
      if (word.empty()) continue;
      query.services.emplace_back(word);
      query.tags.emplace_back(word);
    }
    SENTINEL_ASSIGN(const auto matches, context.state.search_runbooks(query));
    for (const auto& match : matches) rows.push_back(model::to_json(match));
  } else {
    SENTINEL_ASSIGN(const auto all, context.state.runbooks());
    for (const auto& runbook : all) rows.push_back(model::to_json(runbook));
  }
  return json{{"total", rows.size()}, {"runbooks", std::move(rows)}};
}

Result<model::Runbook> find(Context& context, const std::string& id) {
  SENTINEL_ASSIGN(const auto all, context.state.runbooks());
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.id == id; });
  if (found == all.end())
    return fail(ErrorKind::kNotFound, fmt::format("runbook {} not found", one_line(id, 60)));
  return *found;
}

void tell(Context& context, const char* event, const std::string& id, const Call& call) {
  context.log.info(event, {{"id", id}, {"by", call.caller.user}});
  context.feed.publish("runbook", dump({{"id", id}}));
}

Result<json> put(Context& context, const Call& call) {
  const std::string& id = call.request.captures.front();
  const bool plain = !id.empty() && id.size() <= 100 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (!plain)
    return fail(ErrorKind::kInvalid,
                "a runbook's id has up to 100 letters, digits, dots, dashes and underscores");
  SENTINEL_ASSIGN(const auto body, Body::read(call.request));
  model::Runbook runbook{.id = id};
  SENTINEL_ASSIGN(runbook.title, body.required_text("title", 500));
  SENTINEL_ASSIGN(runbook.incident_date, body.text("incident_date", 100));
  SENTINEL_ASSIGN(runbook.services_affected, body.texts("services_affected", 1000, 500));
  SENTINEL_ASSIGN(runbook.root_cause, body.text("root_cause", 20'000));
  SENTINEL_ASSIGN(runbook.resolution_steps, body.texts("resolution_steps", 500, 20'000));
  SENTINEL_ASSIGN(runbook.tags, body.texts("tags", 500, 500));
  SENTINEL_TRY(context.state.put_runbook(runbook));
  tell(context, "runbook.put", id, call);
  SENTINEL_ASSIGN(const auto kept, find(context, id));
  return model::to_json(kept);
}

Result<json> draft(Context& context, const std::string& id) {
  SENTINEL_ASSIGN(const auto incident, context.state.incident(id));
  if (!incident) return fail(ErrorKind::kNotFound, fmt::format("incident {} not found", one_line(id, 60)));
  SENTINEL_ASSIGN(const auto timeline, context.state.timeline(id));
  return model::to_json(context.draft_runbook(*incident, timeline));
}

}  // namespace

void add_runbook_routes(Router& router, Context& context) {
  router.get("/api/runbooks", [&context](const Call& call) {
    const auto result = list(context, call.request);
    return result ? tagged_answer(call.request, *result) : error_response(result.error());
  });
  router.get("/api/runbooks/{id}", [&context](const Call& call) {
    const auto result = find(context, call.request.captures.front());
    return result ? tagged_answer(call.request, model::to_json(*result)) : error_response(result.error());
  });
  router.write("PUT", "/api/runbooks/{id}", [&context](const Call& call) {
    const auto result = put(context, call);
    return result ? json_answer(200, *result) : error_response(result.error());
  });
  router.write("DELETE", "/api/runbooks/{id}", [&context](const Call& call) {
    const std::string& id = call.request.captures.front();
    const auto removed = context.state.remove_runbook(id);
    if (!removed) return error_response(removed.error());
    if (!*removed) return error_response(404, fmt::format("runbook {} not found", one_line(id, 60)));
    tell(context, "runbook.removed", id, call);
    return net::Response{204, {}, {}};
  });
  router.get("/api/incidents/{id}/runbook", [&context](const Call& call) {
    const auto result = draft(context, call.request.captures.front());
    return result ? json_answer(200, *result) : error_response(result.error());
  });
}

}  // namespace sentinel::api
