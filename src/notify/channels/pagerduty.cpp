#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "notify/channels/channels.hpp"
#include "notify/channels/exchange.hpp"
#include "notify/facts.hpp"

namespace sentinel::notify {
namespace {

using nlohmann::json;

// What PagerDuty should show now.
const char* wanted_state(const model::Incident& incident) {
  if (!incident.is_active()) return "resolved";
  return incident.state == model::IncidentState::kAcknowledged ? "acknowledged" : "triggered";
}

const char* severity_word(model::Severity severity) {
  switch (severity) {
    case model::Severity::kP1:
      return "critical";
    case model::Severity::kP2:
      return "error";
    case model::Severity::kP3:
      return "warning";
    case model::Severity::kP4:
      return "info";
  }
  return "error";
}

// Events API v2: the dedup key is the incident's id, so a repeated delivery merges and pages nobody again.
class Events final : public Channel {
 public:
  Events(net::Transport& transport, PagerDutyEventsOptions options)
      : transport_(transport), options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    // Memory is the last state that PagerDuty accepted: triggered, acknowledged or resolved.
    std::string state = delivery.memory;
    const std::string wanted = wanted_state(delivery.incident);
    if (state == wanted) return delivered(state);
    if (state.empty() || (state == "resolved" && wanted != "resolved") ||
        (state == "acknowledged" && wanted == "triggered")) {
      const auto attempt = send(trigger(delivery), "triggered", state, stop);
      if (attempt.kind != Attempt::Kind::kDelivered) return attempt;
      state = "triggered";
    }
    if (wanted == "triggered") return delivered(state);
    json body = {{"routing_key", options_.routing_key},
                 {"event_action", wanted == "resolved" ? "resolve" : "acknowledge"},
                 {"dedup_key", clipped(delivery.incident.id, 255)}};
    return send(body, wanted, state, stop);
  }

 private:
  json trigger(const Delivery& delivery) const {
    const Facts f = facts_of(delivery.incident, options_.web_url);
    json details = {{"summary", f.summary}, {"affected_services", f.services}, {"since", f.since}};
    if (!f.cause.empty()) {
      details["root_cause"] = f.cause;
      details["confidence"] = f.confidence;
    }
    // 512 KB is the limit; these lists of lines of at most 300 bytes stay far below it.
    for (std::size_t i = 0; i < f.reasons.size() && i < 50; ++i) details["reasons"].push_back(f.reasons[i]);
    for (std::size_t i = 0; i < f.steps.size() && i < 50; ++i) details["steps"].push_back(f.steps[i]);
    if (!f.runbook.empty()) details["runbook"] = f.runbook;
    if (details["affected_services"].size() > 100)
      details["affected_services"] = json::array({listed(f.services, 100)});
    json body = {{"routing_key", options_.routing_key},
                 {"event_action", "trigger"},
                 {"dedup_key", clipped(delivery.incident.id, 255)},
                 {"client", "SentinelOps"},
                 {"payload",
                  {{"summary", clipped(f.title, 1024)},
                   {"source", f.services.empty() ? "sentinelops" : f.services.front()},
                   {"severity", severity_word(delivery.incident.severity)},
                   {"timestamp", format_rfc3339(delivery.incident.created_at)},
                   {"component", f.services.empty() ? "sentinelops" : f.services.front()},
                   {"class", f.severity},
                   {"custom_details", std::move(details)}}}};
    if (!f.url.empty()) {
      body["client_url"] = f.url;
      body["links"] = json::array({{{"href", f.url}, {"text", "Incident in SentinelOps"}}});
    }
    return body;
  }

  Attempt send(const json& body, const std::string& after, const std::string& before, std::stop_token stop) {
    return judge(transport_.send(json_post(options_.events_url + "/v2/enqueue", body), std::move(stop)),
                 after, before);
  }

  net::Transport& transport_;
  PagerDutyEventsOptions options_;
};

class Rest final : public Channel {
 public:
  Rest(net::Transport& transport, PagerDutyRestOptions options)
      : transport_(transport), options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    json memory = memory_of(delivery);
    std::string state = memory.value("state", "");
    const std::string wanted = wanted_state(delivery.incident);
    if (state == wanted) return delivered(memory.dump());
    if (state.empty() || state == "resolved") {
      const auto attempt = create(delivery, memory, stop);
      if (attempt.kind != Attempt::Kind::kDelivered) return attempt;
      state = "triggered";
    }
    if (wanted == "triggered") return delivered(memory.dump());
    const std::string before = memory.dump();
    auto request = ask("PUT", "/incidents/" + net::percent_encode(memory.value("id", "")),
                       {{"incident", {{"type", "incident"}, {"status", wanted}}}});
    memory["state"] = wanted;
    return judge(transport_.send(request, stop), memory.dump(), before);
  }

