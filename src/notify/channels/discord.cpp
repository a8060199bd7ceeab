#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "notify/channels/channels.hpp"
#include "notify/channels/exchange.hpp"
#include "notify/facts.hpp"

namespace sentinel::notify {
namespace {

using nlohmann::json;

int colour_of(const model::Incident& incident) {
  if (!incident.is_active()) return 0x2eb67d;
  switch (incident.severity) {
    case model::Severity::kP1:
      return 0xd92d20;
    case model::Severity::kP2:
      return 0xf79009;
    case model::Severity::kP3:
      return 0xfac515;
    case model::Severity::kP4:
      return 0x2e90fa;
  }
  return 0x2e90fa;
}

// One message per incident, edited in place; 6000 characters in all are the limit, these parts stay below
// 4500.
class Discord final : public Channel {
 public:
  Discord(net::Transport& transport, DiscordOptions options)
      : transport_(transport), options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    const json message = render(delivery);
    const auto query = options_.url.find('?');
    const std::string base = options_.url.substr(0, query);
    if (!delivery.memory.empty()) {
      auto edit = json_post(base + "/messages/" + net::percent_encode(delivery.memory), message);
      edit.method = "PATCH";
      const auto outcome = transport_.send(edit, stop);
      // 404: somebody deleted it, the incident gets a new one.
      if (!outcome || outcome->status != 404) return understood(outcome, delivery.memory, delivery.memory);
    }
    const auto outcome = transport_.send(json_post(base + "?wait=true", message), stop);
    if (!is_success(outcome)) return understood(outcome, "", delivery.memory);
    const json answer = json::parse(outcome->body, nullptr, false);
    if (!answer.is_object() || !answer.contains("id") || !answer["id"].is_string())
      return parked("the answer of Discord has no message id", delivery.memory);
    return delivered(answer["id"].get<std::string>());
  }

 private:
  json render(const Delivery& delivery) const {
    const Facts f = facts_of(delivery.incident, options_.web_url);
    std::string description = f.summary;
    for (std::size_t i = 0; i < f.reasons.size() && i < 5; ++i) description += "\n- " + f.reasons[i];
    json fields = json::array();
    const auto field = [&](const char* name, const std::string& value) {
      if (!value.empty())
        fields.push_back({{"name", name}, {"value", clipped(value, 600)}, {"inline", false}});
    };
    field("State", f.state);
    field("Affected", listed(f.services, 15));
    if (!f.cause.empty()) field("Root cause", fmt::format("{} ({} confidence)", f.cause, f.confidence));
    field("Runbook", f.runbook);
    field("Lasted", f.lasted);
    json embed = {{"title", clipped(f.severity + " " + f.title, 256)},
                  {"description", clipped(description, 2000)},
                  {"color", colour_of(delivery.incident)},
                  {"timestamp", format_rfc3339(delivery.incident.created_at)},
                  {"fields", std::move(fields)},
                  {"footer", {{"text", clipped(delivery.incident.id, 200)}}}};
    if (!f.url.empty()) embed["url"] = f.url;
    // Log text may hold "@everyone": nobody is mentioned.
    return {{"embeds", json::array({std::move(embed)})}, {"allowed_mentions", {{"parse", json::array()}}}};
  }

  // Discord tells the wait in the body, in seconds with a fraction.
  static Attempt understood(const Result<net::ClientResponse>& outcome, std::string after,
                            std::string before) {
    Attempt attempt = judge(outcome, std::move(after), std::move(before));
    if (outcome && outcome->status == 429) {
      const json body = json::parse(outcome->body, nullptr, false);
      if (body.is_object() && body.contains("retry_after") && body["retry_after"].is_number()) {
        const double wait = body["retry_after"].get<double>();
        if (std::isfinite(wait) && wait >= 0 && wait < 86400)
          attempt.wait = Duration(static_cast<std::int64_t>(wait * 1e6));
      }
    }
    return attempt;
  }

  net::Transport& transport_;
  DiscordOptions options_;
};

}  // namespace

std::unique_ptr<Channel> make_discord(net::Transport& transport, DiscordOptions options) {
  return std::make_unique<Discord>(transport, std::move(options));
}

}  // namespace sentinel::notify
