// The files of the built web app (web/), compiled into the binary by cmake/web.cmake: gzipped once, at build
// time. Constant data, safe from any thread.
#pragma once

#include <span>
#include <string_view>

namespace sentinel::api {

struct WebAsset {
  std::string_view path;  // "/index.html", "/assets/app-3f2a1b.js"
  std::string_view type;  // Content-Type
  std::string_view etag;  // with its quotes, from the content
  std::string_view gzip;  // the content, gzipped
  bool hashed = false;    // its name holds its hash: it never changes
};

std::span<const WebAsset> web_assets();

}  // namespace sentinel::api
