#include "api/tail.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "api/answer.hpp"
#include "api/feed.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

constexpr std::size_t kMostTails = 50;
constexpr std::size_t kMostLines = 500;  // of one poll
constexpr std::size_t kClientBytes = 1U << 20;
constexpr Duration kLatest = minutes(5);  // lines older than this when they arrive are no live lines
constexpr auto kPoll = std::chrono::seconds(1);

}  // namespace

Tail::~Tail() {
  thread_.request_stop();
  thread_.join();
  for (const auto& client : joining_) client.stream->close();
}

void Tail::join(const net::Responder& responder, const telemetry::EventQuery& query, Time now) {
  const std::lock_guard lock(mutex_);
  if (clients_ + joining_.size() >= kMostTails)
    return responder.send(error_response(429, "too many live tails run"));
  net::Response head;
  head.headers.add("Content-Type", "text/event-stream; charset=utf-8");
  head.headers.add("Cache-Control", "no-store");
  head.headers.add("X-Accel-Buffering", "no");
  auto stream = responder.stream(std::move(head), kClientBytes);
  stream->push(": tail\n\n");
  joining_.push_back({std::move(stream), query, now});
  wake_.notify_one();
}

// False when the client is gone.
bool Tail::serve(Client& client, Time now) {
  telemetry::EventQuery query = client.query;
  query.range = {now - kLatest, now + kLatest};
  query.limit = kMostLines;
  query.offset = 0;
  query.oldest_first = false;
  auto events = store_.events(query);
  if (!events) return client.stream->push(sse_event("", "error", dump({{"detail", events.error().text()}})));
  const bool full = events->size() == kMostLines;
  std::erase_if(*events, [&](const auto& event) { return event.ingested <= client.seen; });
  if (events->empty()) return ++client.quiet % 15 != 0 || client.stream->push(": heartbeat\n\n");
  client.quiet = 0;
  const bool more = full && events->size() == kMostLines;
  for (const auto& event : *events) client.seen = std::max(client.seen, event.ingested);
  if (more && !client.stream->push(sse_event("", "skipped", R"({"more":true})"))) return false;
  nlohmann::json lines = nlohmann::json::array();
  for (auto event = events->rbegin(); event != events->rend(); ++event)
    lines.push_back(model::to_json(*event));
  return client.stream->push(sse_event("", "lines", dump({{"events", std::move(lines)}})));
}

void Tail::run(std::stop_token stop) {
  std::vector<Client> clients;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (clients.empty()) {
        wake_.wait(lock, stop, [&] { return !joining_.empty(); });
      } else {
        wake_.wait_for(lock, stop, kPoll, [] { return false; });
      }
      if (stop.stop_requested()) break;
      for (auto& client : joining_) clients.push_back(std::move(client));
      joining_.clear();
      clients_ = clients.size();
    }
    const Time now = clock_.now();
    std::erase_if(clients, [&](Client& client) { return stop.stop_requested() || !serve(client, now); });
    const std::lock_guard lock(mutex_);
    clients_ = clients.size();
  }
  for (const auto& client : clients) client.stream->close();
}

}  // namespace sentinel::api
