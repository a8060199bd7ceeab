// Everything that leaves for people: one worker per channel, so that a dead one delays no other, and the
// product's care for itself: a heartbeat while it works, news through the channels that still work when it
// does not.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "engine/engine.hpp"
#include "notify/policy.hpp"
#include "state/store.hpp"

namespace sentinel::app {

// The channels that config and environment set up, with their routing. What has no secret or address is not
// there.
std::vector<notify::ChannelPolicy> channel_policies(const Config& config, const Environment& environment);

// Started and stopped by one owner; the rest from any thread.
class Notifier {
 public:
  // All outlive the notifier.
  struct Deps {
    state::StateStore& state;
    engine::Engine& engine;
    const Clock& clock;
    Log log;
    Metrics& metrics;
  };
  Notifier(Deps deps, const Config& config, const Environment& environment);
  ~Notifier();  // stops; what was not delivered stays in the outbox

  void start();
  // After a tick: there may be messages, or news of the product itself.
  void after_tick(const engine::View& view, Time now);
  // Waits until nothing is left to deliver, or for so long; whether all is delivered or parked.
  bool settle(Duration longest);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::app
