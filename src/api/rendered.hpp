// Answers that many ask for and that change only when the engine did something: rendered once per change.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "net/server.hpp"

namespace sentinel::api {

// Thread-safe. An answer is rendered anew after changed(), and after a second in any case: the command line
// may have written to the same state beside the service. Of many who ask at the end of that second one waits
// for the new answer, the others get the old one.
class RenderedAnswers {
 public:
  // What an answer shows: only what commits change, or also what each tick finds.
  enum class Shows : std::uint8_t { kCommits, kTicks };

  void changed() { commits_.fetch_add(1, std::memory_order_relaxed); }
  void ticked() { ticks_.fetch_add(1, std::memory_order_relaxed); }
  // The answer for this request's path and query; `render` gives its body (JSON) when there is none to reuse.
  net::Response answer(const net::Request& request, Shows shows,
                       const std::function<Result<std::string>()>& render);

 private:
  struct Entry {
    std::uint64_t commits;
    std::uint64_t ticks;
    std::chrono::steady_clock::time_point at;
    std::string body;
    std::string tag;
    mutable std::atomic<bool> is_renewed{false};  // somebody is at it
  };
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> ticks_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Entry>> entries_;
};

}  // namespace sentinel::api
