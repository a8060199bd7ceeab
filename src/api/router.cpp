#include "api/router.hpp"

#include <memory>

#include "api/answer.hpp"
#include "base/text.hpp"

namespace sentinel::api {
namespace {

// "/api/incidents/{id}" -> "/api/incidents/*"
std::string server_pattern(std::string pattern) {
  for (std::size_t open = 0; (open = pattern.find('{')) != std::string::npos;)
    pattern.replace(open, pattern.find('}', open) - open + 1, "*");
  return pattern;
}

// What a worker needs of a request that has no body.
net::Request without_body(const net::Request& request) {
  net::Request copy;
  copy.method = request.method;
  copy.path = request.path;
  copy.query = request.query;
  copy.headers = request.headers;
  copy.remote = request.remote;
  copy.captures = request.captures;
  return copy;
}

}  // namespace

net::Response Router::answer(const net::Request& request, const Handle& handle) const {
  try {
    const Caller caller = deps_.access.caller(request);
    return handle({request, caller, deps_.clock.now()});
  } catch (const std::exception& error) {
    // A handler that throws is a bug of ours; the client gets an answer, the log the reason.
    deps_.log.error("api.handler.failed", {{"path", one_line(request.path, 200)}, {"error", error.what()}});
    return error_response(500, "internal error");
  }
}

void Router::raw(const std::string& method, const std::string& pattern, net::Handler handler) {
  routes_.push_back(method + " " + pattern);
  deps_.server.route(method, server_pattern(pattern), std::move(handler));
}

void Router::get(const std::string& pattern, Handle handle) {
  raw("GET", pattern,
      [this, handle = std::move(handle)](net::Request& request, const net::Responder& responder) {
        responder.send(answer(request, handle));
      });
}

void Router::post_read(const std::string& pattern, Handle handle) {
  raw("POST", pattern,
      [this, handle = std::move(handle)](net::Request& request, const net::Responder& responder) {
        responder.send(answer(request, handle));
      });
}

void Router::get_slowly(const std::string& pattern, Handle handle) {
  raw("GET", pattern,
      [this, handle = std::move(handle)](net::Request& request, const net::Responder& responder) {
        auto copy = std::make_shared<net::Request>(without_body(request));
        if (!deps_.workers.submit(
                [this, handle, copy, responder] { responder.send(answer(*copy, handle)); })) {
          net::Response response =
              error_response(429, "too many searches are running; try again in a second");
          response.headers.set("Retry-After", "1");
          responder.send(std::move(response));
        }
      });
}

void Router::write(const std::string& method, const std::string& pattern, Handle handle) {
  raw(method, pattern,
      [this, handle = std::move(handle)](net::Request& request, const net::Responder& responder) {
        responder.send(answer(request, [&](const Call& call) {
          return deps_.idempotency.run(call.request, call.caller.user, call.now,
                                       [&] { return handle(call); });
        }));
      });
}

}  // namespace sentinel::api
