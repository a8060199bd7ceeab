#include "model/silence.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace sentinel::model {

bool Silence::matches(const Anomaly& anomaly, Time now) const {
  if (now < starts_at || now >= ends_at) return false;
  if (!glob_match(service, anomaly.service) || !glob_match(metric, anomaly.metric)) return false;
  return severities.empty() ||
         std::find(severities.begin(), severities.end(), anomaly.severity) != severities.end();
}

}  // namespace sentinel::model
