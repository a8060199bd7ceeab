#include "api/web_app.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/inflate.hpp"

namespace sentinel::api {
namespace {

// First segments of the app's own paths (web/src/routes.ts has the same list).
constexpr std::array<std::string_view, 10> kPages = {
    "", "incidents", "services", "logs", "traces", "runbooks", "silences", "coverage", "settings", "login"};

// Nothing inline, nothing from elsewhere: a log line that found its way into the page as markup would still
// not run.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

bool is_page(std::string_view path) {
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  return std::find(kPages.begin(), kPages.end(), path.substr(0, path.find('/'))) != kPages.end();
}

bool wants_html(const net::Request& request) {
  const auto accept = request.headers.get("Accept");
  return accept && accept->find("text/html") != std::string_view::npos;
}

bool accepts_gzip(const net::Request& request) {
  const auto accept = request.headers.get("Accept-Encoding");
  return accept && accept->find("gzip") != std::string_view::npos;
}

}  // namespace

const WebAsset* WebApp::find(std::string_view path) const {
  const auto found =
      std::find_if(assets_.begin(), assets_.end(), [&](const WebAsset& a) { return a.path == path; });
  return found == assets_.end() ? nullptr : &*found;
}

std::optional<net::Response> WebApp::answer(const net::Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const WebAsset* asset = request.path == "/" ? nullptr : find(request.path);
  if (asset == nullptr && is_page(request.path) && wants_html(request)) asset = find("/index.html");
  if (asset == nullptr) return std::nullopt;

  net::Response response;
  response.headers.set("ETag", std::string(asset->etag));
  response.headers.set("Vary", "Accept, Accept-Encoding");
  response.headers.set("X-Content-Type-Options", "nosniff");
  // Also with 304: a browser replaces the headers that it keeps by those of the answer.
  response.headers.set("Content-Security-Policy", std::string(kPolicy));
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.set("Cache-Control", asset->hashed ? "public, max-age=31536000, immutable" : "no-cache");
  if (const auto known = request.headers.get("If-None-Match");
      known && known->find(asset->etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.headers.set("Content-Type", std::string(asset->type));
  if (accepts_gzip(request)) {
    response.headers.set("Content-Encoding", "gzip");
    response.body = asset->gzip;
  } else if (const auto plain = net::inflate("gzip", asset->gzip, {})) {
    response.body.assign(plain->bytes.get(), plain->size);
  } else {
    return net::Response::text(500, "the page in this binary is damaged\n");
  }
  return response;
}

}  // namespace sentinel::api
