#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "notify/channels/channels.hpp"
#include "notify/channels/exchange.hpp"
#include "notify/signature.hpp"

namespace sentinel::notify {
namespace {

class Webhook final : public Channel {
 public:
  Webhook(net::Transport& transport, WebhookOptions options)
      : transport_(transport), options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    auto request = json_post(options_.url, news_json(delivery, options_.web_url));
    const std::string timestamp = std::to_string(micros(delivery.now) / 1'000'000);
    // The same id for a repeated delivery: the receiver drops what it has seen.
    const std::string id = webhook_id(delivery.key);
    request.headers.set("webhook-id", id);
    request.headers.set("webhook-timestamp", timestamp);
    if (!options_.secret.empty())
      request.headers.set("webhook-signature",
                          webhook_signature(options_.secret, id, timestamp, request.body));
    return judge(transport_.send(request, std::move(stop)), "told", delivery.memory);
  }

 private:
  net::Transport& transport_;
  WebhookOptions options_;
};

}  // namespace

std::unique_ptr<Channel> make_webhook(net::Transport& transport, WebhookOptions options) {
  return std::make_unique<Webhook>(transport, std::move(options));
}

}  // namespace sentinel::notify
