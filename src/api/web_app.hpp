// The dashboard as the server gives it out: the page for every path that is a page of the app, its scripts
// and styles, and the headers that keep a browser from running anything else. It holds no data, so it is
// given to whoever may reach the server at all; what it shows comes from /api, which asks who is there.
#pragma once

#include <optional>
#include <span>

#include "api/web_assets.hpp"
#include "net/server.hpp"

namespace sentinel::api {

// Thread-safe; `assets` outlive it.
class WebApp {
 public:
  explicit WebApp(std::span<const WebAsset> assets = web_assets()) : assets_(assets) {}

  // The answer when the request is for the app: GET or HEAD of one of its files, or of a page by a client
  // that asks for HTML. None for everything else: shippers ask "/" and index names for JSON, and get what
  // Elasticsearch would say.
  std::optional<net::Response> answer(const net::Request& request) const;

 private:
  const WebAsset* find(std::string_view path) const;
  std::span<const WebAsset> assets_;
};

}  // namespace sentinel::api
