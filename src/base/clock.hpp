// Where the time of day comes from. Only loops at the rim (app, net, ingest) hold a Clock; everything else
// takes `Time now`.
#pragma once

#include <atomic>

#include "base/time.hpp"

namespace sentinel {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;  // any thread
};

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};

// A clock that stands still until it is told: tests and replays.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{}) : us_(micros(start)) {}
  Time now() const override { return time_from_micros(us_.load()); }
  void set(Time t) { us_.store(micros(t)); }
  void advance(Duration d) { us_.fetch_add(d.count()); }

 private:
  std::atomic<std::int64_t> us_;
};

}  // namespace sentinel
