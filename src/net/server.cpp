#include "net/server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "base/text.hpp"
#include "net/exchange.hpp"
#include "net/inflate.hpp"
#include "net/routes.hpp"

namespace sentinel::net {
namespace {

// A refused body up to this many times the limit is read and dropped, so that the client sees the answer;
// beyond it the connection is closed at once.
constexpr std::size_t kDrainFactor = 8;
constexpr std::size_t kGzipFrom = 1024;
constexpr const char* kStopping = "the server is stopping";

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kInvalid, "cannot read " + path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

bool accepts_gzip(const Headers& headers) {
  const auto accept = headers.get("Accept-Encoding");
  if (!accept) return false;
  for (const auto part : split(*accept, ',')) {
    const auto semicolon = part.find(';');
    const auto name = trim(part.substr(0, semicolon));
    const bool refused = semicolon != std::string_view::npos &&
                         part.substr(semicolon).find("q=0") != std::string_view::npos &&
                         part.substr(semicolon).find("q=0.") == std::string_view::npos;
    if ((iequals(name, "gzip") || name == "*") && !refused) return true;
  }
  return false;
}

bool is_text_like(const Headers& headers) {
  const auto type = headers.get("Content-Type");
  if (!type) return false;
  for (const std::string_view word : {"text/", "json", "javascript", "xml", "svg"}) {
    if (type->find(word) != std::string_view::npos) return true;
  }
  return false;
}

MHD_Result collect_value(void* into, MHD_ValueKind, const char* key, const char* value) {
  static_cast<std::vector<std::pair<std::string, std::string>>*>(into)->emplace_back(
      key, value != nullptr ? value : "");
  return MHD_YES;
}
MHD_Result collect_header(void* into, MHD_ValueKind, const char* key, const char* value) {
  static_cast<Headers*>(into)->add(key, value != nullptr ? value : "");
  return MHD_YES;
}

}  // namespace

std::optional<std::string_view> Request::param(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}
std::unique_ptr<char[]> Request::take_body() { return std::move(buffer); }

Response Response::json(int status, std::string body) {
  Response response{status, {}, std::move(body)};
  response.headers.add("Content-Type", "application/json");
  return response;
}
Response Response::text(int status, std::string body) {
  Response response{status, {}, std::move(body)};
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  return response;
}

// The right to answer. When the last copy goes unused, the request must not hang: it is a failure of ours.
class Responder::Impl {
 public:
  Impl(std::shared_ptr<Exchange> e, std::function<Response(int, std::string_view)> r)
      : exchange(std::move(e)), render(std::move(r)) {}
  ~Impl() { exchange->answer(render(500, "the request was not answered")); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  std::shared_ptr<Exchange> exchange;
  std::function<Response(int, std::string_view)> render;
};
void Responder::send(Response response) const { impl_->exchange->answer(std::move(response)); }
std::shared_ptr<Stream> Responder::stream(Response head, std::size_t limit) const {
  return impl_->exchange->answer_stream(std::move(head), limit);
}

struct Server::Impl {
  Impl(ServerOptions o, Log l, Metrics& m)
      : options(std::move(o)),
        log(l),
        metrics(m),
        seconds(m.histogram("sentinelops_net_request_seconds",
                            "How long requests took, from their headers to their answer.",
                            {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10})),
        received(m.counter("sentinelops_net_received_bytes_total", "Bytes of request bodies received.")) {
    render = [](std::string_view, int status, std::string_view detail) {
      return Response::json(status, "{\"detail\":" + json_quoted(detail) + "}");
    };
  }

  MHD_Result on_data(MHD_Connection* connection, const char* url, const char* method, const char* data,
                     std::size_t* size, void** context);
  std::shared_ptr<Exchange> begin(MHD_Connection* connection, const char* url, const char* method);
  void append(Exchange& exchange, const char* data, std::size_t size);
  bool reserve(Exchange& exchange, std::size_t bytes);
  void handle(const std::shared_ptr<Exchange>& exchange);
  Result<void> unpack(Exchange& exchange);
  MHD_Result queue(MHD_Connection* connection, Exchange& exchange, Response response);
  void completed(void** context);
  Counter& requests(int status);
  Response refuse(const Exchange& exchange, int status, std::string_view detail) {
    return render(exchange.request.path, status, detail);
  }

