// Signatures of what goes out (Standard Webhooks) and what comes in (Slack). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel::notify {

// "msg_" and hex digits: header-safe, equal for equal keys.
std::string webhook_id(std::string_view key);
// "v1," and base64 of HMAC-SHA-256 over "id.timestamp.body". A secret that begins with "whsec_" is base64
// behind it.
std::string webhook_signature(const std::string& secret, std::string_view id, std::string_view timestamp,
                              std::string_view body);
// kDenied unless the request was signed with the secret within five minutes of now. An empty secret denies
// all.
Result<void> check_slack_signature(const std::string& secret, std::string_view timestamp,
                                   std::string_view signature, std::string_view raw_body, Time now);

}  // namespace sentinel::notify
