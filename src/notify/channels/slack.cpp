#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "notify/channels/channels.hpp"
#include "notify/channels/exchange.hpp"
#include "notify/channels/slack_blocks.hpp"

namespace sentinel::notify {
namespace {

using nlohmann::json;

// What is worth a line in the thread; everything else only edits the message.
const std::set<std::string>& replied() {
  static const std::set<std::string> kinds = {"escalated",  "reopened",     "resolved", "analyzed",
                                              "merged",     "announced",    "repeated", "flapping",
                                              "unattended", "acknowledged", "undone"};
  return kinds;
}

// Of the API's `error`, by what can be done about it.
enum class Meaning : std::uint8_t { kFine, kRetry, kRenew, kSmaller, kNoThread, kParked };
Meaning meaning_of(const std::string& error) {
  static const std::set<std::string> retry = {"ratelimited",      "rate_limited",        "request_timeout",
                                              "internal_error",   "service_unavailable", "fatal_error",
                                              "team_added_to_org"};
  static const std::set<std::string> renew = {"message_not_found", "cant_update_message",
                                              "edit_window_closed"};
  static const std::set<std::string> smaller = {"invalid_blocks", "invalid_blocks_format",
                                                "msg_blocks_too_long", "msg_too_long"};
  if (error.empty()) return Meaning::kFine;
  if (retry.contains(error)) return Meaning::kRetry;
  if (renew.contains(error)) return Meaning::kRenew;
  if (smaller.contains(error)) return Meaning::kSmaller;
  return error == "cannot_reply_to_message" ? Meaning::kNoThread : Meaning::kParked;
}

struct Answer {
  Meaning meaning = Meaning::kFine;
  Attempt failed;  // when not fine
  json body;
};

class Slack final : public Channel {
 public:
  Slack(net::Transport& transport, SlackOptions options)
      : transport_(transport), options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    json memory = memory_of(delivery);
    bool is_new = !memory.contains("ts");
    auto answer = put(delivery, memory, false, stop);
    if (answer.meaning == Meaning::kRenew && !is_new) {
      // It was deleted, or may no longer be edited: the incident gets a new message.
      memory = json::object();
      is_new = true;
      answer = put(delivery, memory, false, stop);
    }
    if (answer.meaning == Meaning::kSmaller) answer = put(delivery, memory, true, stop);
    if (answer.meaning != Meaning::kFine) return with(answer.failed, memory);
    if (is_new) {
      const auto text = [&](const char* name) {
        return answer.body.contains(name) && answer.body[name].is_string()
                   ? answer.body[name].get<std::string>()
                   : std::string();
      };
      if (text("ts").empty() || text("channel").empty())
        return parked("the answer of chat.postMessage has no ts", memory.dump());
      memory["ts"] = text("ts");
      memory["channel"] = text("channel");
    }
    return reply(delivery, std::move(memory), is_new, stop);
  }

 private:
  static Attempt with(Attempt attempt, const json& memory) {
    attempt.memory = memory.empty() ? "" : memory.dump();
    return attempt;
  }

  Answer put(const Delivery& delivery, const json& memory, bool small, std::stop_token stop) {
    const Facts facts = facts_of(delivery.incident, options_.web_url);
    json body = {{"text", slack_fallback(facts)}};
    body["blocks"] = small ? json::array({{{"type", "section"},
                                           {"text", {{"type", "mrkdwn"}, {"text", slack_fallback(facts)}}}}})
                           : slack_blocks(facts, delivery.incident.id, delivery.incident.is_active(),
                                          options_.buttons && !delivery.incident.id.starts_with("SELF-"));
    if (memory.contains("ts")) {
      body["channel"] = memory.value("channel", "");
      body["ts"] = memory.value("ts", "");
      return call("chat.update", body, stop);
    }
    body["channel"] = options_.channel;
    body["unfurl_links"] = false;
    body["unfurl_media"] = false;
    return call("chat.postMessage", body, stop);
  }

