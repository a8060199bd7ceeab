// One outage, for its whole life, and the append-only history of what happened to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/anomaly.hpp"
#include "model/cause.hpp"
#include "model/runbook.hpp"

namespace sentinel::model {

enum class Confidence : std::uint8_t { kLow, kMedium, kHigh };
std::string_view to_string(Confidence confidence);
std::optional<Confidence> parse_confidence(std::string_view text);  // any case

// What a claim rests on, as it read when the claim was made: ids may be given anew later.
struct Citation {
  std::string id;    // "E1", "A2"
  std::string text;  // what it says
  friend bool operator==(const Citation&, const Citation&) = default;
};

// One sentence of a model's answer, held against the facts. The first of an answer is its main claim.
struct Claim {
  std::string text;
  std::vector<Citation> citations;
  std::vector<std::string> problems;  // what does not resolve, one phrase each; none: verified
  bool is_verified() const { return problems.empty(); }
  friend bool operator==(const Claim&, const Claim&) = default;
};

// The five fields of the original, and where they come from.
struct Analysis {
  std::string root_cause;
  Confidence confidence = Confidence::kLow;
  std::vector<std::string> remediation_steps;
  std::vector<std::string> affected_services;
  std::string summary;                   // one line
  std::string source = "deterministic";  // or the model's id
  std::string note;                      // why it is what it is ("no API key"), may be empty
  std::vector<Claim> claims;             // of a model's answer; the deterministic report has none
  std::string model_note;  // deterministic: why no model's answer stands here ("the API is overloaded"),
                           // may be empty
};

enum class IncidentState : std::uint8_t { kOpen, kAcknowledged, kResolved };
std::string_view to_string(IncidentState state);  // "open", "acknowledged", "resolved"
std::optional<IncidentState> parse_incident_state(std::string_view text);

struct Incident {
  std::string id;                     // INC-YYYYMMDDHHMMSS-xxxxxxxx
  std::string title;                  // "payment-service: errors 60 in 5 min (P1)"
  Severity severity = Severity::kP4;  // the worst it ever had
  IncidentState state = IncidentState::kOpen;
  Time created_at;
  Time updated_at;
  std::optional<Time> resolved_at;
  Time onset;                         // first sign, before or at created_at
  Time last_bad_at;                   // when it last had an anomaly that was not easing
  std::optional<Time> relapsed_at;    // when its trouble last came back after a calm
  std::optional<Time> stirred_at;     // when, after a calm, something began that would not page (yet)
  std::string dedup_key;              // 16 hex digits
  std::vector<std::string> services;  // leading cause first
  std::vector<Anomaly> anomalies;     // newest judgement per (service, metric)
  std::vector<Cause> causes;
  std::vector<Link> links;
  std::vector<Pattern> patterns;
  std::vector<LogEvent> events;
  std::vector<RunbookMatch> runbooks;
  std::optional<Analysis> analysis;
  std::optional<Analysis> deterministic;  // the other view, where `analysis` is a model's
  int suppressed = 0;                     // duplicates within the cooldown
  int reopened = 0;
  std::string acknowledged_by;     // empty when nobody did
  bool flapping = false;           // relapsed three times or more: resolves only after a longer clean time
  std::string silenced_by;         // id of the silence that hides it now; empty when it is announced
  std::string merge_suggestion;    // id of an incident that may be the same outage; a person decides
  std::vector<std::string> apart;  // ids that a person said are other outages: never merged by itself
  // Since when it waits for somebody to acknowledge it: opened, relapsed, announced after a silence. None:
  // kept by a version that did not write it.
  std::optional<Time> unattended_since;
  std::string merged_into;  // id of the incident that this one turned out to be part of; empty when it stands

  bool is_active() const { return state != IncidentState::kResolved; }
};

// What happened, who did it, why. Kinds are words, so that history outlives versions.
struct IncidentEvent {
  std::string incident_id;
  std::int64_t number = 0;  // 1, 2, ... within the incident; given by the state store
  Time at;
  std::string kind;   // opened escalated updated merged acknowledged resolved reopened commented silenced
                      // announced flapping suggested split undone analyzed
  std::string actor;  // "sentinelops" or a person
  std::string text;   // one sentence
  std::string data;   // JSON with the details, may be empty
};

// "INC-" + UTC time YYYYMMDDHHMMSS + "-" + first 8 of the dedup key.
std::string incident_id(Time created, std::string_view dedup_key);

}  // namespace sentinel::model
