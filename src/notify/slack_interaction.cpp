#include "notify/slack_interaction.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/json.hpp"
#include "net/http.hpp"

namespace sentinel::notify {
namespace {

using nlohmann::json;

Result<SlackPress> press_of(const json& payload) {
  try {
    SlackPress press;
    const auto& action = payload.at("actions").at(0);
    press.action = action.at("action_id").get<std::string>();
    if (action.contains("value")) press.incident = action["value"].get<std::string>();
    const auto& user = payload.at("user");
    press.user =
        user.contains("username") ? user["username"].get<std::string>() : user.at("id").get<std::string>();
    press.user = one_line(press.user, 80);
    return press;
  } catch (const json::exception&) {
    return fail(ErrorKind::kInvalid, "no interaction of Slack's");
  }
}

}  // namespace

Result<SlackPress> read_slack_press(std::string_view form) {
  for (const auto field : split(form, '&')) {
    if (!field.starts_with("payload=")) continue;
    const auto payload = model::parse_json(net::percent_decode(field.substr(8), true));
    if (payload && payload->is_object()) return press_of(*payload);
  }
  return fail(ErrorKind::kInvalid, "no interaction of Slack's");
}

Result<SlackEnvelope> read_slack_envelope(std::string_view text) {
  SENTINEL_ASSIGN(const auto body, model::parse_json(text));
  const auto word = [&](const char* name) {
    return body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : std::string();
  };
  if (!body.is_object() || word("type").empty()) return fail(ErrorKind::kInvalid, "no envelope of Slack's");
  SlackEnvelope envelope{word("type"), word("envelope_id"), word("reason"), {}};
  if (envelope.type == "interactive" && body.contains("payload")) {
    if (auto press = press_of(body["payload"])) envelope.press = std::move(*press);
  }
  return envelope;
}

std::string slack_acknowledgement(const std::string& envelope_id) {
  return json{{"envelope_id", envelope_id}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace sentinel::notify
