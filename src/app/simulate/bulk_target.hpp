// Documents by `_bulk` to a SentinelOps or an Elasticsearch.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/rng.hpp"
#include "net/client.hpp"

namespace sentinel::app {

class BulkTarget {
 public:
  // `transport` outlives it. A token is sent as Bearer, an Elasticsearch key as ApiKey; either may be empty.
  BulkTarget(net::Transport& transport, std::string url, std::string token, std::string api_key = "");

  // Posts NDJSON; retried while the other side is busy. An item that failed fails the call with its reason.
  Result<void> post(const std::string& body);
  // Index app-logs-000001 behind the alias app-logs-all, with the mapping of the original; fine when it is
  // there.
  Result<void> make_index();
  // What was posted can be found by searches now.
  Result<void> refresh();

 private:
  net::ClientRequest request(std::string method, std::string_view path, std::string body) const;

  net::Transport& transport_;
  std::string url_;
  std::string token_;
  std::string api_key_;
  Rng rng_{1};
};

// The body that makes the index of the original: aliases and mappings.
std::string index_body();

}  // namespace sentinel::app
