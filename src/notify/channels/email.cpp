#include <fmt/format.h>

#include "base/text.hpp"
#include "notify/channels/channels.hpp"
#include "notify/channels/exchange.hpp"
#include "notify/facts.hpp"
#include "notify/signature.hpp"

namespace sentinel::notify {
namespace {

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string html_of(const Facts& f, const std::vector<model::IncidentEvent>& events) {
  std::string html = fmt::format("<h2>{} {}</h2><p><b>{}</b> since {}</p>", f.severity, html_escaped(f.title),
                                 html_escaped(f.state), f.since);
  html += "<ul>";
  for (const auto& line : lines_of(events)) html += "<li>" + html_escaped(line) + "</li>";
  html += "</ul>";
  if (!f.summary.empty()) html += "<p>" + html_escaped(f.summary) + "</p>";
  if (!f.cause.empty())
    html += fmt::format("<p><b>Root cause</b> ({} confidence): {}</p>", f.confidence, html_escaped(f.cause));
  html += "<p><b>Affected:</b> " + html_escaped(listed(f.services, 20)) + "</p>";
  const auto list = [&](const char* title, const std::vector<std::string>& items, const char* tag) {
    if (items.empty()) return;
    html += fmt::format("<p><b>{}</b></p><{}>", title, tag);
    for (std::size_t i = 0; i < items.size() && i < 20; ++i)
      html += "<li>" + html_escaped(items[i]) + "</li>";
    html += fmt::format("</{}>", tag);
  };
  list("Why", f.reasons, "ul");
  list("What to do", f.steps, "ol");
  if (!f.url.empty()) html += fmt::format("<p><a href=\"{0}\">{0}</a></p>", html_escaped(f.url));
  return html;
}

class Email final : public Channel {
 public:
  explicit Email(EmailOptions options) : options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    bool worth = delivery.memory.empty();
    for (const auto& event : delivery.events) worth = worth || event.kind != "updated";
    if (!worth) return delivered(delivery.memory);
    const Facts f = facts_of(delivery.incident, options_.web_url);
    net::Mail mail;
    mail.from = options_.from;
    mail.to = options_.to;
    mail.subject = one_line(fmt::format("[{}] {} ({})", f.severity, f.title, f.state), 300);
    mail.text = plain_text(f, delivery.events);
    mail.html = html_of(f, delivery.events);
    // Mail programs drop a second copy with the same id, and show one incident as one conversation.
    mail.message_id = webhook_id(delivery.key) + "@sentinelops";
    mail.thread_id = webhook_id(delivery.incident.id) + "@sentinelops";
    mail.at = delivery.now;
    const auto sent = net::send_mail(options_.server, mail, std::move(stop));
    if (sent) return delivered("told");
    // Only what the server refuses for good (5xx) is given up.
    if (sent.error().kind == ErrorKind::kInvalid) return parked(sent.error().text(), delivery.memory);
    return {Attempt::Kind::kRetry, sent.error().text(), std::nullopt, true, delivery.memory};
  }

 private:
  EmailOptions options_;
};

}  // namespace

std::unique_ptr<Channel> make_email(EmailOptions options) {
  return std::make_unique<Email>(std::move(options));
}

}  // namespace sentinel::notify
