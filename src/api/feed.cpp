#include "api/feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stop_token>

#include "base/text.hpp"

namespace sentinel::api {

std::string sse_event(std::string_view id, std::string_view name, std::string_view data) {
  return id.empty() ? fmt::format("event: {}\ndata: {}\n\n", name, data)
                    : fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, name, data);
}

std::optional<std::uint64_t> resume_at(std::string_view last_id, std::string_view boot, std::uint64_t oldest,
                                       std::uint64_t next) {
  const auto dash = last_id.rfind('-');
  if (dash == std::string_view::npos || last_id.substr(0, dash) != boot) return std::nullopt;
  const auto digits = last_id.substr(dash + 1);
  std::uint64_t seen = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seen);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (seen >= next || seen + 1 < oldest) return std::nullopt;
  return seen + 1;
}

Feed::Feed(std::string boot, Options options, Metrics& metrics)
    : boot_(std::move(boot)),
      options_(options),
      gauge_(metrics.gauge("sentinelops_api_stream_clients", "Clients of /api/stream.")),
      dropped_(metrics.counter("sentinelops_api_stream_dropped_total",
                               "Clients of /api/stream that read too slowly and were let go.")) {
  thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

Feed::~Feed() {
  thread_.request_stop();
  thread_.join();
  for (const auto& client : clients_) client.stream->close();
  for (const auto& client : joining_) client.stream->close();
}

void Feed::publish(std::string_view name, std::string data) {
  // A line break would end the field.
  std::replace(data.begin(), data.end(), '\n', ' ');
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t number = next_++;
    events_.push_back({number, sse_event(fmt::format("{}-{}", boot_, number), name, data)});
    bytes_ += events_.back().bytes.size();
    while (events_.size() > 1 && (events_.size() > options_.kept || bytes_ > options_.kept_bytes)) {
      bytes_ -= events_.front().bytes.size();
      events_.pop_front();
    }
  }
  wake_.notify_one();
}

void Feed::join(const net::Responder& responder, std::string_view last_id, const std::string& hello) {
  net::Response head;
  head.headers.add("Content-Type", "text/event-stream; charset=utf-8");
  head.headers.add("Cache-Control", "no-store");
  head.headers.add("X-Accel-Buffering", "no");  // a proxy must not collect it
  auto stream = responder.stream(std::move(head), options_.client_bytes);
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t oldest = events_.empty() ? next_ : events_.front().number;
    const std::string now_at = fmt::format("{}-{}", boot_, next_ - 1);
    std::uint64_t from = next_;
    stream->push("retry: 2000\n\n");
    if (const auto missed = resume_at(last_id, boot_, oldest, next_)) {
      from = *missed;
    } else {
      if (!last_id.empty())
        stream->push(sse_event(now_at, "reset", R"({"reason":"what you missed is no longer kept"})"));
      stream->push(sse_event(now_at, "hello", hello));
    }
    joining_.push_back({std::move(stream), from});
  }
  wake_.notify_one();
}

std::size_t Feed::clients() const {
  const std::lock_guard lock(mutex_);
  return clients_.size() + joining_.size() + serving_;
}

void Feed::run(std::stop_token stop) {
  // How long a connection was quiet is no time of day: the steady clock will do.
  auto beat = std::chrono::steady_clock::now() + options_.heartbeat;
  std::uint64_t sent = 1;
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, beat, [&] { return next_ > sent || !joining_.empty(); });
    if (stop.stop_requested()) return;
    for (auto& client : joining_) clients_.push_back(std::move(client));
    joining_.clear();
    // A copy, so that publishers do not wait while clients are served.
    std::vector<Event> fresh;
    std::uint64_t first = next_;
    for (const auto& client : clients_) first = std::min(first, client.next);
    for (const auto& event : events_) {
      if (event.number >= first) fresh.push_back(event);
    }
    sent = next_;
    std::vector<Client> clients = std::move(clients_);
    clients_.clear();
    serving_ = clients.size();
    lock.unlock();

    const bool silent = std::chrono::steady_clock::now() >= beat;
    if (silent) beat = std::chrono::steady_clock::now() + options_.heartbeat;
    std::erase_if(clients, [&](Client& client) {
      bool alive = true;
      for (const auto& event : fresh) {
        if (event.number < client.next) continue;
        alive = alive && client.stream->push(event.bytes);
        client.next = event.number + 1;
      }
      client.next = std::max(client.next, sent);
      if (silent) alive = alive && client.stream->push(": heartbeat\n\n");
      if (!alive) dropped_.add();
      return !alive;
    });

    lock.lock();
    serving_ = 0;
    for (auto& client : clients) clients_.push_back(std::move(client));
    gauge_.set(static_cast<double>(clients_.size()));
  }
}

}  // namespace sentinel::api
