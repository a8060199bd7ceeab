// "What is wrong right now?" without any detection: every service is ranked by the same evidence that ranks
// the causes of a group. For a known bad stretch of time: a backtest's --diagnose, a person's question.
#pragma once

#include <vector>

#include "correlate/correlate.hpp"

namespace sentinel::correlate {

// `during` is the bad stretch; all telemetry of the input before it is what normal looks like (slices,
// metrics: by their start; events and calls as they are given). Anomalies may be empty. Causes by falling
// probability, summing to 1; services with nothing against them share the least.
std::vector<model::Cause> diagnose(const Input& input, model::TimeRange during, const Settings& settings);

}  // namespace sentinel::correlate
