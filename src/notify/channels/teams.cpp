#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "notify/channels/channels.hpp"
#include "notify/channels/exchange.hpp"
#include "notify/facts.hpp"

namespace sentinel::notify {
namespace {

using nlohmann::json;

json text_block(const std::string& text, const char* weight = "Default", const char* size = "Default") {
  return {{"type", "TextBlock"}, {"text", text}, {"wrap", true}, {"weight", weight}, {"size", size}};
}

// A card may have 28 KB; these parts add up to less than 9 KB.
class Teams final : public Channel {
 public:
  Teams(net::Transport& transport, TeamsOptions options)
      : transport_(transport), options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    // Cards of a workflow cannot be edited: what only adds detail is not worth another one.
    bool worth = delivery.memory.empty();
    for (const auto& event : delivery.events) worth = worth || event.kind != "updated";
    if (!worth) return delivered(delivery.memory);
    const Facts f = facts_of(delivery.incident, options_.web_url);
    json body = json::array();
    body.push_back(text_block(clipped(f.severity + " " + f.title, 400), "Bolder", "Large"));
    for (const auto& line : lines_of(delivery.events)) {
      if (body.size() > 8) break;
      body.push_back(text_block(clipped(line, 300)));
    }
    json facts = json::array();
    const auto fact = [&](const char* title, const std::string& value) {
      if (!value.empty()) facts.push_back({{"title", title}, {"value", clipped(value, 600)}});
    };
    fact("State", f.state);
    fact("Since", f.since);
    fact("Lasted", f.lasted);
    fact("Affected", listed(f.services, 15));
    if (!f.cause.empty()) fact("Root cause", fmt::format("{} ({} confidence)", f.cause, f.confidence));
    fact("Runbook", f.runbook);
    body.push_back({{"type", "FactSet"}, {"facts", std::move(facts)}});
    if (!f.summary.empty()) body.push_back(text_block(f.summary));
    if (delivery.memory.empty()) {
      for (std::size_t i = 0; i < f.reasons.size() && i < 8; ++i)
        body.push_back(text_block("- " + f.reasons[i]));
    }
    json card = {{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                 {"type", "AdaptiveCard"},
                 {"version", "1.4"},
                 {"body", std::move(body)},
                 {"msteams", {{"width", "Full"}}}};
    if (!f.url.empty())
      card["actions"] = json::array({{{"type", "Action.OpenUrl"}, {"title", "Open"}, {"url", f.url}}});
    const json message = {
        {"type", "message"},
        {"attachments", json::array({{{"contentType", "application/vnd.microsoft.card.adaptive"},
                                      {"contentUrl", nullptr},
                                      {"content", std::move(card)}}})}};
    return judge(transport_.send(json_post(options_.url, message), std::move(stop)), "told", delivery.memory);
  }

 private:
  net::Transport& transport_;
  TeamsOptions options_;
};

}  // namespace

std::unique_ptr<Channel> make_teams(net::Transport& transport, TeamsOptions options) {
  return std::make_unique<Teams>(transport, std::move(options));
}

}  // namespace sentinel::notify
