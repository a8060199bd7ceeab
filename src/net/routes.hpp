// Which handler serves a method and a path. Patterns: "/api/incidents/*" (one segment), "/_index_template/**"
// (the rest, at least one segment). Literal segments win over "*", "*" over "**".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/server.hpp"

namespace sentinel::net {

// Filled before serving; then read from any thread.
class Routes {
 public:
  void add(std::string_view methods, std::string_view pattern, Handler handler);

  struct Match {
    const Handler* handler = nullptr;  // none: no such method, or no such path
    std::vector<std::string> captures;
    std::vector<std::string> allowed;  // methods of the path, when only the method is unknown
  };
  // HEAD finds GET's handler.
  Match find(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    std::vector<std::string> segments;
    std::vector<std::string> methods;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace sentinel::net
