// Who may do what. On a loopback address without a token everybody is operator; otherwise a caller brings the
// server's token, the cookie of a session that was opened with it, or comes through a trusted proxy that
// names the user. Requests that another web page makes the browser send are refused whoever is logged in.
//
// Sessions are signed, not stored: they outlive a restart of the server and end with the token or with time.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/server.hpp"

namespace sentinel::api {

enum class Role : std::uint8_t { kViewer, kOperator };
std::string_view to_string(Role role);

struct Caller {
  bool known = false;  // false: must log in first
  std::string user;    // for timelines; never empty when known
  Role role = Role::kViewer;
  bool named = false;        // `user` is more than a default: a session or the proxy told it
  std::string csrf;          // of a cookie session: what its writes must carry
  std::optional<Time> ends;  // of a cookie session
};

struct AccessOptions {
  std::string token;                   // of operators; empty: none
  std::string viewer_token;            // may read only; empty: none
  bool check_host = true;              // refuse requests whose Host is not one of `hosts` (DNS rebinding)
  std::vector<std::string> hosts;      // names without port
  bool tls = false;                    // cookies are for https only
  std::string proxy_user_header;       // names the user, when the peer is one of `proxies`; empty: none
  std::vector<std::string> proxies;    // addresses and networks
  std::vector<std::string> operators;  // users of the proxy who may write; empty: all
};

// Thread-safe.
class Access {
 public:
  Access(AccessOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  struct Refusal {
    int status;
    std::string detail;
  };
  // Asked for each request before it is handled.
  std::optional<Refusal> refuse(const net::Request& request) const;
  Caller caller(const net::Request& request) const;
  bool login_required() const;

  // The value of Set-Cookie and the caller it makes. kDenied for a wrong token, kOverloaded after ten of them
  // in a minute.
  struct Session {
    Caller caller;
    std::string set_cookie;
  };
  Result<Session> login(std::string_view token, std::string_view user);
  std::string logout_cookie() const;

 private:
  Caller from_cookie(std::string_view cookie) const;
  std::string key() const;
  std::string cookie_attributes() const;

  AccessOptions options_;
  const Clock& clock_;
  std::mutex mutex_;
  std::deque<Time> wrong_;  // tokens, within the last minute
};

}  // namespace sentinel::api
