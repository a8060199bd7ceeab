// One cluster, asked over HTTP: several hosts with failover, credentials, retries with jitter inside a
// deadline, and answers judged: what comes back is whole JSON, or an Error that says what to do.
#pragma once

#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "net/client.hpp"

namespace sentinel::telemetry {

struct ConnectionOptions {
  std::vector<std::string> hosts;  // URLs, a path prefix allowed
  std::string api_key;             // the `encoded` form; wins over the others
  std::string user;
  std::string password;
  std::string bearer;
  Duration timeout = seconds(10);   // one attempt
  Duration deadline = seconds(25);  // all attempts of one question
};

// The URL in a Cloud ID ("name:base64"), or nothing when it is none.
std::optional<std::string> url_of_cloud_id(std::string_view cloud_id);
// `text` without user and password in front of a host.
std::string without_password(std::string_view url);

// What to do about a failure that kept an answer from coming, after the error's own words; may be empty.
std::string advice_for(const Error& error);

// What to do about a block that the cluster names as the reason of a refusal ("index [x] blocked by: ...");
// else empty.
std::string advice_for_block(std::string_view reason);

// What an answer of Elasticsearch or OpenSearch means. `about` names the question ("reading slices").
// Success is status 2xx with a JSON object that reports neither a time-out nor failed shards nor partial
// rows.
Result<nlohmann::json> judge_answer(const net::ClientResponse& answer, const std::string& about);

// Thread-safe.
class Connection {
 public:
  Connection(net::Transport& transport, ConnectionOptions options, net::RetryTime time, Log log);

  // Sends to a living host; another one is tried at once when it fails, then all again after a pause.
  // A cluster that answers 429 is left alone for a while: calls in that time fail at once (kOverloaded).
  Result<nlohmann::json> ask(const std::string& method, const std::string& path, const std::string& body,
                             const std::string& about);
  // The answer as it came, from one attempt at the first living host; for `check`.
  Result<net::ClientResponse> raw(const std::string& method, const std::string& path,
                                  const std::string& body);
  // Why a question would hardly be answered now: all hosts failed a moment ago, or the cluster wants to be
  // left alone. For callers that must not wait; ask() itself tries the least dead host.
  std::optional<Error> away(Time now);
  // The next question goes out whatever failed before.
  void forgive();
  // Requests under way end, later ones fail. For a stop that must not wait for a slow cluster.
  void interrupt() { stop_.request_stop(); }

 private:
  struct Host {
    std::string url;
    Time dead_until{};
    Duration penalty{};
  };
  net::ClientRequest request(const std::string& method, const std::string& path,
                             const std::string& body) const;
  std::size_t pick(Time now);
  bool another_lives(Time now);
  void mark(std::size_t host, bool alive, Time now, const Error* error);
  Result<void> may_ask(Time now);
  void slow_down(Time now, std::optional<Duration> wait);

  net::Transport& transport_;
  ConnectionOptions options_;
  net::RetryTime time_;
  Log log_;
  std::stop_source stop_;
  std::mutex mutex_;  // what follows
  std::vector<Host> hosts_;
  std::size_t last_ = 0;
  Rng rng_{1};
  Time quiet_until_{};
  Duration quiet_{};
  Error last_error_;  // of the host that failed last
};

}  // namespace sentinel::telemetry
