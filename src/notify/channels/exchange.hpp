// What the HTTP channels share: one POST of JSON, and what its answer means.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "net/client.hpp"
#include "notify/channel.hpp"

namespace sentinel::notify {

net::ClientRequest json_post(std::string url, const nlohmann::json& body);

Attempt delivered(std::string memory);
Attempt parked(std::string why, std::string memory);
// 2xx is delivered; 408, 425, 429 and 5xx, and what kept an answer from coming, is tried again with
// Retry-After honoured; everything else is parked with what the answer says. What the channel keeps is
// `after` when it took the message, else `before`.
Attempt judge(const Result<net::ClientResponse>& outcome, std::string after, std::string before);
bool is_success(const Result<net::ClientResponse>& outcome);

// What the channel kept, where that is JSON: an object, empty for what it was never told.
nlohmann::json memory_of(const Delivery& delivery);

// The JSON of webhook and exec: {version, id, type, timestamp, incident, events, url}.
nlohmann::json news_json(const Delivery& delivery, const std::string& web_url);
std::string dumped(const nlohmann::json& json);

}  // namespace sentinel::notify
