#include "notify/channels/slack_blocks.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace sentinel::notify {
namespace {

using nlohmann::json;

// A message may hold about 13,200 characters in all. These add up to less than 10,000.
constexpr std::size_t kHeader = 150;
constexpr std::size_t kSection = 1500;
constexpr std::size_t kReasons = 2400;
constexpr std::size_t kSteps = 2400;
constexpr std::size_t kContext = 600;

json section(const std::string& text) {
  return {{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", text}}}};
}

std::string mark(const Facts& f) {
  if (f.state.starts_with("resolved") || f.state.starts_with("part of")) return ":white_check_mark:";
  if (f.severity == "P1") return ":red_circle:";
  if (f.severity == "P2") return ":large_orange_circle:";
  return f.severity == "P3" ? ":large_yellow_circle:" : ":large_blue_circle:";
}

// Whole lines while they fit; the rest is counted.
std::string lines(const std::vector<std::string>& items, bool numbered, std::size_t most) {
  std::string text;
  std::size_t shown = 0;
  for (; shown < items.size(); ++shown) {
    const std::string line =
        (numbered ? fmt::format("\n{}. ", shown + 1) : "\n• ") + slack_escaped(items[shown], 320);
    if (text.size() + line.size() + 20 > most) break;
    text += line;
  }
  if (shown < items.size()) text += fmt::format("\n... and {} more", items.size() - shown);
  return text;
}

json button(const char* text, const char* action, const std::string& id, const char* style) {
  json b = {{"type", "button"},
            {"text", {{"type", "plain_text"}, {"text", text}}},
            {"action_id", action},
            {"value", clipped(id, 200)}};
  if (style != nullptr) b["style"] = style;
  return b;
}

}  // namespace

std::string slack_escaped(std::string_view text, std::size_t most) {
  const std::string clean = clipped(text, text.size() + 3);
  std::string out;
  for (std::size_t i = 0; i < clean.size();) {
    std::size_t length = 1;
    while (i + length < clean.size() && (static_cast<unsigned char>(clean[i + length]) & 0xC0U) == 0x80U)
      ++length;
    std::string unit = clean.substr(i, length);
    if (unit == "&") unit = "&amp;";
    if (unit == "<") unit = "&lt;";
    if (unit == ">") unit = "&gt;";
    i += length;
    if (out.size() + unit.size() + (i < clean.size() ? 3 : 0) > most) {
      out += out.size() + 3 <= most ? "..." : "";
      break;
    }
    out += unit;
  }
  return out;
}

json slack_blocks(const Facts& f, const std::string& id, bool active, bool buttons) {
  json blocks = json::array();
  const std::string title = clipped(mark(f) + " " + f.severity + " " + f.title, kHeader);
  blocks.push_back(
      {{"type", "header"}, {"text", {{"type", "plain_text"}, {"text", title}, {"emoji", true}}}});
  blocks.push_back(section("*State:* " + slack_escaped(f.state, 200) + "   *Since:* " +
                           slack_escaped(f.since, 60) +
                           (f.lasted.empty() ? "" : "   *Lasted:* " + slack_escaped(f.lasted, 60))));
  if (!f.summary.empty()) blocks.push_back(section(slack_escaped(f.summary, kSection)));
  if (!f.cause.empty()) {
    blocks.push_back(section(fmt::format("*Root cause* ({} confidence)\n{}", slack_escaped(f.confidence, 20),
                                         slack_escaped(f.cause, kSection))));
  }
  if (!f.services.empty())
    blocks.push_back(section("*Affected:* " + slack_escaped(listed(f.services, 15), kSection)));
  if (!f.reasons.empty()) blocks.push_back(section("*Why*" + lines(f.reasons, false, kReasons)));
  if (active && !f.steps.empty()) blocks.push_back(section("*What to do*" + lines(f.steps, true, kSteps)));
  json elements = json::array();
  if (!f.url.empty() && f.url.size() <= 3000)
    elements.push_back({{"type", "button"},
                        {"text", {{"type", "plain_text"}, {"text", "Open"}}},
                        {"action_id", "open"},
                        {"url", f.url}});
  if (active && buttons) {
    elements.push_back(button("Acknowledge", "acknowledge", id, "primary"));
    elements.push_back(button("Silence 1 h", "silence", id, nullptr));
    elements.push_back(button("Resolve", "resolve", id, "danger"));
  }
  if (!elements.empty()) blocks.push_back({{"type", "actions"}, {"elements", std::move(elements)}});
  std::string context = id;
  if (!f.runbook.empty()) context += "  |  runbook: " + f.runbook;
  blocks.push_back(
      {{"type", "context"},
       {"elements", json::array({{{"type", "mrkdwn"}, {"text", slack_escaped(context, kContext)}}})}});
  return blocks;
}

std::string slack_fallback(const Facts& f) {
  return slack_escaped(fmt::format("{} {} ({})", f.severity, f.title, f.state), 1000);
}

}  // namespace sentinel::notify
