// One question to a model's API and what comes back: the Messages API (Anthropic, and servers that speak it)
// and chat completions (OpenAI-compatible servers). Retries inside a deadline by the API's own rules; every
// way it can end has a name and a decision.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "analyze/models.hpp"
#include "base/rng.hpp"
#include "net/client.hpp"

namespace sentinel::analyze {

struct ApiSettings {
  enum class Provider : std::uint8_t { kAnthropic, kOpenAi } provider = Provider::kAnthropic;
  std::string base_url = "https://api.anthropic.com";  // with or without a final /v1
  std::string version = "2026-10-21";                  // anthropic-version
  std::string key;                                     // x-api-key; or
  std::string bearer;                                  // Authorization: Bearer; the API refuses both at once
  net::RetryPolicy retry{
      .max_attempts = 3, .first_wait = milliseconds(500), .max_wait = seconds(8), .deadline = seconds(120)};
};
// No credential, or two: why nothing can be sent; empty when all is well.
std::string unusable_because(const ApiSettings& settings);

struct RequestParts {
  std::string model;
  std::string_view instructions;
  std::string_view message;
  std::string_view schema;  // JSON
  int max_tokens = 1024;    // of the whole answer, thinking included
  bool effort = false;      // the model takes output_config.effort
};
// The body as it is sent: only what every current model accepts on both API versions (no sampling parameters,
// no forced tool choice, no prefill, no thinking). The stable part comes first and is marked for the cache.
// Streamed above 16,000 tokens, where a plain answer might come too late for connections on the way.
std::string request_body(ApiSettings::Provider provider, const RequestParts& parts);
bool is_streamed(int max_tokens);

enum class Outcome : std::uint8_t {
  kAnswered,
  kRefused,       // the model declined; never asked again for the same facts
  kTruncated,     // max_tokens
  kTooLong,       // the question exceeds the model's window or the API's body limit
  kMalformed,     // not what the API or the schema promises
  kOverloaded,    // 529, 503
  kRateLimited,   // 429 with a time
  kSpendLimit,    // 402, 403 billing_error, or a 429 that no waiting heals
  kUnauthorized,  // 401, 403
  kInvalid,       // 400, 404: request or model
  kServerError,   // other 5xx
  kTimeout,
  kUnreachable,
  kStopped,
};
std::string_view to_string(Outcome outcome);  // "answered", "refused", ...
bool may_heal(Outcome outcome);               // the same question later may be answered
bool concerns_all(Outcome outcome);           // other questions would end the same way: open the circuit

struct Reply {
  Outcome outcome = Outcome::kUnreachable;
  std::string text;  // of the answer, when answered
  std::string why;   // one phrase for people; empty when answered
  std::string request_id;
  std::string received;  // the body, or the event stream, as it came
  TokenUse use;          // by the answer's own count
  bool counted = false;  // `use` came with the answer
};

// Reads an answer's body of status 200. Unknown fields and block types are ignored; blocks are chosen by
// type, never by place.
Reply read_message(std::string_view body);
Reply read_chat(std::string_view body);
// What an answer means for trying again: `x-should-retry` decides where it is sent, `retry-after-ms` and
// `retry-after` tell when.
net::RetryVerdict classify(const Result<net::ClientResponse>& outcome);

// Blocks until answered, refused, out of time or stopped.
Reply ask(net::Transport& transport, const ApiSettings& settings, const std::string& body, Rng& rng,
          const net::RetryTime& time, std::stop_token stop);

}  // namespace sentinel::analyze