  ServerOptions options;
  Log log;
  Metrics& metrics;
  Histogram& seconds;
  Counter& received;
  Routes routes;
  std::function<Response(std::string_view, int, std::string_view)> render;
  std::function<std::optional<Response>(const Request&)> filter;
  std::function<void(const Request&, Response&)> finish;
  MHD_Daemon* daemon = nullptr;
  std::uint16_t port = 0;
  std::atomic<std::size_t> inflight{0};

  std::mutex live_mutex;  // guards `live` and `stopping`
  std::condition_variable drained;
  std::set<std::shared_ptr<Exchange>> live;
  bool stopping = false;
  std::mutex counter_mutex;
  std::map<int, Counter*> counters;
};

Counter& Server::Impl::requests(int status) {
  const std::lock_guard lock(counter_mutex);
  auto& counter = counters[status];
  if (counter == nullptr) {
    counter = &metrics.counter("sentinelops_net_requests_total", "Requests answered, by status.",
                               {{"code", std::to_string(status)}});
  }
  return *counter;
}

std::shared_ptr<Exchange> Server::Impl::begin(MHD_Connection* connection, const char* url,
                                              const char* method) {
  auto exchange = std::make_shared<Exchange>(connection);
  Request& request = exchange->request;
  request.method = method;
  request.path = url;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_header, &request.headers);
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, collect_value, &request.query);
  if (const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
      info != nullptr && info->client_addr != nullptr) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (info->client_addr->sa_family == AF_INET) {
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(info->client_addr)->sin_addr, text.data(),
                text.size());
    } else if (info->client_addr->sa_family == AF_INET6) {
      inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(info->client_addr)->sin6_addr, text.data(),
                text.size());
    }
    request.remote = text.data();
  }
  const std::lock_guard lock(live_mutex);
  live.insert(exchange);
  // Under the lock: whoever begins after stop() has counted the living must never wait for an answer, because
  // the library aborts the process when a connection sleeps while it is stopped.
  if (stopping) {
    exchange->refusal = 503;
    exchange->refusal_text = kStopping;
  }
  return exchange;
}

bool Server::Impl::reserve(Exchange& exchange, std::size_t bytes) {
  if (inflight.fetch_add(bytes) + bytes > options.max_inflight_body) {
    inflight.fetch_sub(bytes);
    return false;
  }
  exchange.reserved += bytes;
  return true;
}

void Server::Impl::append(Exchange& exchange, const char* data, std::size_t size) {
  if (exchange.refusal != 0) return;
  if (exchange.body.size + size > options.max_body) {
    exchange.refusal = 413;
    exchange.refusal_text = fmt::format("the body is larger than {} bytes", options.max_body);
    exchange.body = {};
    return;
  }
  if (exchange.body.size + size > exchange.capacity) {
    const std::size_t capacity = std::min(
        options.max_body, std::max<std::size_t>({exchange.body.size + size, exchange.capacity * 2, 16384}));
    if (!reserve(exchange, capacity - exchange.capacity)) {
      exchange.refusal = 429;
      exchange.refusal_text = "too many bytes of requests are waiting; try again in a second";
      exchange.body = {};
      return;
    }
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity + kPadding);
    if (exchange.body.size > 0) std::memcpy(bytes.get(), exchange.body.bytes.get(), exchange.body.size);
    exchange.body.bytes = std::move(bytes);
    exchange.capacity = capacity;
  }
  std::memcpy(exchange.body.bytes.get() + exchange.body.size, data, size);
  exchange.body.size += size;
}

