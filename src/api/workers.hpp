// A few threads for answers that take long (log searches), so that they never hold up the server's own
// threads. Bounded: when too many wait, a job is refused.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sentinel::api {

// Thread-safe. The destructor drops what waits and joins after the running jobs.
class Workers {
 public:
  explicit Workers(std::size_t threads, std::size_t most_waiting = 64);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  bool submit(std::function<void()> job);  // false: too many wait

 private:
  void run(std::stop_token stop);

  std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::jthread> threads_;
};

}  // namespace sentinel::api
