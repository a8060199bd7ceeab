// Answers of writes by their Idempotency-Key, so that a client that saw no answer may safely ask again, after
// a restart too: they are kept with the state, for a day.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "base/log.hpp"
#include "base/time.hpp"
#include "net/server.hpp"
#include "state/store.hpp"

namespace sentinel::api {

// Thread-safe.
class Idempotency {
 public:
  Idempotency(state::StateStore& state, Log log) : state_(state), log_(log) {}

  // Runs `write` unless this key (of this user) was seen: then its answer again, or 422 when the request is
  // another one. 409: a request with the key still runs, or the server was stopped while it did, so that
  // nobody knows what came of it. Without a key it just runs. Failures that may heal (5xx, 429) are not kept.
  net::Response run(const net::Request& request, const std::string& user, Time now,
                    const std::function<net::Response()>& write);

 private:
  net::Response run_once(state::KeptAnswer mark, Time now, const std::function<net::Response()>& write);

  state::StateStore& state_;
  Log log_;
  std::mutex mutex_;
  std::set<std::string> running_;  // keys
};

}  // namespace sentinel::api