Result<void> Server::Impl::unpack(Exchange& exchange) {
  const auto encoding = exchange.request.headers.get("Content-Encoding");
  if (encoding && !iequals(*encoding, "identity") && exchange.body.size > 0) {
    InflateLimits limits{.max_size = options.max_body, .max_ratio = options.max_inflate_ratio};
    SENTINEL_ASSIGN(exchange.body,
                    inflate(*encoding, {exchange.body.bytes.get(), exchange.body.size}, limits));
  } else if (exchange.body.bytes) {
    std::memset(exchange.body.bytes.get() + exchange.body.size, 0, kPadding);
  } else {
    exchange.body.bytes = std::make_unique<char[]>(kPadding);
  }
  exchange.request.body = {exchange.body.bytes.get(), exchange.body.size};
  exchange.request.buffer = std::move(exchange.body.bytes);
  return {};
}

void Server::Impl::handle(const std::shared_ptr<Exchange>& exchange) {
  Request& request = exchange->request;
  const std::string path = request.path;
  const auto own = [this, path](int status, std::string_view detail) { return render(path, status, detail); };
  if (exchange->refusal != 0) {
    Response response = own(exchange->refusal, exchange->refusal_text);
    if (exchange->refusal == 429) response.headers.set("Retry-After", "1");
    if (exchange->refusal == 503) response.headers.set("Connection", "close");
    exchange->answer(std::move(response));
    return;
  }
  if (auto unpacked = unpack(*exchange); !unpacked) {
    const ErrorKind kind = unpacked.error().kind;
    const int status = kind == ErrorKind::kOverloaded ? 413 : kind == ErrorKind::kNotFound ? 415 : 400;
    exchange->answer(own(status, "request body: " + unpacked.error().text()));
    return;
  }
  if (filter) {
    if (auto response = filter(request)) {
      exchange->answer(std::move(*response));
      return;
    }
  }
  auto match = routes.find(request.method, request.path);
  if (match.handler == nullptr) {
    if (match.allowed.empty()) {
      exchange->answer(own(404, fmt::format("nothing is served at {}", one_line(request.path, 120))));
    } else {
      Response response = own(405, fmt::format("{} is not served here", one_line(request.method, 20)));
      response.headers.set("Allow", join(match.allowed, ", "));
      exchange->answer(std::move(response));
    }
    return;
  }
  request.captures = std::move(match.captures);
  const Responder responder(std::make_shared<Responder::Impl>(exchange, own));
  try {
    (*match.handler)(request, responder);
  } catch (const std::exception& error) {
    // A handler that throws is a bug of ours; the client gets an answer, the log the reason.
    log.error("net.handler.failed", {{"path", one_line(path, 200)}, {"error", error.what()}});
    responder.send(own(500, "internal error"));
  }
}

MHD_Result Server::Impl::queue(MHD_Connection* connection, Exchange& exchange, Response response) {
  MHD_Response* out = nullptr;
  if (finish) finish(exchange.request, response);
  if (const auto stream = exchange.stream()) {
    using Held = std::shared_ptr<ByteStream>;
    auto* held = new Held(stream);  // freed by the response's free callback
    out = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 16 * 1024,
        [](void* context, std::uint64_t, char* into, std::size_t room) {
          return (*static_cast<Held*>(context))->read(into, room);
        },
        held, [](void* context) { delete static_cast<Held*>(context); });
  } else {
    if (response.body.size() >= kGzipFrom && is_text_like(response.headers) &&
        !response.headers.get("Content-Encoding") && accepts_gzip(exchange.request.headers)) {
      if (auto packed = gzip(response.body); !packed.empty()) {
        response.body = std::move(packed);
        response.headers.set("Content-Encoding", "gzip");
        response.headers.add("Vary", "Accept-Encoding");
      }
    }
    out = MHD_create_response_from_buffer(response.body.size(), response.body.data(), MHD_RESPMEM_MUST_COPY);
  }
  if (out == nullptr) return MHD_NO;
  for (const auto& [name, value] : response.headers.all())
    MHD_add_response_header(out, name.c_str(), value.c_str());
  const MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(response.status), out);
  MHD_destroy_response(out);
  requests(response.status).add();
  seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - exchange.began).count());
  return result;
}

