// The forms of an answer: JSON with a version tag, and problems (RFC 9457) that keep the original's `detail`.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/server.hpp"

namespace sentinel::api {

// {"type", "title", "status", "detail"} as application/problem+json: the shape of every error of the API.
net::Response error_response(int status, std::string_view detail);
net::Response error_response(const Error& error);
int http_status(ErrorKind kind);

// Text that came from outside may hold invalid bytes (an old row, a path): they become U+FFFD, never an
// exception.
std::string dump(const nlohmann::json& value);

// An entity tag for these bytes, quoted.
std::string tag_of(std::string_view body);
// Whether If-None-Match names this tag (weak or strong, in a list, or "*").
bool has_tag(const net::Request& request, std::string_view tag);

net::Response json_answer(int status, const nlohmann::json& value);
// 200 with ETag, or 304 when the client has it.
net::Response tagged_answer(const net::Request& request, const nlohmann::json& value);
net::Response tagged_answer(const net::Request& request, std::string_view type, const std::string& body,
                            const std::string& tag);

}  // namespace sentinel::api
