#include "app/simulate/scenario.hpp"

namespace sentinel::app {

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {Story::kPoolExhaustion, "pool-exhaustion",
       "payment-service runs out of database connections; order-service times out, gateway answers 5xx",
       "payment-service"},
      {Story::kBadDeploy, "bad-deploy", "a new version of order-service throws on every third request",
       "order-service"},
      {Story::kSlowDependency, "slow-dependency",
       "inventory-service answers eight times slower without failing; its callers wait", "inventory-service"},
      {Story::kSilent, "silent",
       "auth-service stops: it logs nothing any more and gateway's calls to it are refused", "auth-service"},
      {Story::kSurge, "surge", "four times the traffic at the same share of errors: no fault", ""},
      {Story::kNoisyErrors, "noisy-but-harmless",
       "harmless errors from the very beginning, at a steady rate: no fault", ""},
      {Story::kHealthy, "healthy", "nothing happens", ""},
  };
  return all;
}

std::optional<Scenario> find_scenario(std::string_view name) {
  std::optional<Scenario> begins;
  for (const Scenario& scenario : scenarios()) {
    if (scenario.name == name) return scenario;
    if (!scenario.name.starts_with(name) || name.empty()) continue;
    if (begins) return std::nullopt;
    begins = scenario;
  }
  return begins;
}

}  // namespace sentinel::app
