// Live tails of the logs: one thread asks the store about once a second for what came since, per tail.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/server.hpp"
#include "telemetry/store.hpp"

namespace sentinel::api {

// Thread-safe.
class Tail {
 public:
  Tail(telemetry::TelemetryStore& store, const Clock& clock) : store_(store), clock_(clock) {
    thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
  }
  ~Tail();  // ends all tails

  // Answers with a stream of the lines that match and arrive from `now` on. 429 when too many tails run.
  void join(const net::Responder& responder, const telemetry::EventQuery& query, Time now);

 private:
  struct Client {
    std::shared_ptr<net::Stream> stream;
    telemetry::EventQuery query;
    Time seen;      // lines ingested up to here were sent
    int quiet = 0;  // polls without a line
  };
  void run(std::stop_token stop);
  bool serve(Client& client, Time now);

  telemetry::TelemetryStore& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Client> joining_;
  std::size_t clients_ = 0;
  std::jthread thread_;
};

}  // namespace sentinel::api
