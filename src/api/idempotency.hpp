// Answers of writes by their Idempotency-Key, so that a client that saw no answer may safely ask again. Kept
// in memory, for a day, the newest ten thousand.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/time.hpp"
#include "net/server.hpp"

namespace sentinel::api {

// Thread-safe.
class Idempotency {
 public:
  // Runs `write` unless this key (of this user) was seen: then its answer again, or 422 when the request is
  // another one. Two at once with the same key: the second gets 409. Without a key it just runs. Failures
  // that may heal (5xx, 429) are not kept.
  net::Response run(const net::Request& request, const std::string& user, Time now,
                    const std::function<net::Response()>& write);

 private:
  struct Entry {
    std::string fingerprint;  // of the request
    net::Response response;
    Time at;
    bool done = false;
  };
  void forget_old(Time now);  // with the lock held

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<Time, std::string>> by_age_;
};

}  // namespace sentinel::api
