#include "notify/facts.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace sentinel::notify {
namespace {

std::string state_of(const model::Incident& incident) {
  if (!incident.merged_into.empty()) return "part of " + incident.merged_into;
  std::string state(model::to_string(incident.state));
  if (incident.state == model::IncidentState::kAcknowledged && !incident.acknowledged_by.empty())
    state += " by " + one_line(incident.acknowledged_by, 60);
  if (incident.flapping && incident.is_active()) state += ", flapping";
  return state;
}

}  // namespace

Facts facts_of(const model::Incident& incident, const std::string& web_url) {
  Facts facts;
  facts.title = one_line(incident.title, 300);
  facts.severity = model::to_string(incident.severity);
  facts.state = state_of(incident);
  for (const auto& service : incident.services) facts.services.push_back(one_line(service, 80));
  for (const auto& anomaly : incident.anomalies) {
    facts.reasons.push_back(one_line(
        anomaly.service + ": " + (anomaly.sentence.empty() ? anomaly.metric : anomaly.sentence), 240));
  }
  if (incident.analysis) {
    facts.summary = one_line(incident.analysis->summary, 500);
    facts.cause = one_line(incident.analysis->root_cause, 800);
    if (!facts.cause.empty()) facts.confidence = model::to_string(incident.analysis->confidence);
    for (const auto& step : incident.analysis->remediation_steps) facts.steps.push_back(one_line(step, 300));
  }
  if (!incident.runbooks.empty()) facts.runbook = one_line(incident.runbooks.front().runbook.title, 200);
  facts.since = format_human(incident.onset) + " UTC";
  if (incident.resolved_at) {
    facts.lasted = format_duration(std::max(Duration::zero(), *incident.resolved_at - incident.onset));
  }
  if (!web_url.empty() && !incident.id.starts_with("SELF-")) {
    std::string base = web_url;
    while (base.ends_with('/')) base.pop_back();
    facts.url = base + "/incidents/" + incident.id;
  }
  return facts;
}

std::string clipped(std::string_view text, std::size_t most) {
  std::string clean;
  for (const char c : to_valid_utf8(text)) {
    if (static_cast<unsigned char>(c) >= 0x20 || c == '\n') clean += c == '\x7f' ? ' ' : c;
  }
  if (clean.size() <= most) return clean;
  if (most < 3) return std::string(utf8_prefix(clean, most));
  return std::string(utf8_prefix(clean, most - 3)) + "...";
}

std::string listed(const std::vector<std::string>& items, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < items.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + items[i];
  if (items.size() > most) text += fmt::format(" and {} more", items.size() - most);
  return text;
}

std::vector<std::string> lines_of(const std::vector<model::IncidentEvent>& events) {
  std::vector<std::string> lines;
  for (const auto& event : events) {
    std::string line = event.kind == "unattended" ? "nobody is on it" : event.kind;
    if (event.actor != "sentinelops" && !event.actor.empty()) line += " by " + one_line(event.actor, 60);
    line += ": " + one_line(event.text, 400);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string plain_text(const Facts& f, const std::vector<model::IncidentEvent>& events) {
  std::string text = fmt::format("{} {} ({})\n", f.severity, f.title, f.state);
  for (const auto& line : lines_of(events)) text += line + "\n";
  text += "\n";
  if (!f.summary.empty()) text += f.summary + "\n\n";
  if (!f.cause.empty()) text += fmt::format("Root cause ({} confidence): {}\n", f.confidence, f.cause);
  text += fmt::format("Affected: {}\nSince: {}\n", listed(f.services, 20), f.since);
  if (!f.lasted.empty()) text += fmt::format("Lasted: {}\n", f.lasted);
  if (!f.reasons.empty()) text += "\nWhy:\n";
  for (std::size_t i = 0; i < f.reasons.size() && i < 20; ++i) text += "  - " + f.reasons[i] + "\n";
  if (!f.steps.empty()) text += "\nWhat to do:\n";
  for (std::size_t i = 0; i < f.steps.size() && i < 20; ++i)
    text += fmt::format("  {}. {}\n", i + 1, f.steps[i]);
  if (!f.runbook.empty()) text += "\nRunbook: " + f.runbook + "\n";
  if (!f.url.empty()) text += "\n" + f.url + "\n";
  return text;
}

}  // namespace sentinel::notify
