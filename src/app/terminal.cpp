#include "app/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"

namespace sentinel::app {
namespace {

std::string wrap(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  for (const auto word : split(text, ' ')) {
    if (word.empty()) continue;
    if (column > indent && column + word.size() + 1 > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

// Display width, as far as it matters for padding: bytes that begin a code point.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Names come from documents that anybody may have written: nothing in them may steer the terminal.
std::string name_of(std::string_view text) { return one_line(text, 80); }

}  // namespace

std::string Style::bold(std::string_view text) const {
  return colour ? fmt::format("\033[1m{}\033[0m", text) : std::string(text);
}
std::string Style::dim(std::string_view text) const {
  return colour ? fmt::format("\033[2m{}\033[0m", text) : std::string(text);
}
std::string Style::severity(model::Severity severity) const {
  const auto word = model::to_string(severity);
  if (!colour) return std::string(word);
  const char* code = severity == model::Severity::kP1   ? "\033[1;97;41m"
                     : severity == model::Severity::kP2 ? "\033[1;30;43m"
                     : severity == model::Severity::kP3 ? "\033[1;33m"
                                                        : "\033[1;36m";
  return fmt::format("{} {} \033[0m", code, word);
}

Style terminal_style(bool no_colour) {
  Style style;
  const char* never = std::getenv("NO_COLOR");
  style.colour = ::isatty(STDOUT_FILENO) == 1 && !no_colour && (never == nullptr || *never == '\0');
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 60)
    style.width = std::min<std::size_t>(size.ws_col, 120);
  return style;
}

namespace {

// What a model claims, each with what it rests on, or with what the facts do not bear out.
std::string claims_text(const model::Analysis& analysis, const Style& style) {
  std::string out = "\n  " + style.bold("what " + one_line(analysis.source, 60) + " says") + "\n";
  for (const auto& claim : analysis.claims) {
    std::string cited;
    for (const auto& citation : claim.citations) cited += (cited.empty() ? "" : " ") + name_of(citation.id);
    const std::string mark = claim.is_verified()
                                 ? style.dim("verified " + cited)
                                 : style.bold("UNVERIFIED ") + one_line(join(claim.problems, "; "), 200);
    out += fmt::format("    - {}\n      {}\n", wrap(one_line(claim.text, 400), 6, style.width), mark);
  }
  return out;
}

}  // namespace

std::string incident_card(const model::Incident& incident, const Style& style) {
  constexpr std::size_t kIndent = 15;
  std::string out;
  const auto row = [&](std::string_view name, std::string_view text) {
    out += fmt::format("  {:<13}{}\n", name, wrap(text, kIndent, style.width));
  };
  out += fmt::format("\n{} {}  {}\n", style.severity(incident.severity), style.bold(name_of(incident.id)),
                     style.dim(std::string(model::to_string(incident.state))));
  out += "  " + style.bold(wrap(one_line(incident.title, 300), 2, style.width)) + "\n\n";
  row("since",
      fmt::format("{} UTC, opened {}{}", format_human(incident.onset), format_clock(incident.created_at),
                  incident.resolved_at ? ", resolved " + format_clock(*incident.resolved_at) : ""));
  if (incident.analysis) {
    row("root cause", one_line(incident.analysis->root_cause, 500));
    const auto& note = incident.analysis->model_note;
    row("confidence", fmt::format("{} ({}{}{})", model::to_string(incident.analysis->confidence),
                                  one_line(incident.analysis->source),
                                  note.empty() ? "" : "; no model's answer: ", one_line(note, 200)));
    if (incident.analysis->source != "deterministic" && !incident.analysis->note.empty())
      row("note", one_line(incident.analysis->note, 500));
    if (incident.deterministic)
      row("by evidence", fmt::format("{} ({})", one_line(incident.deterministic->root_cause, 300),
                                     model::to_string(incident.deterministic->confidence)));
  }
  std::string affected;
  for (std::size_t i = 1; i < incident.services.size(); ++i)
    affected += (affected.empty() ? "" : ", ") + name_of(incident.services[i]);
  row("affected", affected.empty() ? "no other service" : affected);
  out += "\n  " + style.bold("what is wrong") + "\n";
  for (const auto& anomaly : incident.anomalies) {
    out += fmt::format("    {} {:<20} {}\n", style.severity(anomaly.severity), name_of(anomaly.service),
                       wrap(one_line(anomaly.sentence, 300), 28, style.width - 3));
  }
  if (incident.analysis && !incident.analysis->claims.empty()) out += claims_text(*incident.analysis, style);
  if (!incident.causes.empty()) {
    out += "\n  " + style.bold("why we think so") + "\n";
    std::size_t shown = 0;
    for (const auto& cause : incident.causes) {
      if (++shown > 3) break;
      out += fmt::format("    {:3.0f} %  {}\n", cause.probability * 100, style.bold(name_of(cause.service)));
      std::size_t reasons = 0;
      for (const auto& evidence : cause.evidence) {
        if (shown > 1 && ++reasons > 1) break;
        out += fmt::format("           {} {}\n", style.dim(name_of(evidence.id)),
                           wrap(one_line(evidence.sentence, 240), 14, style.width));
      }
    }
  }
  bool head = false;
  for (const auto& pattern : incident.patterns) {
    if (pattern.change != model::Pattern::Change::kNew && pattern.change != model::Pattern::Change::kMore)
      continue;
    if (!head) out += "\n  " + style.bold("new or more frequent lines") + "\n";
    head = true;
    out += fmt::format("    {:>5}x {:<5} {}\n", pattern.count, model::to_string(pattern.change),
                       one_line(pattern.text, style.width - 20));
  }
  if (!incident.runbooks.empty()) {
    out += "\n  " + style.bold("runbook") +
           fmt::format("  {} ({})\n", one_line(incident.runbooks.front().runbook.title),
                       one_line(join(incident.runbooks.front().reasons, "; ")));
  }
  if (incident.analysis && !incident.analysis->remediation_steps.empty()) {
    out += "\n  " + style.bold("what to do") + "\n";
    int number = 0;
    for (const auto& step : incident.analysis->remediation_steps)
      out += fmt::format("    {}. {}\n", ++number, wrap(one_line(step, 400), 7, style.width));
  }
  return out;
}

std::string analysis_text(const model::Incident& incident, const Style& style) {
  constexpr std::size_t kIndent = 15;
  std::string out = fmt::format("\n{} {}\n", style.bold(name_of(incident.id)), one_line(incident.title, 300));
  const auto row = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) out += fmt::format("  {:<13}{}\n", name, wrap(text, kIndent, style.width));
  };
  if (!incident.analysis) return out + "  no analysis yet\n";
  const auto& analysis = *incident.analysis;
  row("root cause", one_line(analysis.root_cause, 700));
  row("confidence", fmt::format("{} ({})", model::to_string(analysis.confidence), one_line(analysis.source)));
  row("summary", one_line(analysis.summary, 400));
  row("note", one_line(analysis.note, 500));
  row("no model", one_line(analysis.model_note, 300));
  if (incident.deterministic)
    row("by evidence", fmt::format("{} ({})", one_line(incident.deterministic->root_cause, 400),
                                   model::to_string(incident.deterministic->confidence)));
  if (!analysis.claims.empty()) out += claims_text(analysis, style);
  if (!analysis.remediation_steps.empty()) out += "\n  " + style.bold("what to do") + "\n";
  int number = 0;
  for (const auto& step : analysis.remediation_steps)
    out += fmt::format("    {}. {}\n", ++number, wrap(one_line(step, 600), 7, style.width));
  return out;
}

std::string timeline_text(std::span<const model::IncidentEvent> events, const Style& style) {
  std::string out = "\n  " + style.bold("timeline") + "\n";
  for (const auto& event : events) {
    // Who did it, where it was a person.
    const std::string who =
        event.actor.empty() || event.actor == "sentinelops" ? "" : one_line(event.actor, 60) + ": ";
    out += fmt::format("    {}  {:<13} {}\n", format_human(event.at), name_of(event.kind),
                       wrap(who + one_line(event.text, 300), 40, style.width));
  }
  return out;
}

std::string event_line(const model::LogEvent& event, const Style& style) {
  const auto level = std::string(model::to_string(event.level));
  std::string shown = fmt::format("{:<7}", level.empty() ? "-" : level);
  if (style.colour && event.level >= model::Level::kError) shown = "\033[31m" + shown + "\033[0m";
  if (style.colour && event.level == model::Level::kWarning) shown = "\033[33m" + shown + "\033[0m";
  std::string line =
      fmt::format("{} {} {:<20} {}", format_rfc3339(event.time), shown,
                  event.service.empty() ? "-" : one_line(event.service, 40), one_line(event.message, 400));
  if (event.has_duration()) line += style.dim(fmt::format("  {:.1f} ms", event.duration_ms));
  if (!event.trace_id.empty()) line += style.dim("  trace=" + one_line(event.trace_id, 64));
  return line;
}

std::string table(const std::vector<std::vector<std::string>>& rows, const Style& style) {
  constexpr std::size_t kWidestCell = 400;
  std::vector<std::vector<std::string>> cells = rows;
  std::vector<std::size_t> widths;
  for (auto& row : cells) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = one_line(row[i], kWidestCell);
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  std::string out;
  for (std::size_t r = 0; r < cells.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < cells[r].size(); ++i) {
      line += cells[r][i];
      if (i + 1 < cells[r].size()) line += std::string(widths[i] - columns_of(cells[r][i]) + 2, ' ');
    }
    out += (r == 0 ? style.bold(line) : line) + "\n";
  }
  return out;
}

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::show(double share, const std::string& detail) {
  if (!terminal_) return;
  const int percent = share < 0 ? -1 : static_cast<int>(std::clamp(share, 0.0, 1.0) * 100);
  if (percent == last_ && percent >= 0) return;
  last_ = percent;
  shown_ = true;
  constexpr int kCells = 30;
  const auto filled = static_cast<std::size_t>(std::max(0, percent) * kCells / 100);
  const std::string bar = std::string(filled, '#') + std::string(kCells - filled, '.');
  std::fprintf(stderr, "\r\033[K%s [%s] %s %s", label_.c_str(), bar.c_str(),
               percent < 0 ? "" : fmt::format("{:3} %", percent).c_str(), detail.c_str());
  std::fflush(stderr);
}

}  // namespace sentinel::app