// Called by the library for the headers, for each piece of the body, at its end, and after each resume.
MHD_Result Server::Impl::on_data(MHD_Connection* connection, const char* url, const char* method,
                                 const char* data, std::size_t* size, void** context) {
  if (*context == nullptr) {
    auto exchange = begin(connection, url, method);
    const auto length_text = exchange->request.headers.get("Content-Length");
    const std::size_t length =
        length_text ? std::strtoull(std::string(*length_text).c_str(), nullptr, 10) : 0;
    const bool waits = exchange->request.headers.get("Expect").has_value();
    auto* raw = exchange.get();
    *context = new std::shared_ptr<Exchange>(std::move(exchange));  // freed in completed()
    if (raw->refusal != 0)
      return MHD_YES;  // its body is read and dropped, so that the client sees the answer
    if (length > options.max_body) {
      raw->refusal = 413;
      raw->refusal_text = fmt::format("the body has {} bytes, more than {}", length, options.max_body);
      if (waits || length > kDrainFactor * options.max_body)
        return queue(connection, *raw, refuse(*raw, 413, raw->refusal_text));
    } else if (length > 0) {
      if (reserve(*raw, length)) {
        raw->body.bytes = std::make_unique_for_overwrite<char[]>(length + kPadding);
        raw->capacity = length;
      } else {
        raw->refusal = 429;
        raw->refusal_text = "too many bytes of requests are waiting; try again in a second";
      }
    }
    return MHD_YES;
  }
  auto& exchange = *static_cast<std::shared_ptr<Exchange>*>(*context);
  if (*size > 0) {
    received.add(static_cast<double>(*size));
    append(*exchange, data, *size);
    *size = 0;
    return MHD_YES;
  }
  if (!exchange->handled) {
    exchange->handled = true;
    handle(exchange);
    if (exchange->suspend_unless_answered()) return MHD_YES;
  }
  auto response = exchange->take_answer();
  if (!response) return MHD_YES;  // resumed without an answer: nothing to do yet
  return queue(connection, *exchange, std::move(*response));
}

void Server::Impl::completed(void** context) {
  auto* held = static_cast<std::shared_ptr<Exchange>*>(*context);
  if (held == nullptr) return;
  *context = nullptr;
  (*held)->closed();
  inflight.fetch_sub((*held)->reserved);
  {
    const std::lock_guard lock(live_mutex);
    live.erase(*held);
    drained.notify_all();
  }
  delete held;
}

Server::Server(ServerOptions options, Log log, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), log, metrics)) {}
Server::~Server() { stop(std::chrono::milliseconds(0)); }

void Server::route(std::string_view methods, std::string_view pattern, Handler handler) {
  impl_->routes.add(methods, pattern, std::move(handler));
}
void Server::error_renderer(std::function<Response(std::string_view, int, std::string_view)> render) {
  impl_->render = std::move(render);
}
void Server::before(std::function<std::optional<Response>(const Request&)> filter) {
  impl_->filter = std::move(filter);
}
void Server::after(std::function<void(const Request&, Response&)> finish) {
  impl_->finish = std::move(finish);
}
std::uint16_t Server::port() const { return impl_->port; }

