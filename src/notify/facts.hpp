// An incident in the words that every channel shows, and text made fit for where it goes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/incident.hpp"

namespace sentinel::notify {

struct Facts {
  std::string title;
  std::string severity;    // "P1"
  std::string state;       // "open", "acknowledged by ada", "resolved", "part of INC-...", "flapping"
  std::string summary;     // one line
  std::string cause;       // root cause, may be empty
  std::string confidence;  // "high"; empty without a cause
  std::vector<std::string> services;
  std::vector<std::string> reasons;  // "payment-service: 41 errors in 5 min where 3.2 are expected"
  std::vector<std::string> steps;
  std::string runbook;  // title of the best match, may be empty
  std::string since;    // "2026-02-20 19:20:27 UTC"
  std::string lasted;   // of a resolved one: "12 min"
  std::string url;      // of the incident's page; empty without notify.web_url
};
Facts facts_of(const model::Incident& incident, const std::string& web_url);

// At most `most` bytes (never fewer characters than a limit in characters allows), valid UTF-8, control
// characters dropped but newlines; what was cut ends in "...".
std::string clipped(std::string_view text, std::size_t most);
// "a, b, c and 4 more"
std::string listed(const std::vector<std::string>& items, std::size_t most);
// One line per event that is worth a line: "escalated: P2 -> P1: ...".
std::vector<std::string> lines_of(const std::vector<model::IncidentEvent>& events);
// Plain text of the whole, for e-mail and terminals.
std::string plain_text(const Facts& facts, const std::vector<model::IncidentEvent>& events);

}  // namespace sentinel::notify
