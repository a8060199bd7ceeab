// Printing for people: colours when standard output is a terminal, tables, a progress bar on standard error.
// Text from documents, runbooks and models is made harmless first: it cannot steer the terminal or break
// lines.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/incident.hpp"
#include "model/log_event.hpp"

namespace sentinel::app {

struct Style {
  bool colour = false;
  std::size_t width = 100;

  std::string bold(std::string_view text) const;
  std::string dim(std::string_view text) const;
  std::string severity(model::Severity severity) const;  // "P1", coloured
};
// Of standard output; NO_COLOR and `no_colour` switch colours off.
Style terminal_style(bool no_colour);

// The whole story of an incident on one screen: what, since when, who started it and why, who suffers, what
// to do.
std::string incident_card(const model::Incident& incident, const Style& style);
// Its analysis alone: both views, every claim with what it rests on or what is wrong with it.
std::string analysis_text(const model::Incident& incident, const Style& style);
std::string timeline_text(std::span<const model::IncidentEvent> events, const Style& style);
std::string event_line(const model::LogEvent& event, const Style& style);
// Columns padded to their widest cell; the first row is the head. Cells are plain text, without colours.
std::string table(const std::vector<std::vector<std::string>>& rows, const Style& style);

// A bar on standard error, only when that is a terminal. Goes when it is destroyed.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  void show(double share, const std::string& detail = "");  // share in 0..1, negative: unknown

 private:
  std::string label_;
  bool shown_ = false;
  bool terminal_ = false;
  int last_ = -1;
};

}  // namespace sentinel::app
