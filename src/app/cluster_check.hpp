// What `sentinelops check` finds out about the cluster: one row per question, each with what to do when it
// failed.
#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

namespace sentinel::app {

struct CheckRow {
  std::string what;
  bool fine = true;
  std::string text;
};
// Blocks, a few requests. Ends early where a later question could not be answered.
std::vector<CheckRow> check_cluster(const Config& config, const Environment& environment, const Clock& clock,
                                    Log log);

}  // namespace sentinel::app