 private:
  net::ClientRequest ask(const char* method, const std::string& path, const json& body) const {
    auto request = json_post(options_.api_url + path, body);
    request.method = method;
    if (std::string_view(method) == "GET") request.body.clear();
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Accept", "application/vnd.pagerduty+json;version=2");
    request.headers.set("Authorization", "Token token=" + options_.api_key);
    if (!options_.from.empty()) request.headers.set("From", options_.from);
    return request;
  }

  Attempt create(const Delivery& delivery, json& memory, std::stop_token stop) {
    const std::string before = memory.empty() ? "" : memory.dump();
    const Facts f = facts_of(delivery.incident, options_.web_url);
    const bool high = !model::worse(model::Severity::kP2, delivery.incident.severity);
    const json body = {
        {"incident",
         {{"type", "incident"},
          {"title", clipped(f.title, 1024)},
          {"service", {{"id", options_.service_id}, {"type", "service_reference"}}},
          {"urgency", high ? "high" : "low"},
          {"incident_key", clipped(delivery.incident.id, 255)},
          {"body", {{"type", "incident_body"}, {"details", clipped(plain_text(f, {}), 30'000)}}}}}};
    const auto outcome = transport_.send(ask("POST", "/incidents", body), stop);
    std::string id;
    if (is_success(outcome)) {
      id = id_in(outcome->body);
      if (id.empty()) return parked("the answer of PagerDuty has no incident id", before);
    } else if (outcome && outcome->status == 400 && outcome->body.find("incident_key") != std::string::npos) {
      // It is open there already: an earlier delivery got through, its answer was lost.
      const auto known =
          transport_.send(ask("GET",
                              "/incidents?statuses[]=triggered&statuses[]=acknowledged&incident_key=" +
                                  net::percent_encode(delivery.incident.id),
                              {}),
                          stop);
      if (is_success(known)) id = id_in(known->body);
      if (id.empty()) return judge(is_success(known) ? outcome : known, "", before);
    } else {
      return judge(outcome, "", before);
    }
    memory = {{"id", id}, {"state", "triggered"}};
    return delivered(memory.dump());
  }

  static std::string id_in(const std::string& text) {
    const json answer = json::parse(text, nullptr, false);
    if (!answer.is_object()) return "";
    const json* incident = nullptr;
    if (answer.contains("incident")) incident = &answer["incident"];
    if (answer.contains("incidents") && answer["incidents"].is_array() && !answer["incidents"].empty())
      incident = &answer["incidents"][0];
    if (incident == nullptr || !incident->is_object() || !incident->contains("id") ||
        !(*incident)["id"].is_string())
      return "";
    return (*incident)["id"].get<std::string>();
  }

  net::Transport& transport_;
  PagerDutyRestOptions options_;
};

}  // namespace

std::unique_ptr<Channel> make_pagerduty_events(net::Transport& transport, PagerDutyEventsOptions options) {
  return std::make_unique<Events>(transport, std::move(options));
}
std::unique_ptr<Channel> make_pagerduty_rest(net::Transport& transport, PagerDutyRestOptions options) {
  return std::make_unique<Rest>(transport, std::move(options));
}

Result<std::optional<std::string>> pagerduty_acknowledged_by(net::Transport& transport,
                                                             const PagerDutyRestOptions& options,
                                                             const std::string& incident_id) {
  net::ClientRequest request;
  request.url = options.api_url + "/incidents?statuses[]=acknowledged&include[]=acknowledgers&incident_key=" +
                net::percent_encode(incident_id);
  request.headers.set("Accept", "application/vnd.pagerduty+json;version=2");
  request.headers.set("Authorization", "Token token=" + options.api_key);
  request.timeout = seconds(15);
  request.max_response = 4U << 20;
  SENTINEL_ASSIGN(const auto answer, transport.send(request));
  if (answer.status != 200)
    return fail(ErrorKind::kUnavailable, fmt::format("PagerDuty answered with status {}", answer.status));
  const json body = json::parse(answer.body, nullptr, false);
  if (!body.is_object() || !body.contains("incidents") || !body["incidents"].is_array())
    return fail(ErrorKind::kCorrupt, "the answer of PagerDuty has no incidents");
  for (const auto& incident : body["incidents"]) {
    if (!incident.is_object() || incident.value("status", "") != "acknowledged") continue;
    std::string who = "PagerDuty";
    try {
      who = incident.at("acknowledgements").at(0).at("acknowledger").at("summary").get<std::string>();
    } catch (const json::exception&) {  // the name is an extra
    }
    return std::optional(one_line(who, 100));
  }
  return std::optional<std::string>();
}

}  // namespace sentinel::notify
