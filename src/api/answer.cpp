#include "api/answer.hpp"

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return status >= 500 ? "Internal Server Error" : "Error";
  }
}

}  // namespace

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kDenied:
      return 403;
    case ErrorKind::kOverloaded:
      return 429;
    case ErrorKind::kUnavailable:
      return 503;
    case ErrorKind::kTimeout:
      return 504;
    case ErrorKind::kCorrupt:
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

net::Response error_response(int status, std::string_view detail) {
  net::Response response{status, {}, {}};
  response.headers.add("Content-Type", "application/problem+json");
  response.body =
      dump({{"type", "about:blank"}, {"title", title_of(status)}, {"status", status}, {"detail", detail}});
  return response;
}
net::Response error_response(const Error& error) {
  net::Response response = error_response(http_status(error.kind), error.text());
  if (error.kind == ErrorKind::kOverloaded) response.headers.set("Retry-After", "1");
  return response;
}

std::string tag_of(std::string_view body) {
  return '"' + hex(fnv1a(body)) + '-' + hex(body.size() & 0xffffffffU, 1) + '"';
}

bool has_tag(const net::Request& request, std::string_view tag) {
  const auto wanted = request.headers.get("If-None-Match");
  if (!wanted) return false;
  for (auto part : split(*wanted, ',')) {
    part = trim(part);
    if (part.starts_with("W/")) part.remove_prefix(2);
    if (part == tag || part == "*") return true;
  }
  return false;
}

net::Response json_answer(int status, const json& value) { return net::Response::json(status, dump(value)); }

net::Response tagged_answer(const net::Request& request, const json& value) {
  const std::string body = dump(value);
  return tagged_answer(request, "application/json", body, tag_of(body));
}

net::Response tagged_answer(const net::Request& request, std::string_view type, const std::string& body,
                            const std::string& tag) {
  net::Response response;
  response.headers.add("ETag", tag);
  if (has_tag(request, tag)) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", std::string(type));
  response.body = body;
  return response;
}

}  // namespace sentinel::api
