#include "app/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "app/slack_buttons.hpp"
#include "app/stretch_watch.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "net/client.hpp"
#include "notify/channels/channels.hpp"
#include "notify/pump.hpp"

namespace sentinel::app {
namespace {

using notify::ChannelPolicy;

std::vector<model::Severity> severities_of(const std::vector<std::string>& words) {
  std::vector<model::Severity> severities;
  for (const auto& word : words) {
    if (const auto severity = model::parse_severity(word)) severities.push_back(*severity);
  }
  return severities;
}

bool has_slack_bot(const Environment& e) { return e.has("SLACK_BOT_TOKEN") && e.has("SLACK_CHANNEL_ID"); }
bool has_pagerduty_rest(const Environment& e) {
  return e.has("PAGERDUTY_API_KEY") && e.has("PAGERDUTY_SERVICE_ID");
}

bool is_set_up(const std::string& name, const Config& c, const Environment& e) {
  if (name == "slack") return has_slack_bot(e) || e.has("SLACK_WEBHOOK_URL");
  if (name == "pagerduty") {
    // An empty list in the original's key means that nothing pages.
    const auto own = c.notify.channels.find(name);
    const bool pages = !c.incidents.pagerduty_severities.empty() ||
                       (own != c.notify.channels.end() && !own->second.severities.empty());
    return pages && (e.has("PAGERDUTY_ROUTING_KEY") || has_pagerduty_rest(e));
  }
  if (name == "webhook") return e.has("SENTINELOPS_WEBHOOK_URL");
  if (name == "alertmanager") return !c.notify.alertmanager_urls.empty();
  if (name == "teams") return e.has("TEAMS_WEBHOOK_URL");
  if (name == "discord") return e.has("DISCORD_WEBHOOK_URL");
  if (name == "email") return !c.notify.email_to.empty();
  return name == "exec" && !c.notify.exec_command.empty();
}

notify::PagerDutyRestOptions rest_options(const Config& c, const Environment& e) {
  return {e.get("PAGERDUTY_API_KEY"), e.get("PAGERDUTY_SERVICE_ID"), c.notify.pagerduty_from,
          c.notify.pagerduty_api_url, c.notify.web_url};
}

std::unique_ptr<notify::Channel> make_channel(const std::string& name, net::Transport& t, const Config& c,
                                              const Environment& e) {
  const std::string& web = c.notify.web_url;
  if (name == "slack") {
    if (!has_slack_bot(e)) return notify::make_slack_webhook(t, {e.get("SLACK_WEBHOOK_URL"), web});
    return notify::make_slack(t, {e.get("SLACK_BOT_TOKEN"), e.get("SLACK_CHANNEL_ID"), c.notify.slack_api_url,
                                  web, e.has("SLACK_SIGNING_SECRET") || e.has("SLACK_APP_TOKEN")});
  }
  if (name == "pagerduty") {
    if (e.has("PAGERDUTY_ROUTING_KEY"))
      return notify::make_pagerduty_events(
          t, {e.get("PAGERDUTY_ROUTING_KEY"), c.notify.pagerduty_events_url, web});
    return notify::make_pagerduty_rest(t, rest_options(c, e));
  }
  if (name == "webhook")
    return notify::make_webhook(t,
                                {e.get("SENTINELOPS_WEBHOOK_URL"), e.get("SENTINELOPS_WEBHOOK_SECRET"), web});
  if (name == "alertmanager") return notify::make_alertmanager(t, {c.notify.alertmanager_urls, web});
  if (name == "teams") return notify::make_teams(t, {e.get("TEAMS_WEBHOOK_URL"), web});
  if (name == "discord") return notify::make_discord(t, {e.get("DISCORD_WEBHOOK_URL"), web});
  if (name == "email") {
    return notify::make_email({{c.notify.smtp_url, e.get("SMTP_USER"), e.get("SMTP_PASSWORD"),
                                c.notify.smtp_plain, c.notify.smtp_ca_file},
                               c.notify.email_from,
                               c.notify.email_to,
                               web});
  }
  return notify::make_exec({c.notify.exec_command, seconds(c.notify.exec_timeout_seconds), web});
}

// Documented limits, a little below: Slack about one a second and channel, PagerDuty 120 a minute and key.
notify::Rate rate_of(const std::string& name) {
  if (name == "slack") return {1, 5};
  if (name == "pagerduty") return {1.8, 20};
  if (name == "teams" || name == "discord") return {0.5, 5};
  if (name == "email") return {0.5, 10};
  return {20, 50};
}

}  // namespace

std::vector<ChannelPolicy> channel_policies(const Config& config, const Environment& environment) {
  std::vector<ChannelPolicy> policies;
  for (const auto& name : notify_channels()) {
    if (!is_set_up(name, config, environment)) continue;
    const auto found = config.notify.channels.find(name);
    const Config::Notify::Channel settings =
        found == config.notify.channels.end() ? Config::Notify::Channel{} : found->second;
    ChannelPolicy policy;
    policy.name = name;
    policy.severities = severities_of(settings.severities);
    // The original's key says what pages, unless the channel's own key says it.
    if (name == "pagerduty" && policy.severities.empty())
      policy.severities = severities_of(config.incidents.pagerduty_severities);
    policy.services = settings.services;
    if (auto hours = notify::Hours::parse(settings.hours, settings.zone)) policy.hours = std::move(*hours);
    policy.urgent = severities_of(settings.urgent);
    policy.group = seconds(settings.group_seconds);
    policy.repeat = minutes(settings.repeat_minutes);
    policy.escalate_after = minutes(settings.escalate_after_minutes);
    policies.push_back(std::move(policy));
  }
  return policies;
}

struct Notifier::Impl {
  struct Worker {
    std::string name;
    std::unique_ptr<notify::Channel> channel;
    std::unique_ptr<notify::Pump> pump;
    notify::Health health;  // a copy, under the mutex
    bool woken = true;
    std::optional<Time> told_failing;
    std::jthread thread;
  };

