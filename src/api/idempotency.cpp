#include "api/idempotency.hpp"

#include "api/answer.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace sentinel::api {
namespace {

constexpr std::size_t kMost = 2'000;
constexpr std::size_t kLongestKey = 200;
constexpr Duration kKept = hours(24);

std::string text_of(const net::Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers.all()) text += name + ": " + value + "\n";
  return text;
}

net::Response response_of(const state::KeptAnswer& kept) {
  net::Response response{.status = kept.status, .headers = {}, .body = kept.body};
  for (const auto line : split(kept.headers, '\n')) {
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos)
      response.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
  }
  return response;
}

}  // namespace

net::Response Idempotency::run(const net::Request& request, const std::string& user, Time now,
                               const std::function<net::Response()>& write) {
  const auto given = request.headers.get("Idempotency-Key");
  if (!given) return write();
  if (given->empty() || given->size() > kLongestKey)
    return error_response(400, "header Idempotency-Key: must have 1 to 200 characters");
  const state::KeptAnswer mark{
      .key = user + '\n' + std::string(*given),
      .fingerprint = sha256_hex(request.method + '\n' + request.path + '\n' + std::string(request.body)),
      .at = now};
  {
    const std::lock_guard lock(mutex_);
    if (!running_.insert(mark.key).second)
      return error_response(409, "a request with this Idempotency-Key is still running");
  }
  struct Leave {
    Idempotency& self;
    const std::string& key;
    ~Leave() {
      const std::lock_guard lock(self.mutex_);
      self.running_.erase(key);
    }
  } const leave{*this, mark.key};
  return run_once(mark, now, write);
}

net::Response Idempotency::run_once(state::KeptAnswer mark, Time now,
                                    const std::function<net::Response()>& write) {
  const auto kept = state_.kept_answer(mark.key);
  if (!kept) return error_response(kept.error());
  if (*kept && (*kept)->at + kKept >= now) {
    if ((*kept)->fingerprint != mark.fingerprint)
      return error_response(422, "this Idempotency-Key was used for another request");
    if ((*kept)->status == 0) {
      return error_response(409,
                            "the server was stopped while it worked on the request with this "
                            "Idempotency-Key: look whether it was done, and use a new key if not");
    }
    net::Response again = response_of(**kept);
    again.headers.set("Idempotency-Replayed", "true");
    return again;
  }
  // On record before anything is done: whoever asks again after a crash must not do it twice.
  if (auto begun = state_.keep_answer(mark); !begun) return error_response(begun.error());
  net::Response response = write();
  Result<void> done;
  if (response.status >= 500 || response.status == 429) {
    done = state_.forget_answer(mark.key);
  } else {
    mark.status = response.status;
    mark.headers = text_of(response.headers);
    mark.body = response.body;
    done = state_.keep_answer(mark);
    if (done) done = state_.forget_answers(now - kKept, kMost);
  }
  // The write is done and stands; only asking again is not safe.
  if (!done) log_.warning("api.idempotency.not_kept", {{"error", done.error().text()}});
  return response;
}

}  // namespace sentinel::api
