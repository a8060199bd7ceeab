#include "notify/signature.hpp"

#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "model/json.hpp"
#include "net/http.hpp"

namespace sentinel::notify {
namespace {

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace

std::string webhook_id(std::string_view key) { return "msg_" + sha256_hex(key).substr(0, 32); }

std::string webhook_signature(const std::string& secret, std::string_view id, std::string_view timestamp,
                              std::string_view body) {
  constexpr std::string_view kPrefix = "whsec_";
  const std::string key =
      secret.starts_with(kPrefix) ? from_base64(secret.substr(kPrefix.size())).bytes : secret;
  std::string text(id);
  text.append(".").append(timestamp).append(".").append(body);
  return "v1," + base64(from_hex(hmac_sha256_hex(key, text)));
}

Result<void> check_slack_signature(const std::string& secret, std::string_view timestamp,
                                   std::string_view signature, std::string_view raw_body, Time now) {
  if (secret.empty()) return fail(ErrorKind::kDenied, "SLACK_SIGNING_SECRET is not set");
  std::int64_t at = 0;
  const auto [end, error] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), at);
  if (error != std::errc() || end != timestamp.data() + timestamp.size())
    return fail(ErrorKind::kDenied, "the request has no timestamp of Slack's");
  constexpr std::int64_t kMost = 300;
  if (std::llabs(micros(now) / 1'000'000 - at) > kMost)
    return fail(ErrorKind::kDenied, "the request is older than five minutes, or from the future");
  std::string text = "v0:";
  text.append(timestamp).append(":").append(raw_body);
  if (!equal_secrets("v0=" + hmac_sha256_hex(secret, text), signature))
    return fail(ErrorKind::kDenied, "the signature of the request is not right");
  return {};
}

}  // namespace sentinel::notify
