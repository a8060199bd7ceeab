// An incident's facts as the text that a model reads: computed numbers, patterns and evidence, never raw
// curves. Everything that comes from logs, names among it, stands between markers that the text cannot know.
//
// Pure: the same incident, marker and key give the same bytes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "analyze/models.hpp"
#include "analyze/redact.hpp"
#include "model/incident.hpp"

namespace sentinel::analyze {

// What an earlier answer was about; an update sends what is different since.
struct Before {
  model::Severity severity = model::Severity::kP4;
  std::vector<std::string> services;  // sorted
  std::string leading_cause;
  std::vector<std::string> pattern_ids;
  std::string root_cause;  // of the earlier answer
};
Before before_of(const model::Incident& incident);

struct Context {
  std::string text;  // the user message
  // Everything below is in the words that were sent: placeholders, not values.
  std::map<std::string, std::string> evidence;          // id to sentence: all that may be cited
  std::map<std::string, std::string> evidence_service;  // id to the service it speaks of
  std::vector<std::string> services;                    // that the facts name, sorted
  std::string leading_cause;                            // by the deterministic ranking
  model::Confidence deterministic_confidence = model::Confidence::kLow;
  std::vector<std::string> log_lines;  // as sent
  std::vector<std::string> dropped;    // what the token budget left no room for
};

struct ContextOptions {
  std::string marker;          // random, per request
  std::size_t most_bytes = 0;  // of the text as JSON; 0: no limit
  bool redact_names = false;
};
// `before`: none for a first analysis.
Context make_context(const model::Incident& incident, const std::optional<Before>& before,
                     const ContextOptions& options, Redactor& redactor);

// The part that is the same for every incident: role, rules, what the sections mean. First in the request,
// so that it can be cached.
std::string_view instructions();

// Changes when severity, members or leading cause do: what makes another analysis worth its price.
std::string occasion_of(const model::Incident& incident);
// Of everything that a question would say; equal facts are never paid for twice.
std::string fingerprint_of(const Context& context, std::string_view marker);

}  // namespace sentinel::analyze
