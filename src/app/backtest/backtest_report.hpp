// What a backtest found, as text for people and as JSON for programs. Pure; text ends with a line feed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/backtest/backtest.hpp"
#include "app/backtest/diagnosis.hpp"
#include "app/terminal.hpp"

namespace sentinel::app {

// The file of --incidents-out: [{id, opened_at, resolved_at|null, severity, services[], root_cause[]}].
nlohmann::json incident_rows(const std::vector<Opening>& openings);
// The same form; nothing was detected, so severity and resolved_at are null.
nlohmann::json incident_rows(const DiagnosisSummary& summary);
nlohmann::json score_json(const Score& score);
nlohmann::json diagnosis_json(const DiagnosisSummary& summary);

std::string incidents_text(const BacktestResult& result, const Style& style);
std::string score_text(const Score& score, const Style& style);
std::string diagnosis_text(const DiagnosisSummary& summary, const Style& style);

struct Run {
  std::string config;  // its file
  BacktestResult result;
  Score score;
};
// Pages are openings of severity P1 or P2, which wake somebody by default.
std::string difference_text(const Run& a, const Run& b, bool labelled, const Style& style);
nlohmann::json difference_json(const Run& a, const Run& b, bool labelled);

}  // namespace sentinel::app