  Attempt reply(const Delivery& delivery, json memory, bool is_new, std::stop_token stop) {
    // A delivery whose first half went through before is not told twice.
    if (memory.value("replied", "") == delivery.key) return delivered(memory.dump());
    std::vector<model::IncidentEvent> news;
    for (const auto& event : delivery.events) {
      if (replied().contains(event.kind)) news.push_back(event);
    }
    // A new message shows the state already; only what happened on the way there is worth a reply.
    if (news.empty() || (is_new && delivery.events.size() == 1)) return delivered(memory.dump());
    std::string text;
    for (const auto& line : lines_of(news)) {
      const std::string escaped = slack_escaped(line, 600);
      if (text.size() + escaped.size() + 1 > 2800) break;
      text += (text.empty() ? "" : "\n") + escaped;
    }
    json body = {{"channel", memory.value("channel", "")},
                 {"thread_ts", memory.value("ts", "")},
                 {"text", text},
                 {"unfurl_links", false}};
    // An escalation that only a thread shows is one that nobody sees.
    for (const auto& event : news) {
      if (event.kind == "escalated" || event.kind == "reopened" || event.kind == "unattended" ||
          event.kind == "repeated")
        body["reply_broadcast"] = true;
    }
    auto answer = call("chat.postMessage", body, stop);
    if (answer.meaning == Meaning::kNoThread) {
      body.erase("thread_ts");
      body.erase("reply_broadcast");
      answer = call("chat.postMessage", body, stop);
    }
    if (answer.meaning != Meaning::kFine) return with(answer.failed, memory);
    memory["replied"] = delivery.key;
    return delivered(memory.dump());
  }

  Answer call(const char* method, const json& body, std::stop_token stop) {
    auto request = json_post(options_.api_url + "/" + method, body);
    request.headers.set("Authorization", "Bearer " + options_.token);
    const auto outcome = transport_.send(request, std::move(stop));
    if (!is_success(outcome)) {
      auto attempt = judge(outcome, "", "");
      attempt.why = fmt::format("{}: {}", method, attempt.why);
      return {
          attempt.kind == Attempt::Kind::kRetry ? Meaning::kRetry : Meaning::kParked, std::move(attempt), {}};
    }
    // Slack says 200 to failures too.
    json answer = json::parse(outcome->body, nullptr, false);
    if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean()) {
      return {Meaning::kRetry,
              {Attempt::Kind::kRetry, fmt::format("{}: the answer is no JSON of Slack's", method),
               std::nullopt, true, ""},
              {}};
    }
    if (answer["ok"].get<bool>()) return {Meaning::kFine, {}, std::move(answer)};
    std::string error = answer.contains("error") && answer["error"].is_string()
                            ? answer["error"].get<std::string>()
                            : std::string("unknown_error");
    std::string why = fmt::format("{}: {}", method, one_line(error, 80));
    if (answer.contains("needed") && answer["needed"].is_string())
      why += ", needs scope " + one_line(answer["needed"].get<std::string>(), 80);
    if (answer.contains("response_metadata") && answer["response_metadata"].is_object() &&
        answer["response_metadata"].contains("messages"))
      why += " " + one_line(dumped(answer["response_metadata"]["messages"]), 200);
    const auto meaning = meaning_of(error);
    Attempt attempt = parked(std::move(why), "");
    if (meaning == Meaning::kRetry) {
      attempt.kind = Attempt::Kind::kRetry;
      attempt.wait = net::classify_default(outcome).wait;
      attempt.whole_channel =
          error == "ratelimited" || error == "rate_limited" || error == "service_unavailable";
    }
    return {meaning, std::move(attempt), std::move(answer)};
  }

  net::Transport& transport_;
  SlackOptions options_;
};

class SlackWebhook final : public Channel {
 public:
  SlackWebhook(net::Transport& transport, SlackWebhookOptions options)
      : transport_(transport), options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    // Without editing, what only adds detail would be a message of its own.
    bool worth = delivery.memory.empty();
    for (const auto& event : delivery.events) worth = worth || replied().contains(event.kind);
    if (!worth) return delivered(delivery.memory);
    const Facts facts = facts_of(delivery.incident, options_.web_url);
    std::string text = slack_fallback(facts);
    json body;
    if (delivery.memory.empty()) {
      body = {{"text", text},
              {"blocks", slack_blocks(facts, delivery.incident.id, delivery.incident.is_active(), false)}};
    } else {
      for (const auto& line : lines_of(delivery.events)) {
        const std::string escaped = slack_escaped(line, 600);
        if (text.size() + escaped.size() > 2800) break;
        text += "\n" + escaped;
      }
      body = {{"text", text}};
    }
    return judge(transport_.send(json_post(options_.url, body), std::move(stop)), "told", delivery.memory);
  }

 private:
  net::Transport& transport_;
  SlackWebhookOptions options_;
};

}  // namespace

std::unique_ptr<Channel> make_slack(net::Transport& transport, SlackOptions options) {
  return std::make_unique<Slack>(transport, std::move(options));
}
std::unique_ptr<Channel> make_slack_webhook(net::Transport& transport, SlackWebhookOptions options) {
  return std::make_unique<SlackWebhook>(transport, std::move(options));
}

}  // namespace sentinel::notify
