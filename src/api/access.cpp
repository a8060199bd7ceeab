#include "api/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "net/address.hpp"

namespace sentinel::api {
namespace {

constexpr const char* kCookie = "sentinelops_session";
constexpr Duration kSession = hours(12);
constexpr std::size_t kWrongTokens = 10;  // a minute

bool is_safe(const net::Request& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

// "host:8000" -> "host", "[::1]:8000" -> "::1"
std::string_view without_port(std::string_view host) {
  if (host.starts_with("[")) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

// "https://host:8000" -> "host:8000"
std::string_view authority(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

std::string_view cookie_of(const net::Request& request) {
  const auto header = request.headers.get("Cookie").value_or("");
  for (auto part : split(header, ';')) {
    part = trim(part);
    const auto equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == kCookie) return part.substr(equals + 1);
  }
  return {};
}

// The page itself holds nothing secret and must be able to show the login; what it then asks for is guarded.
bool is_page(const net::Request& request) {
  const std::string_view path = request.path;
  if (!is_safe(request) || path.starts_with("/api/") || path == "/api" || path == "/metrics") return false;
  if (path.starts_with("/assets/") || path.starts_with("/favicon") || path == "/manifest.webmanifest")
    return true;
  if (path.starts_with("/_") || path.starts_with("/es/") || path.starts_with("/insert/")) return false;
  return request.headers.get("Accept").value_or("").find("text/html") != std::string_view::npos;
}

bool is_public(const net::Request& request) {
  return request.path == "/healthz" || request.path == "/readyz" || request.path == "/api/session" ||
         is_page(request);
}

// Writes by method that change nothing.
bool only_reads(const net::Request& request) {
  return is_safe(request) || request.path == "/api/silences/preview" || request.path == "/api/session";
}

std::string signature(const std::string& key, std::string_view text) {
  return hmac_sha256_hex(key, text).substr(0, 43);
}

}  // namespace

std::string_view to_string(Role role) { return role == Role::kOperator ? "operator" : "viewer"; }

bool Access::login_required() const {
  return !options_.token.empty() || !options_.viewer_token.empty() || !options_.proxy_user_header.empty();
}

std::string Access::key() const {
  return sha256_hex("session\n" + options_.token + "\n" + options_.viewer_token);
}

Caller Access::caller(const net::Request& request) const {
  if (!login_required())
    return {.known = true, .user = "local", .role = Role::kOperator, .csrf = "", .ends = {}};
  if (const auto given = request.headers.get("Authorization"); given && given->starts_with("Bearer ")) {
    const auto token = given->substr(7);
    if (!options_.token.empty() && equal_secrets(token, options_.token))
      return {.known = true, .user = "token", .role = Role::kOperator, .csrf = "", .ends = {}};
    if (!options_.viewer_token.empty() && equal_secrets(token, options_.viewer_token))
      return {.known = true, .user = "viewer", .role = Role::kViewer, .csrf = "", .ends = {}};
    return {};
  }
  if (!options_.proxy_user_header.empty()) {
    const bool trusted =
        std::any_of(options_.proxies.begin(), options_.proxies.end(),
                    [&](const auto& network) { return net::in_network(request.remote, network); });
    const auto user = request.headers.get(options_.proxy_user_header);
    if (trusted && user && !trim(*user).empty()) {
      const std::string name = one_line(trim(*user), 100);
      const bool may_write =
          options_.operators.empty() ||
          std::find(options_.operators.begin(), options_.operators.end(), name) != options_.operators.end();
      return {.known = true,
              .user = name,
              .role = may_write ? Role::kOperator : Role::kViewer,
              .named = true,
              .csrf = "",
              .ends = {}};
    }
  }
  return from_cookie(cookie_of(request));
}

// "o.1771614000.ann%20b.SIGNATURE"
Caller Access::from_cookie(std::string_view cookie) const {
  const auto dot = cookie.rfind('.');
  if (dot == std::string_view::npos || (options_.token.empty() && options_.viewer_token.empty())) return {};
  const auto signed_part = cookie.substr(0, dot);
  if (!equal_secrets(cookie.substr(dot + 1), signature(key(), signed_part))) return {};
  const auto parts = split(signed_part, '.');
  std::int64_t ends = 0;
  if (parts.size() != 3) return {};
  if (std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), ends).ec != std::errc()) return {};
  const Time end = Time(seconds(ends));
  if (end <= clock_.now()) return {};
  return {.known = true,
          .user = net::percent_decode(parts[2]),
          .role = parts[0] == "o" ? Role::kOperator : Role::kViewer,
          .named = true,
          .csrf = signature(key(), "csrf." + std::string(cookie)),
          .ends = end};
}

std::optional<Access::Refusal> Access::refuse(const net::Request& request) const {
  const bool probe = request.path == "/healthz" || request.path == "/readyz";
  const auto host = request.headers.get("Host").value_or("");
  const auto allowed = [&](std::string_view name) {
    return std::any_of(options_.hosts.begin(), options_.hosts.end(),
                       [&](const auto& one) { return iequals(one, name); });
  };
  if (options_.check_host && !probe && !allowed(without_port(host))) {
    return Refusal{
        403, fmt::format("Host '{}' is not served here; add it to server.allowed_hosts", one_line(host, 80))};
  }
  if (!is_safe(request)) {
    // Browsers tell where a request comes from; programs send neither header.
    const auto origin = request.headers.get("Origin");
    const bool same =
        !origin || iequals(authority(*origin), host) || allowed(without_port(authority(*origin)));
    const auto site = request.headers.get("Sec-Fetch-Site").value_or("none");
    if (!same || (site == "cross-site" && !origin))
      return Refusal{403, "writes from another web page are refused"};
  }
  if (is_public(request)) return std::nullopt;
  const Caller who = caller(request);
  if (!who.known)
    return Refusal{401, "log in first: Authorization: Bearer with the server's token, or POST /api/session"};
  if (only_reads(request)) return std::nullopt;
  if (who.role != Role::kOperator)
    return Refusal{403, fmt::format("{} may only read; writing needs the role operator", who.user)};
  if (!who.csrf.empty() && !equal_secrets(request.headers.get("X-CSRF-Token").value_or(""), who.csrf))
    return Refusal{403, "X-CSRF-Token is missing or stale; GET /api/session tells the present one"};
  return std::nullopt;
}

Result<Access::Session> Access::login(std::string_view token, std::string_view user) {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  while (!wrong_.empty() && wrong_.front() + minutes(1) <= now) wrong_.pop_front();
  if (wrong_.size() >= kWrongTokens)
    return fail(ErrorKind::kOverloaded, "too many wrong tokens; try again in a minute");
  const bool may_write = !options_.token.empty() && equal_secrets(token, options_.token);
  if (!may_write && (options_.viewer_token.empty() || !equal_secrets(token, options_.viewer_token))) {
    wrong_.push_back(now);
    return fail(ErrorKind::kDenied, "that is not the server's token");
  }
  std::string name = one_line(trim(user), 100);
  if (name.empty()) name = may_write ? "operator" : "viewer";
  const Time end = std::chrono::floor<std::chrono::seconds>(now + kSession);
  std::string encoded = net::percent_encode(name);
  // The dot separates the parts of the cookie.
  for (std::size_t at = 0; (at = encoded.find('.', at)) != std::string::npos;) encoded.replace(at, 1, "%2E");
  const std::string part = fmt::format("{}.{}.{}", may_write ? "o" : "v", micros(end) / 1'000'000, encoded);
  const std::string cookie = part + "." + signature(key(), part);
  return Session{from_cookie(cookie), fmt::format("{}={}; Max-Age={}; {}", kCookie, cookie,
                                                  kSession.count() / 1'000'000, cookie_attributes())};
}

std::string Access::cookie_attributes() const {
  return std::string("Path=/; HttpOnly; SameSite=Strict") + (options_.tls ? "; Secure" : "");
}
std::string Access::logout_cookie() const {
  return fmt::format("{}=; Max-Age=0; {}", kCookie, cookie_attributes());
}

}  // namespace sentinel::api
