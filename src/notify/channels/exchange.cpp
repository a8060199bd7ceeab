#include "notify/channels/exchange.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/json.hpp"
#include "notify/facts.hpp"

namespace sentinel::notify {

using nlohmann::json;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

net::ClientRequest json_post(std::string url, const json& body) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.set("Content-Type", "application/json; charset=utf-8");
  request.body = dumped(body);
  request.timeout = seconds(15);
  request.max_response = 1U << 20;
  return request;
}

Attempt delivered(std::string memory) {
  return {Attempt::Kind::kDelivered, "", std::nullopt, false, std::move(memory)};
}
Attempt parked(std::string why, std::string memory) {
  return {Attempt::Kind::kParked, std::move(why), std::nullopt, false, std::move(memory)};
}

bool is_success(const Result<net::ClientResponse>& outcome) {
  return outcome && outcome->status >= 200 && outcome->status < 300;
}

Attempt judge(const Result<net::ClientResponse>& outcome, std::string after, std::string memory) {
  if (is_success(outcome)) return delivered(std::move(after));
  if (!outcome) {
    // A certificate or an address may be set right while the service runs; nothing that waits is given up for
    // it.
    return {Attempt::Kind::kRetry, outcome.error().text(), std::nullopt, true, std::move(memory)};
  }
  const int status = outcome->status;
  const std::string why =
      fmt::format("status {}{}", status, outcome->body.empty() ? "" : ": " + one_line(outcome->body, 300));
  if (status == 408 || status == 425 || status == 429 || status >= 500) {
    return {Attempt::Kind::kRetry, why, net::classify_default(outcome).wait, status == 429 || status == 503,
            std::move(memory)};
  }
  return parked(why, std::move(memory));
}

json memory_of(const Delivery& delivery) {
  json memory = json::parse(delivery.memory, nullptr, false);
  return memory.is_object() ? memory : json::object();
}

json news_json(const Delivery& delivery, const std::string& web_url) {
  json events = json::array();
  for (const auto& event : delivery.events) {
    events.push_back({{"kind", event.kind},
                      {"at", format_rfc3339(event.at)},
                      {"actor", event.actor},
                      {"text", event.text}});
  }
  const std::string kind = delivery.events.empty() ? "updated" : delivery.events.back().kind;
  json news = {{"version", 1},
               {"id", delivery.key},
               {"type", "incident." + kind},
               {"timestamp", format_rfc3339(delivery.now)},
               {"incident", model::to_json(delivery.incident)},
               {"events", std::move(events)}};
  if (const auto url = facts_of(delivery.incident, web_url).url; !url.empty()) news["url"] = url;
  return news;
}

}  // namespace sentinel::notify