  Impl(Deps d, Config c, Environment e)
      : deps(d),
        config(std::move(c)),
        environment(std::move(e)),
        policies(channel_policies(config, environment)),
        transport(net::make_curl_transport({})) {}

  void run(Worker& worker, const std::stop_token& stop);
  void forget_old(Time now);
  void beat(const std::stop_token& stop);
  void read_back(const std::stop_token& stop);
  void tell(const model::Incident& notice, const std::string& except, Time now);
  void watch_stretch(const std::string& subject, std::optional<Time> since, std::string_view why, Time now,
                     StretchWatch& watch);
  bool pause(const std::stop_token& stop, Duration length) {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, length, [] { return false; });
    return !stop.stop_requested();
  }

  Deps deps;
  Config config;
  Environment environment;
  std::vector<ChannelPolicy> policies;
  std::unique_ptr<net::Transport> transport;
  std::vector<std::unique_ptr<Worker>> workers;
  std::mutex mutex;
  std::condition_variable_any wake;
  bool works = false;  // the last tick succeeded
  StretchWatch blind;
  StretchWatch gap;
  Time next_forgetting{};
  std::jthread heart;
  std::jthread reader;
  std::optional<SlackSocket> buttons;
};

Notifier::Notifier(Deps deps, const Config& config, const Environment& environment)
    : impl_(std::make_unique<Impl>(deps, config, environment)) {}
Notifier::~Notifier() { stop(); }

