#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "runbooks/runbooks.hpp"

namespace sentinel::runbooks {
namespace {

std::vector<std::string> items_of(std::string_view text) {
  std::vector<std::string> items;
  for (const auto item : split(text, ',')) {
    if (!trim(item).empty()) items.emplace_back(trim(item));
  }
  return items;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (const auto line : split(text, '\n')) {
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  }
  return lines;
}

// "1. step", "2) step", "- step", "* step": the text behind the marker; nothing when there is none.
std::optional<std::string_view> behind_marker(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with("* ")) return trim(line.substr(2));
  const auto digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
  const auto rest = line.substr(digits);
  if (rest.starts_with(". ") || rest.starts_with(") ")) return trim(rest.substr(2));
  return std::nullopt;
}

// Whether Markdown would take the line for a heading or a fence, could it do without leading backslashes.
bool looks_like_form(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of('\\'), line.size()));
  return line.starts_with("#") || line.starts_with("```");
}
std::string escaped(std::string_view line) { return (looks_like_form(line) ? "\\" : "") + std::string(line); }
std::string_view unescaped(std::string_view line) {
  return line.starts_with("\\") && looks_like_form(line) ? line.substr(1) : line;
}

// Takes a document line by line.
class Reading {
 public:
  Result<void> take(std::string_view raw) {
    ++number_;
    const std::string_view line = trim(raw);
    if (line.starts_with("```")) {
      in_code_ = !in_code_;  // the fence itself is form, not text
      return {};
    }
    // In code a "#" is a comment of the shell, not a title.
    if (!in_code_ && raw.starts_with("# ")) return begin(trim(raw.substr(2)));
    if (line.empty()) {
      paragraph_ended_ = true;
      return {};
    }
    if (all_.empty()) {
      return fail(ErrorKind::kInvalid, fmt::format("line {}: a runbook begins with '# title', not with '{}'",
                                                   number_, one_line(line, 40)));
    }
    if (!in_code_ && raw.starts_with("## ")) {
      part_ = iequals(trim(raw.substr(3)), "root cause") ? Part::kCause : Part::kSteps;
    } else if (part_ == Part::kSteps) {
      add_step(line, raw.front() == ' ' || raw.front() == '\t');
    } else if (part_ != Part::kHead || !take_head(line)) {
      add_cause(line);
    }
    paragraph_ended_ = false;
    return {};
  }
  Result<std::vector<model::Runbook>> finish() && {
    if (in_code_) return fail(ErrorKind::kInvalid, "the last code fence (```) is not closed");
    for (auto& runbook : all_) {
      if (runbook.id.empty()) runbook.id = model::runbook_id(runbook.title);
    }
    return std::move(all_);
  }

 private:
  Result<void> begin(std::string_view title) {
    if (title.empty()) return fail(ErrorKind::kInvalid, fmt::format("line {}: the title is empty", number_));
    all_.emplace_back();
    all_.back().title = title;
    part_ = Part::kHead;
    return {};
  }
  bool take_head(std::string_view line) {
    model::Runbook& runbook = all_.back();
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (iequals(name, "date")) {
      runbook.incident_date = value;
    } else if (iequals(name, "services")) {
      runbook.services_affected = items_of(value);
    } else if (iequals(name, "tags")) {
      runbook.tags = items_of(value);
    } else if (iequals(name, "id")) {
      runbook.id = value;
    } else {
      return false;
    }
    return true;
  }
  void add_step(std::string_view line, bool indented) {
    auto& steps = all_.back().resolution_steps;
    if ((in_code_ || indented) && !steps.empty()) {
      steps.back() += "\n" + std::string(in_code_ ? line : unescaped(line));
    } else {
      steps.emplace_back(behind_marker(line).value_or(line));
    }
  }
  void add_cause(std::string_view line) {
    if (!in_code_) line = unescaped(line);
    std::string& cause = all_.back().root_cause;
    // Lines that follow each other are one paragraph that somebody's editor wrapped; in code they are lines.
    if (!cause.empty()) cause += paragraph_ended_ || in_code_ ? "\n" : " ";
    cause += line;
  }

  enum class Part : std::uint8_t { kHead, kCause, kSteps };
  std::vector<model::Runbook> all_;
  Part part_ = Part::kHead;
  bool in_code_ = false;
  bool paragraph_ended_ = false;
  int number_ = 0;
};

}  // namespace

Result<std::vector<model::Runbook>> from_markdown(std::string_view text) {
  Reading reading;
  for (const auto line : split(text, '\n')) SENTINEL_TRY(reading.take(line));
  return std::move(reading).finish();
}

std::string to_markdown(const std::vector<model::Runbook>& runbooks) {
  std::string text;
  for (const auto& runbook : runbooks) {
    const std::string title = join(lines_of(runbook.title), " ");
    text += fmt::format("# {}\n\n", title);
    if (runbook.id != model::runbook_id(title)) text += fmt::format("Id: {}\n", runbook.id);
    if (!runbook.incident_date.empty()) text += fmt::format("Date: {}\n", runbook.incident_date);
    if (!runbook.services_affected.empty())
      text += fmt::format("Services: {}\n", join(runbook.services_affected, ", "));
    if (!runbook.tags.empty()) text += fmt::format("Tags: {}\n", join(runbook.tags, ", "));
    text += "\n## Root cause\n\n";
    for (const auto& line : lines_of(runbook.root_cause)) text += escaped(line) + "\n\n";
    text += "## Resolution\n\n";
    int number = 0;
    for (const auto& step : runbook.resolution_steps) {
      bool first = true;
      for (const auto& line : lines_of(step)) {
        text += first ? fmt::format("{}. {}\n", ++number, line) : fmt::format("   {}\n", escaped(line));
        first = false;
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace sentinel::runbooks
