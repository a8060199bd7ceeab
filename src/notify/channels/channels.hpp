// The adapters of the port Channel, each with what it needs. All `transport`s outlive their channel.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/client.hpp"
#include "net/mail.hpp"
#include "notify/channel.hpp"

namespace sentinel::notify {

// One message per incident, edited in place; replies in its thread tell what changed.
struct SlackOptions {
  std::string token;    // xoxb-...
  std::string channel;  // id or name
  std::string api_url = "https://slack.com/api";
  std::string web_url;
  bool buttons = false;  // acknowledge, silence, resolve: needs the signed way back
};
std::unique_ptr<Channel> make_slack(net::Transport& transport, SlackOptions options);

// A message for each piece of news: an incoming webhook can neither edit nor reply.
struct SlackWebhookOptions {
  std::string url;
  std::string web_url;
};
std::unique_ptr<Channel> make_slack_webhook(net::Transport& transport, SlackWebhookOptions options);

struct PagerDutyEventsOptions {
  std::string routing_key;
  std::string events_url = "https://events.pagerduty.com";
  std::string web_url;
};
std::unique_ptr<Channel> make_pagerduty_events(net::Transport& transport, PagerDutyEventsOptions options);

// The keys of the original: incidents by the REST API.
struct PagerDutyRestOptions {
  std::string api_key;
  std::string service_id;
  std::string from;  // e-mail of a user of the account
  std::string api_url = "https://api.pagerduty.com";
  std::string web_url;
};
std::unique_ptr<Channel> make_pagerduty_rest(net::Transport& transport, PagerDutyRestOptions options);
// Who has acknowledged the incident in PagerDuty, if anybody.
Result<std::optional<std::string>> pagerduty_acknowledged_by(net::Transport& transport,
                                                             const PagerDutyRestOptions& options,
                                                             const std::string& incident_id);

// Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature. Schema in docs/notifications.md.
struct WebhookOptions {
  std::string url;
  std::string secret;  // "whsec_" and base64, or any text; empty: not signed
  std::string web_url;
};
std::unique_ptr<Channel> make_webhook(net::Transport& transport, WebhookOptions options);

struct AlertmanagerOptions {
  std::vector<std::string> urls;  // of every peer of a cluster
  std::string web_url;
  Duration refresh = minutes(1);
};
std::unique_ptr<Channel> make_alertmanager(net::Transport& transport, AlertmanagerOptions options);

struct TeamsOptions {
  std::string url;  // of a Workflows webhook
  std::string web_url;
};
std::unique_ptr<Channel> make_teams(net::Transport& transport, TeamsOptions options);

struct DiscordOptions {
  std::string url;
  std::string web_url;
};
std::unique_ptr<Channel> make_discord(net::Transport& transport, DiscordOptions options);

struct EmailOptions {
  net::MailServer server;
  std::string from;
  std::vector<std::string> to;
  std::string web_url;
};
std::unique_ptr<Channel> make_email(EmailOptions options);

// A command gets the webhook's JSON on standard input. No shell; it is killed when it takes too long.
struct ExecOptions {
  std::vector<std::string> command;
  Duration timeout = seconds(30);
  std::string web_url;
};
std::unique_ptr<Channel> make_exec(ExecOptions options);

}  // namespace sentinel::notify
