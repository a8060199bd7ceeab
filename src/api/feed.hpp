// Who listens at /api/stream, and what has happened lately: events get ids, go to every client, and the
// newest are kept for those that come back. Publishing never waits for a client: one thread hands events out,
// and a client that does not read loses its connection and is told to load anew when it returns.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "net/server.hpp"

namespace sentinel::api {

// "id: ...\nevent: ...\ndata: ...\n\n"; `data` is one line of JSON.
std::string sse_event(std::string_view id, std::string_view name, std::string_view data);

// What of the kept events a client that last saw `last_id` needs: a number (of the first it lacks), or
// nothing when its id is another server's, too old or no id.
std::optional<std::uint64_t> resume_at(std::string_view last_id, std::string_view boot, std::uint64_t oldest,
                                       std::uint64_t next);

// Thread-safe.
class Feed {
 public:
  struct Options {
    std::size_t kept = 1000;                // events
    std::size_t kept_bytes = 4U << 20;      // of them
    std::size_t client_bytes = 256U << 10;  // that may wait for one client
    Duration heartbeat = seconds(15);
  };
  Feed(std::string boot, Options options, Metrics& metrics);
  ~Feed();  // closes all streams

  // To be called from anywhere; returns at once.
  void publish(std::string_view name, std::string data);
  // Answers the request with the stream. `hello` is sent first when the client is new.
  void join(const net::Responder& responder, std::string_view last_id, const std::string& hello);
  std::size_t clients() const;

 private:
  struct Event {
    std::uint64_t number;
    std::string bytes;
  };
  struct Client {
    std::shared_ptr<net::Stream> stream;
    std::uint64_t next;  // the first event it has not got
  };
  void run(std::stop_token stop);

  const std::string boot_;
  const Options options_;
  Gauge& gauge_;
  Counter& dropped_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Event> events_;  // the newest, numbers without holes
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;
  std::vector<Client> clients_;
  std::vector<Client> joining_;
  std::size_t serving_ = 0;  // clients that the thread has in its hands
  std::jthread thread_;
};

}  // namespace sentinel::api
