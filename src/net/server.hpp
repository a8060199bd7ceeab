// An HTTP/1.1 server on libmicrohttpd (epoll, a pool of threads). It knows limits, compression, TLS and
// routing; it knows nothing of what is served.
//
// A handler is called once, on a server thread, when the whole request body has arrived. It answers through
// the Responder, at once or later from any thread: a request that waits costs no thread. Streams (server-sent
// events) are responses whose body comes from a queue that the owner feeds.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "net/http.hpp"

namespace sentinel::net {

struct Request {
  std::string method;  // upper case; HEAD is given to GET handlers, its body is dropped
  std::string path;    // percent-decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  // Inflated when it came with Content-Encoding gzip, deflate or zstd. body[body.size()] and the 63 bytes
  // behind it are readable zeros (simdjson's padding). Owned by the request; take_body() hands the buffer
  // over.
  std::string_view body;
  std::string remote;                 // address of the peer, without port
  std::vector<std::string> captures;  // of the route's pattern, in order

  std::optional<std::string_view> param(std::string_view name) const;  // first query parameter of that name
  std::unique_ptr<char[]> take_body();  // body stays a valid view as long as the returned buffer lives

  std::unique_ptr<char[]> buffer;
};

// Bytes that arrive over time. The owner pushes; when the client is too slow (more than `limit` bytes wait)
// or gone, push returns false and the stream ends. Thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual bool push(std::string_view bytes) = 0;
  virtual void close() = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;  // gzipped when the client accepts it, the type is text-like and it is larger than 1 KB

  static Response json(int status, std::string body);
  static Response text(int status, std::string body);
};

// The right to answer one request, once. Copyable handle; when the last copy goes without an answer, the
// client gets 500. Thread-safe.
class Responder {
 public:
  class Impl;
  explicit Responder(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  void send(Response response) const;
  // Sends status and headers now; the body comes from the returned stream (chunked), at most `limit` bytes
  // waiting.
  std::shared_ptr<Stream> stream(Response head, std::size_t limit) const;

 private:
  std::shared_ptr<Impl> impl_;
};

using Handler = std::function<void(Request&, Responder)>;

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8000;                  // 0: any free one; port() tells
  unsigned threads = 2;                       // at least 2
  std::size_t connection_memory = 64 * 1024;  // headers must fit in it
  std::size_t max_body = 100ULL << 20;        // after inflating too -> 413
  std::size_t max_inflight_body = 256ULL
                                  << 20;  // bytes of bodies being received or handled, all requests -> 429
  unsigned max_connections = 1024;
  unsigned idle_timeout_s = 60;
  double max_inflate_ratio = 200;  // -> 413 (small bodies may exceed it)
  std::string tls_cert_file;       // both or neither
  std::string tls_key_file;
};

// Handlers are registered before start(); a pattern's path segments may be "*" (one segment) and the last
// "**" (the rest); literal segments win over "*". Several methods: "GET", "POST|PUT". Unknown path ->
// not_found handler or 404 JSON {"detail"}, known path with another method -> 405 with Allow.
class Server {
 public:
  Server(ServerOptions options, Log log, Metrics& metrics);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void route(std::string_view methods, std::string_view pattern, Handler handler);
  // Makes the answers that the server gives itself (404, 405, 413, 500, ...), in the dialect of the path; by
  // default JSON {"detail": ...}.
  void error_renderer(
      std::function<Response(std::string_view path, int status, std::string_view detail)> render);
  // Called for each request before its handler (for a Host check, a token); a returned response ends the
  // request there.
  void before(std::function<std::optional<Response>(const Request&)> filter);
  // Called for each response just before it leaves, streams and own answers included (for headers that all
  // share). On a server thread.
  void after(std::function<void(const Request&, Response&)> finish);

  Result<void> start();  // binds; a port in use gives an error that names it
  std::uint16_t port() const;
  // Stops accepting, lets running requests finish until the deadline, closes streams, joins its threads.
  void stop(std::chrono::milliseconds grace = std::chrono::milliseconds(3000));

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::net
