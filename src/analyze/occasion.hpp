// Whether an incident is worth a question now. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/time.hpp"
#include "model/analysis_record.hpp"
#include "model/incident.hpp"
#include "model/silence.hpp"

namespace sentinel::analyze {

struct Wish {
  enum class What : std::uint8_t { kNothing, kFirst, kUpdate } what = What::kNothing;
  Time not_before{};  // a failed question is repeated later, updates keep a distance
};

// `asked`: the incident's records, oldest first. Never for what is over, merged, silenced or told already; an
// update only when severity, members or leading cause changed.
Wish wish_for(const model::Incident& incident, std::span<const model::AnalysisRecord> asked,
              std::span<const model::Silence> silences, Time now);

// The one to ask about next: the most severe, then the oldest; by index, none when nothing is due.
struct Waiting {
  model::Severity severity = model::Severity::kP4;
  Time created_at;
  Time not_before;
};
std::optional<std::size_t> next_of(std::span<const Waiting> waiting, Time now);

}  // namespace sentinel::analyze
