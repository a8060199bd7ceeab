#include "model/silence.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace sentinel::model {

std::optional<Time> Silence::current_end(Time now) const {
  if (now < starts_at || now >= ends_at) return std::nullopt;
  if (!recurrence) return ends_at;
  const auto end = window_end(*recurrence, now);
  return end ? std::optional(std::min(*end, ends_at)) : std::nullopt;
}

bool Silence::matches(const Anomaly& anomaly, Time now, std::span<const Pattern> patterns) const {
  if (!glob_match(service, anomaly.service) || !glob_match(metric, anomaly.metric)) return false;
  if (!severities.empty() &&
      std::find(severities.begin(), severities.end(), anomaly.severity) == severities.end())
    return false;
  if (!pattern.empty() && std::none_of(patterns.begin(), patterns.end(), [&](const Pattern& p) {
        return glob_match("*" + pattern + "*", p.text);
      }))
    return false;
  return covers(now);
}

Result<void> check(const Silence& silence) {
  if (silence.service.empty() || silence.metric.empty())
    return fail(ErrorKind::kInvalid, "a silence needs a service and a metric; * stands for all");
  if (silence.ends_at <= silence.starts_at)
    return fail(ErrorKind::kInvalid, "a silence must end after it begins");
  if (silence.recurrence) {
    if (auto fine = check(*silence.recurrence); !fine) return fail(std::move(fine).error(), "recurrence");
  }
  return {};
}

}  // namespace sentinel::model
