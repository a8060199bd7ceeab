// Outgoing HTTP. `Transport` is the port: the real one is libcurl, the double a script of answers.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "net/http.hpp"

namespace sentinel::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  Duration timeout = seconds(30);  // for the whole exchange
  Duration connect_timeout = seconds(5);
  std::size_t max_response = 64ULL << 20;  // larger answers are an error
  // Called with pieces of the body as they come (streaming answers); the response's body stays empty then.
  // Returning false ends the exchange.
  std::function<bool(std::string_view)> on_data;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// An HTTP answer of any status is a success here; failures are what kept one from coming (kUnavailable:
// refused, reset, DNS; kTimeout; kDenied: TLS verification; kInvalid: bad URL). Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Result<ClientResponse> send(const ClientRequest& request, std::stop_token stop = {}) = 0;
};

struct CurlOptions {
  std::string ca_file;             // empty: the system's
  std::string pinned_fingerprint;  // SHA-256 of the server certificate or its CA, hex with or without colons;
                                   // empty: none
  bool verify = true;
  std::string proxy;  // empty: from the environment (HTTPS_PROXY, NO_PROXY, ...)
  std::string user_agent = "sentinelops";
};
// Keeps connections for reuse (a handle per concurrent call). Follows no redirects.
std::unique_ptr<Transport> make_curl_transport(CurlOptions options);

// What an upstream's answer means for trying again: each upstream has its own classifier.
struct RetryVerdict {
  bool retry = false;
  std::optional<Duration> wait;  // what the other side asked for (Retry-After)
  std::string why;
};
using RetryClassifier = std::function<RetryVerdict(const Result<ClientResponse>&)>;

struct RetryPolicy {
  int max_attempts = 3;
  Duration first_wait = milliseconds(500);  // doubled each time, with +-25 % jitter
  Duration max_wait = seconds(8);
  Duration deadline = seconds(30);  // for all attempts and waits together
};
// 429, 502, 503, 504 and transient failures, Retry-After honoured (seconds or date).
RetryVerdict classify_default(const Result<ClientResponse>& outcome);
// `sleep(d)` waits (returns false when stopped) and `now` tells the time: tests advance them by hand.
struct RetryTime {
  std::function<Time()> now;
  std::function<bool(Duration)> sleep;
};
Result<ClientResponse> send_with_retry(Transport& transport, ClientRequest request, const RetryPolicy& policy,
                                       const RetryClassifier& classify, Rng& rng, const RetryTime& time);

}  // namespace sentinel::net
