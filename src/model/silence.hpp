// A stretch of time in which matching anomalies are recorded but not announced: once, or in windows that come
// again (maintenance).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/anomaly.hpp"
#include "model/cause.hpp"
#include "model/recurrence.hpp"

namespace sentinel::model {

struct Silence {
  std::string id;
  std::string service = "*";         // glob
  std::string metric = "*";          // glob
  std::vector<Severity> severities;  // empty: all
  Time starts_at;
  Time ends_at;
  std::string author;
  std::string reason;
  std::string pattern;  // glob over the log patterns of the outage; empty: any, and none is needed
  std::optional<Recurrence> recurrence;  // within starts_at and ends_at; none: all of it

  // Whether it is in force; for a recurrence, whether `now` is in one of its windows.
  bool covers(Time now) const { return current_end(now).has_value(); }
  // When the stretch that `now` is in ends; none when it is not in force.
  std::optional<Time> current_end(Time now) const;
  // `patterns`: what was logged in the outage that the anomaly is part of.
  bool matches(const Anomaly& anomaly, Time now, std::span<const Pattern> patterns = {}) const;
};

// kInvalid with what would be right: what ends before it begins, never matches, or has no readable
// recurrence.
Result<void> check(const Silence& silence);

}  // namespace sentinel::model
