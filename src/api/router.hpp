// Where a route meets its rules: reads answer on the server's thread or, when they may take long, on a
// worker; writes are for operators and idempotent by key. It knows every route by the name that the API's
// document gives it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/access.hpp"
#include "api/idempotency.hpp"
#include "api/workers.hpp"
#include "base/log.hpp"

namespace sentinel::api {

// One request to be answered.
struct Call {
  const net::Request& request;
  const Caller& caller;
  Time now;
};
using Handle = std::function<net::Response(const Call&)>;

// Filled before the server starts; all outlive the server.
class Router {
 public:
  struct Deps {
    net::Server& server;
    Access& access;
    Idempotency& idempotency;
    Workers& workers;
    const Clock& clock;
    Log log;
  };
  explicit Router(Deps deps) : deps_(deps) {}

  // Patterns as in the document: "/api/incidents/{id}".
  void get(const std::string& pattern, Handle handle);         // quick
  void get_slowly(const std::string& pattern, Handle handle);  // may scan a store
  void write(const std::string& method, const std::string& pattern, Handle handle);
  void post_read(const std::string& pattern, Handle handle);  // a question that needs a body
  void raw(const std::string& method, const std::string& pattern, net::Handler handler);

  const std::vector<std::string>& routes() const { return routes_; }  // "GET /api/incidents/{id}"

 private:
  net::Response answer(const net::Request& request, const Handle& handle) const;

  Deps deps_;
  std::vector<std::string> routes_;
};

}  // namespace sentinel::api
