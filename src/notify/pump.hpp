// Empties the outbox of one channel: at least once, in the order of each incident, never faster than the
// channel bears. pump(now) is an ordinary call, so tests and replays drive it with simulated time; `app`
// gives each channel a thread, so that a dead one delays no other.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "notify/channel.hpp"
#include "state/store.hpp"

namespace sentinel::notify {

struct PumpReport {
  int delivered = 0;  // messages; those that were coalesced into them are not counted
  int retried = 0;
  int parked = 0;
  Time next = kNever;  // when to look again, as far as this pass can tell
};

struct Health {
  std::optional<Time> failing_since;  // no delivery has succeeded since then
  std::string why;
};

// Not thread-safe; health() may be asked from the thread that pumps only.
class Pump {
 public:
  // All outlive the pump.
  struct Deps {
    state::StateStore& state;
    Channel& channel;
    Log log;
    Metrics& metrics;
  };
  Pump(Deps deps, std::string name, Rate rate, std::uint64_t seed);

  // One pass over what is due. An error is the state store's: nothing is lost, the next pass tries again.
  Result<PumpReport> pump(Time now, std::stop_token stop = {});
  const Health& health() const { return health_; }

  static constexpr int kMostAttempts = 200;  // days, with the longest wait: then a person must look
  static constexpr Duration kLongestWait = minutes(10);

 private:
  bool take_token(Time now);
  Duration backoff(int attempts);
  Result<void> deliver(std::vector<state::OutboxRow> rows, Time now, std::stop_token stop,
                       PumpReport& report);
  Result<void> refresh(Time now, std::stop_token stop);
  std::string memory_name(const std::string& incident_id) const;

  Deps deps_;
  std::string name_;
  Rate rate_;
  Rng rng_;
  double tokens_;
  std::optional<Time> filled_;
  Time not_before_{};  // of the whole channel
  int failures_ = 0;   // of the whole channel, in a row
  Health health_;
  std::map<std::string, Time> refreshed_;
  Counter& delivered_;
  Counter& failed_;
  Counter& parked_;
};

}  // namespace sentinel::notify
