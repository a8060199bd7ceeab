#include <nlohmann/json.hpp>

#include "notify/channels/channels.hpp"
#include "notify/channels/exchange.hpp"
#include "notify/facts.hpp"

namespace sentinel::notify {
namespace {

using nlohmann::json;

// The label set is the alert's identity: only what never changes in the life of an incident is a label.
class Alertmanager final : public Channel {
 public:
  Alertmanager(net::Transport& transport, AlertmanagerOptions options)
      : transport_(transport), options_(std::move(options)) {}

  std::optional<Duration> refresh_every() const override { return options_.refresh; }

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    const auto& incident = delivery.incident;
    const Facts f = facts_of(incident, options_.web_url);
    json labels = {{"alertname", "SentinelOpsIncident"}, {"incident", incident.id}};
    json memory = memory_of(delivery);
    if (memory.empty()) {
      // Severity and cause as of the first message: later ones are annotations.
      memory = {{"severity", f.severity}, {"service", f.services.empty() ? "unknown" : f.services.front()}};
    }
    labels["severity"] = memory.value("severity", "P4");
    labels["service"] = memory.value("service", "unknown");
    json alert = {{"labels", std::move(labels)},
                  {"annotations",
                   {{"summary", f.title},
                    {"description", f.summary},
                    {"state", f.state},
                    {"current_severity", f.severity},
                    {"root_cause", f.cause},
                    {"services", listed(f.services, 30)}}},
                  {"startsAt", format_rfc3339(incident.created_at)}};
    // Without a word for four intervals it counts as over: a SentinelOps that died must not fire for ever.
    alert["endsAt"] = format_rfc3339(incident.is_active() ? delivery.now + 4 * options_.refresh
                                                          : incident.resolved_at.value_or(delivery.now));
    if (!f.url.empty()) alert["generatorURL"] = f.url;
    const json body = json::array({std::move(alert)});
    // Every peer gets every alert; one that has it is enough for the others to hear of it.
    Attempt last = parked("no address", delivery.memory);
    bool taken = false;
    for (const auto& url : options_.urls) {
      const auto attempt = judge(transport_.send(json_post(url + "/api/v2/alerts", body), stop),
                                 memory.dump(), delivery.memory);
      taken = taken || attempt.kind == Attempt::Kind::kDelivered;
      last = attempt;
    }
    return taken ? delivered(memory.dump()) : last;
  }

 private:
  net::Transport& transport_;
  AlertmanagerOptions options_;
};

}  // namespace

std::unique_ptr<Channel> make_alertmanager(net::Transport& transport, AlertmanagerOptions options) {
  for (auto& url : options.urls) {
    while (url.ends_with('/')) url.pop_back();
  }
  return std::make_unique<Alertmanager>(transport, std::move(options));
}

}  // namespace sentinel::notify
