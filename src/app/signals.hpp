// SIGTERM and SIGINT ask for a stop; a second one exits at once.
#pragma once

#include <stop_token>
#include <thread>

namespace sentinel::app {

// Made first in main, before any other thread: it blocks the signals for all threads and waits for them in
// one of its own.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  std::stop_token token() const { return source_.get_token(); }
  void request_stop() { source_.request_stop(); }

 private:
  std::stop_source source_;
  std::thread thread_;
};

}  // namespace sentinel::app
