#include "api/idempotency.hpp"

#include "api/answer.hpp"
#include "base/hash.hpp"

namespace sentinel::api {
namespace {

constexpr std::size_t kMost = 10'000;
constexpr std::size_t kLongestKey = 200;

}  // namespace

void Idempotency::forget_old(Time now) {
  while (!by_age_.empty() && (by_age_.size() > kMost || by_age_.front().first + hours(24) < now)) {
    const auto found = entries_.find(by_age_.front().second);
    // The same key may have been used anew since.
    if (found != entries_.end() && found->second.at == by_age_.front().first) entries_.erase(found);
    by_age_.pop_front();
  }
}

net::Response Idempotency::run(const net::Request& request, const std::string& user, Time now,
                               const std::function<net::Response()>& write) {
  const auto given = request.headers.get("Idempotency-Key");
  if (!given) return write();
  if (given->empty() || given->size() > kLongestKey)
    return error_response(400, "header Idempotency-Key: must have 1 to 200 characters");
  const std::string key = user + '\n' + std::string(*given);
  const std::string fingerprint =
      sha256_hex(request.method + '\n' + request.path + '\n' + std::string(request.body));
  {
    const std::lock_guard lock(mutex_);
    forget_old(now);
    const auto [at, fresh] = entries_.try_emplace(key);
    if (!fresh) {
      if (at->second.fingerprint != fingerprint)
        return error_response(422, "this Idempotency-Key was used for another request");
      if (!at->second.done)
        return error_response(409, "a request with this Idempotency-Key is still running");
      net::Response again = at->second.response;
      again.headers.set("Idempotency-Replayed", "true");
      return again;
    }
    at->second.fingerprint = fingerprint;
    at->second.at = now;
    by_age_.emplace_back(now, key);
  }
  net::Response response = write();
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(key);
  if (at == entries_.end()) return response;
  if (response.status >= 500 || response.status == 429) {
    entries_.erase(at);
  } else {
    at->second.response = response;
    at->second.done = true;
  }
  return response;
}

}  // namespace sentinel::api
