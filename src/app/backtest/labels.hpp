// Known faults of a recording, and how well the incidents of a backtest meet them. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "correlate/correlate.hpp"
#include "model/incident.hpp"
#include "model/slice.hpp"

namespace sentinel::app {

struct Label {
  std::string id;
  std::string service;              // that started it
  std::vector<std::string> accept;  // other names that are right as well
  Time injected;                    // delays count from here; of two clocks the earlier
  std::optional<Time> ended;        // of two clocks the later
  model::TimeRange match;           // an incident opened in it (both ends included) is a hit
  std::string file;                 // documents of this fault alone, relative to the labels; empty: none
  std::string kind;                 // what was done to it (`fault_type`), where the label says so
  std::string sufferer;             // where the trouble was noticed; may be empty
  std::string symptom;              // "latency", "availability", ...: what was noticed there

  bool is_right(const std::string& name) const;
};

// A JSON list; the error names the entry and the field. Per fault:
//   id            text or number; default: its place in the list
//   service       or root_cause: text, or {"node": ...}; `accept`: list of further right answers
//   inject_time   or start, or target.time: RFC 3339; inject_time_alt by a second clock
//   end_time      or end, or last
//   match_from, match_to   default: from 60 s before to 240 s after the injection
//   file, target.node, target.metric   for faults recorded one by one
Result<std::vector<Label>> read_labels(std::string_view json);

// A JSON list of {from, to}: stretches of real trouble that no label has. Incidents opened in them count
// neither way.
Result<std::vector<model::TimeRange>> read_ignored(std::string_view json);

// Known calls: {"caller": {"callee": calls}} or {"caller": ["callee"]}.
Result<std::vector<correlate::TopologyEdge>> read_edges(std::string_view json);

// One stretch in which an incident was open: an incident that resolved and came back pages twice.
struct Opening {
  std::string id;  // of the incident; from its second opening on with "#2", "#3", ... behind it
  Time opened_at;
  std::optional<Time> resolved_at;
  model::Severity severity = model::Severity::kP4;  // the worst it had
  std::vector<std::string> services;
  std::vector<model::Cause> causes;
};

struct FaultScore {
  std::string id;
  std::string service;
  std::vector<std::string> incidents;  // that hit it, earliest first
  std::string inside;                  // no hit, but this incident of an earlier fault was open and names it
  Duration delay{};                    // of the first
  std::size_t rank = 0;                // of the right service among its causes; 0: not among them
  bool found() const { return !incidents.empty(); }
};

struct Score {
  std::vector<FaultScore> faults;  // in the order of the labels
  std::vector<std::string> false_incidents;
  std::size_t ignored = 0;  // incidents in stretches that count neither way
  std::size_t merged = 0;   // faults that shared an incident with another one
  std::size_t split = 0;    // faults that more than one incident hits
  double days = 0;          // of telemetry

  std::size_t found() const;
  std::size_t top(std::size_t n) const;           // found faults whose service is among the first n causes
  std::optional<Duration> delay(double q) const;  // of the found ones, nearest rank
  double false_per_day() const;
};

// `openings` by rising opened_at.
Score score(std::span<const Opening> openings, std::span<const Label> labels,
            std::span<const model::TimeRange> ignored, Duration covered);

// 1-based place of the first right name; 0: none.
std::size_t rank_of(std::span<const model::Cause> causes, const Label& label);

}  // namespace sentinel::app