Result<void> Server::start() {
  const ServerOptions& o = impl_->options;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const sockaddr* address = nullptr;
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
  if (inet_pton(AF_INET, o.address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(o.port);
    address = reinterpret_cast<const sockaddr*>(&v4);
  } else if (inet_pton(AF_INET6, o.address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(o.port);
    address = reinterpret_cast<const sockaddr*>(&v6);
    flags |= MHD_USE_IPv6;
  } else {
    return fail(ErrorKind::kInvalid, fmt::format("server.listen: '{}' is no IP address", o.address));
  }
  std::string cert;
  std::string key;
  if (!o.tls_cert_file.empty()) {
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
      return fail(ErrorKind::kInvalid, "this libmicrohttpd was built without TLS");
    SENTINEL_ASSIGN(cert, read_file(o.tls_cert_file));
    SENTINEL_ASSIGN(key, read_file(o.tls_key_file));
    flags |= MHD_USE_TLS;
  }
  std::vector<MHD_OptionItem> items = {
      {MHD_OPTION_SOCK_ADDR, 0, const_cast<sockaddr*>(address)},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<intptr_t>(o.connection_memory), nullptr},
      {MHD_OPTION_CONNECTION_LIMIT, static_cast<intptr_t>(o.max_connections), nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, static_cast<intptr_t>(o.idle_timeout_s), nullptr},
  };
  // A pool of one is refused by the library with a warning: one thread is what it has without a pool.
  if (o.threads >= 2)
    items.push_back({MHD_OPTION_THREAD_POOL_SIZE, static_cast<intptr_t>(o.threads), nullptr});
  if (!cert.empty()) {
    items.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, cert.data()});
    items.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, key.data()});
  }
  items.push_back({MHD_OPTION_END, 0, nullptr});

  // Nobody new at a stop. MHD_quiesce_daemon would do it, but with epoll and a pool it races with its own
  // threads for the listening socket and aborts the process.
  const MHD_AcceptPolicyCallback on_connect = [](void* self, const sockaddr*, socklen_t) {
    auto& impl = *static_cast<Impl*>(self);
    const std::lock_guard lock(impl.live_mutex);
    return impl.stopping ? MHD_NO : MHD_YES;
  };
  const MHD_AccessHandlerCallback on_data = [](void* self, MHD_Connection* connection, const char* url,
                                               const char* method, const char*, const char* data,
                                               std::size_t* size, void** context) {
    return static_cast<Impl*>(self)->on_data(connection, url, method, data, size, context);
  };
  const MHD_RequestCompletedCallback on_completed = [](void* self, MHD_Connection*, void** context,
                                                       MHD_RequestTerminationCode) {
    static_cast<Impl*>(self)->completed(context);
  };
  errno = 0;
  impl_->daemon = MHD_start_daemon(flags, o.port, on_connect, impl_.get(), on_data, impl_.get(),
                                   MHD_OPTION_NOTIFY_COMPLETED, on_completed, impl_.get(), MHD_OPTION_ARRAY,
                                   items.data(), MHD_OPTION_END);
  if (impl_->daemon == nullptr) {
    const int code = errno;
    const std::string why =
        code == EADDRINUSE ? "the port is in use: stop what listens there, or set server.listen to another"
        : code != 0        ? std::strerror(code)
                           : "the server could not be started (is the certificate valid?)";
    return fail(code == EADDRINUSE ? ErrorKind::kConflict : ErrorKind::kUnavailable,
                fmt::format("listening on {}:{}: {}", o.address, o.port, why));
  }
  const auto* info = MHD_get_daemon_info(impl_->daemon, MHD_DAEMON_INFO_BIND_PORT);
  impl_->port = info != nullptr ? info->port : o.port;
  return {};
}

void Server::stop(std::chrono::milliseconds grace) {
  if (impl_->daemon == nullptr) return;
  {
    std::unique_lock lock(impl_->live_mutex);
    impl_->stopping = true;
    // Streams never end by themselves.
    for (const auto& exchange : impl_->live) exchange->close_stream();
    impl_->drained.wait_for(lock, grace, [&] { return impl_->live.empty(); });
  }
  std::vector<std::shared_ptr<Exchange>> rest;
  {
    const std::lock_guard lock(impl_->live_mutex);
    rest.assign(impl_->live.begin(), impl_->live.end());
  }
  // A suspended connection would keep the library from stopping: each gets an answer, which resumes it. What
  // was answered by a stream since the first look ends too.
  for (const auto& exchange : rest) {
    exchange->answer(impl_->refuse(*exchange, 503, kStopping));
    exchange->close_stream();
  }
  {
    // Time for these answers to leave; a client that does not read them must not hold up the end.
    std::unique_lock lock(impl_->live_mutex);
    impl_->drained.wait_for(lock, std::chrono::milliseconds(500), [&] { return impl_->live.empty(); });
  }
  MHD_stop_daemon(impl_->daemon);
  impl_->daemon = nullptr;
}

}  // namespace sentinel::net
