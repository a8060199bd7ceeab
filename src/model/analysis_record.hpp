// One question to a model: what was sent, what came back, what it cost. Kept whole, so that anybody can see
// what has left the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace sentinel::model {

struct AnalysisRecord {
  std::string id;  // unique
  std::string incident_id;
  Time asked_at;
  std::optional<Time> answered_at;
  std::string provider;  // "anthropic" or "openai"
  std::string model;     // as asked for
  std::string outcome;   // "asked" while it is under way; "answered", "refused", "timeout", ...
  std::string occasion;  // digest of severity, members and leading cause: what makes an update worth asking
  std::string fingerprint;        // digest of the facts that were sent
  std::string sent;               // the request's body, byte by byte, without headers
  std::string received;           // the answer's body, or the event stream
  std::int64_t input_tokens = 0;  // by the answer's own count: not cached, written to and read from the cache
  std::int64_t cache_write_tokens = 0;
  std::int64_t cache_read_tokens = 0;
  std::int64_t output_tokens = 0;
  double estimated_usd = 0;  // at most, before it was sent
  double usd = 0;            // by the price table and the counted tokens; the estimate while under way
  std::string note;          // one sentence: why it ended as it did
};

}  // namespace sentinel::model
