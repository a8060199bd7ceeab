// The stories that the simulator can tell, as data: the demo, the tests and `simulate --list` read this
// table.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sentinel::app {

enum class Story : std::uint8_t {
  kHealthy,
  kPoolExhaustion,
  kBadDeploy,
  kSlowDependency,
  kSurge,
  kSilent,
  kNoisyErrors
};

struct Scenario {
  Story story;
  std::string name;            // as given on the command line
  std::string about;           // one sentence
  std::string expected_cause;  // service; empty: no incident is expected
};

const std::vector<Scenario>& scenarios();
// By its name, or by a beginning that only one has ("noisy").
std::optional<Scenario> find_scenario(std::string_view name);

}  // namespace sentinel::app