void Notifier::start() {
  Impl& self = *impl_;
  for (const auto& policy : self.policies) {
    auto worker = std::make_unique<Impl::Worker>();
    worker->name = policy.name;
    worker->channel = make_channel(policy.name, *self.transport, self.config, self.environment);
    // The seed only spreads the retries of channels: each has its own.
    worker->pump = std::make_unique<notify::Pump>(
        notify::Pump::Deps{self.deps.state, *worker->channel, self.deps.log, self.deps.metrics}, policy.name,
        rate_of(policy.name), fnv1a(policy.name, static_cast<std::uint64_t>(micros(self.deps.clock.now()))));
    Impl::Worker& own = *worker;
    self.workers.push_back(std::move(worker));
    own.thread = std::jthread([&self, &own](const std::stop_token& stop) { self.run(own, stop); });
  }
  if (!self.config.notify.heartbeat_url.empty())
    self.heart = std::jthread([&self](const std::stop_token& stop) { self.beat(stop); });
  const bool pages = std::any_of(self.policies.begin(), self.policies.end(),
                                 [](const auto& policy) { return policy.name == "pagerduty"; });
  if (pages && self.environment.has("PAGERDUTY_API_KEY"))
    self.reader = std::jthread([&self](const std::stop_token& stop) { self.read_back(stop); });
  if (has_slack_bot(self.environment) && self.environment.has("SLACK_APP_TOKEN"))
    self.buttons.emplace(SlackSocket::Deps{self.deps.engine, *self.transport, self.deps.clock, self.deps.log},
                         self.environment.get("SLACK_APP_TOKEN"), self.config.notify.slack_api_url);
  std::vector<std::string> names;
  for (const auto& policy : self.policies) names.push_back(policy.name);
  self.deps.log.info("notify.started",
                     {{"channels", names.empty() ? std::string("none") : join(names, ", ")}});
}

void Notifier::Impl::run(Worker& worker, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex);
      worker.woken = false;
    }
    const Time now = deps.clock.now();
    forget_old(now);
    auto report = worker.pump->pump(now, stop);
    if (!report)
      deps.log.warning("notify.outbox.failed", {{"channel", worker.name}, {"error", report.error().text()}});
    std::unique_lock lock(mutex);
    worker.health = worker.pump->health();
    // Commands commit messages too, and nobody calls after them: the outbox is looked at every second.
    Duration wait = seconds(1);
    if (report && report->next != kNever)
      wait = std::clamp<Duration>(report->next - deps.clock.now(), milliseconds(1), wait);
    if (report && report->delivered > 0) wait = milliseconds(1);
    wake.wait_for(lock, stop, wait, [&] { return worker.woken; });
  }
}

// On whichever worker comes by when it is time: ticks do not wait for it.
void Notifier::Impl::forget_old(Time now) {
  constexpr std::size_t kAtOnce = 1000;
  {
    const std::lock_guard lock(mutex);
    if (now < next_forgetting) return;
    next_forgetting = now + hours(1);
  }
  const auto went = deps.state.forget_messages(notify::forgotten_before(now), kAtOnce);
  if (!went) return deps.log.warning("notify.outbox.failed", {{"error", went.error().text()}});
  if (*went == 0) return;
  deps.log.info("notify.forgotten", {{"messages", static_cast<std::int64_t>(*went)}});
  const std::lock_guard lock(mutex);
  if (*went == kAtOnce) next_forgetting = now + seconds(10);
}

void Notifier::after_tick(const engine::View& view, Time now) {
  Impl& self = *impl_;
  const Duration patience = minutes(self.config.notify.blind_after_minutes);
  self.watch_stretch("blind", view.blind_since, view.blind_reason, now, self.blind);
  self.watch_stretch("telemetry-gap", view.blind_since ? std::nullopt : view.telemetry_gap_since,
                     "no telemetry has arrived", now, self.gap);
  std::vector<std::pair<model::Incident, std::string>> news;
  {
    const std::lock_guard lock(self.mutex);
    self.works = !view.blind_since.has_value();
    for (auto& worker : self.workers) {
      worker->woken = true;
      const auto& health = worker->health;
      const std::string subject = "channel-" + worker->name;
      if (health.failing_since && !worker->told_failing && now - *health.failing_since >= patience) {
        worker->told_failing = health.failing_since;
        news.emplace_back(
            notify::self_notice(subject, fmt::format("messages to {} do not get through", worker->name),
                                health.why, model::Severity::kP3, *health.failing_since, std::nullopt),
            worker->name);
      } else if (!health.failing_since && worker->told_failing) {
        news.emplace_back(
            notify::self_notice(subject, fmt::format("messages to {} get through again", worker->name), "",
                                model::Severity::kP3, *worker->told_failing, now),
            worker->name);
        worker->told_failing.reset();
      }
    }
  }
  for (const auto& [notice, except] : news) self.tell(notice, except, now);
  self.wake.notify_all();
}

