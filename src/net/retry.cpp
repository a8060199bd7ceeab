#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "net/client.hpp"

namespace sentinel::net {
namespace {

// Retry-After: seconds, or a date (then relative to the answer's own Date, so that skewed clocks do not
// matter).
std::optional<Duration> retry_after(const Headers& headers) {
  const auto text = headers.get("Retry-After");
  if (!text) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc() && end == text->data() + text->size())
    return number >= 0 ? std::optional<Duration>(seconds(number)) : std::nullopt;
  const auto date = headers.get("Date");
  const std::time_t then = curl_getdate(std::string(*text).c_str(), nullptr);
  const std::time_t now = date ? curl_getdate(std::string(*date).c_str(), nullptr) : -1;
  if (then < 0 || now < 0) return std::nullopt;
  return std::max<Duration>(Duration::zero(), seconds(then - now));
}

}  // namespace

RetryVerdict classify_default(const Result<ClientResponse>& outcome) {
  if (!outcome) return {outcome.error().is_transient(), std::nullopt, outcome.error().text()};
  const int status = outcome->status;
  const bool retry = status == 429 || status == 502 || status == 503 || status == 504;
  return {retry, retry_after(outcome->headers), fmt::format("status {}", status)};
}

Result<ClientResponse> send_with_retry(Transport& transport, ClientRequest request, const RetryPolicy& policy,
                                       const RetryClassifier& classify, Rng& rng, const RetryTime& time) {
  const Time deadline = time.now() + policy.deadline;
  Duration wait = policy.first_wait;
  const Duration own_timeout = request.timeout;
  for (int attempt = 1;; ++attempt) {
    request.timeout = std::min(own_timeout, std::max<Duration>(milliseconds(1), deadline - time.now()));
    auto outcome = transport.send(request);
    const RetryVerdict verdict = classify(outcome);
    if (!verdict.retry || attempt >= policy.max_attempts) return outcome;
    const auto jittered =
        Duration(static_cast<std::int64_t>(static_cast<double>(wait.count()) * rng.uniform(0.75, 1.25)));
    const Duration pause = std::max(jittered, verdict.wait.value_or(Duration::zero()));
    // A wait that leaves no time for another attempt is not begun.
    if (time.now() + pause >= deadline || !time.sleep(pause)) return outcome;
    wait = std::min(policy.max_wait, wait * 2);
  }
}

}  // namespace sentinel::net
