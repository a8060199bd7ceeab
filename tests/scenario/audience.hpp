// Who is told in a story: the real routing and the real outbox pumps, each on a channel that writes down what
// it was given.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "notify/policy.hpp"
#include "state/store.hpp"

namespace sentinel::scenario {

class Audience {
 public:
  // `state` outlives the audience.
  Audience(state::StateStore& state, const std::vector<notify::ChannelPolicy>& channels);
  ~Audience();
  // One pass of every channel over its part of the outbox.
  void listen(Time now);
  // By channel, in order: "SERVICE: KIND+KIND" for an incident whose leading cause is SERVICE, "notice:
  // TITLE" for news of the product itself. What only edits a message (`updated`) is left out.
  const std::map<std::string, std::vector<std::string>>& told() const;
  // By channel: of how many incidents it heard.
  const std::map<std::string, int>& heard_of() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::scenario