void Notifier::Impl::watch_stretch(const std::string& subject, std::optional<Time> since,
                                   std::string_view why, Time now, StretchWatch& watch) {
  switch (watch.look(since, now, minutes(config.notify.blind_after_minutes))) {
    case StretchWatch::News::kNone:
      return;
    case StretchWatch::News::kBegan:
      return tell(
          notify::self_notice(subject, fmt::format("SentinelOps is blind since {} UTC", format_human(*since)),
                              one_line(why, 300), model::Severity::kP2, *since, std::nullopt),
          "", now);
    case StretchWatch::News::kOver:
      return tell(notify::self_notice(subject, "SentinelOps sees again", "What was missed is evaluated now.",
                                      model::Severity::kP2, watch.began(), now),
                  "", now);
  }
}

void Notifier::Impl::tell(const model::Incident& notice, const std::string& except, Time now) {
  state::Change change;
  change.outbox = notify::notice_rows(notice, policies, except, now);
  deps.log.warning("notify.self", {{"subject", notice.id}, {"text", notice.title}});
  if (change.empty()) return;
  if (const auto done = deps.state.commit(change); !done)
    deps.log.warning("notify.outbox.failed", {{"error", done.error().text()}});
}

// A ping for as long as ticks succeed: whoever waits for it notices that SentinelOps is gone, or blind.
void Notifier::Impl::beat(const std::stop_token& stop) {
  bool failing = false;
  while (pause(stop, seconds(1))) {
    bool alive = false;
    {
      const std::lock_guard lock(mutex);
      alive = works;
    }
    if (!alive) continue;
    net::ClientRequest ping;
    ping.url = config.notify.heartbeat_url;
    ping.timeout = seconds(10);
    const auto answer = transport->send(ping, stop);
    const bool fine = answer && answer->status >= 200 && answer->status < 300;
    if (!fine && !failing)
      deps.log.warning(
          "notify.heartbeat.failed",
          {{"reason", answer ? fmt::format("status {}", answer->status) : answer.error().text()}});
    failing = !fine;
    if (!pause(stop, fine ? Duration(seconds(config.notify.heartbeat_seconds)) : Duration(seconds(10))))
      return;
  }
}

void Notifier::Impl::read_back(const std::stop_token& stop) {
  const auto options = rest_options(config, environment);
  while (pause(stop, seconds(config.notify.pagerduty_read_seconds))) {
    const auto page = deps.state.incidents({.state = model::IncidentState::kOpen, .limit = 100});
    if (!page) continue;
    for (const auto& incident : page->incidents) {
      const auto known = deps.state.blob("notify/pagerduty/" + incident.id);
      if (!known || !*known) continue;
      const auto who = notify::pagerduty_acknowledged_by(*transport, options, incident.id);
      if (!who) {
        deps.log.warning("notify.pagerduty.read.failed", {{"error", who.error().text()}});
        break;
      }
      if (*who)
        (void)deps.engine.acknowledge(incident.id, **who, "acknowledged in PagerDuty", deps.clock.now());
    }
  }
}

bool Notifier::settle(Duration longest) {
  Impl& self = *impl_;
  if (self.workers.empty()) return true;
  const auto deadline = std::chrono::steady_clock::now() + longest;
  while (std::chrono::steady_clock::now() < deadline) {
    bool empty = true;
    const Time now = self.deps.clock.now();
    for (const auto& worker : self.workers) {
      // What waits for its hours is not waited for.
      const auto rows = self.deps.state.due_outbox(worker->name, now + longest, 1);
      empty = empty && rows && rows->empty();
    }
    if (empty) return true;
    std::unique_lock lock(self.mutex);
    for (auto& worker : self.workers) worker->woken = true;
    self.wake.notify_all();
    self.wake.wait_for(lock, std::chrono::milliseconds(20));
  }
  return false;
}

void Notifier::stop() {
  Impl& self = *impl_;
  for (auto& worker : self.workers) worker->thread.request_stop();
  self.heart.request_stop();
  self.reader.request_stop();
  self.buttons.reset();
  for (auto& worker : self.workers) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  if (self.heart.joinable()) self.heart.join();
  if (self.reader.joinable()) self.reader.join();
  self.workers.clear();
}

}  // namespace sentinel::app
