// The registry's families as OpenMetrics 1.0 text (prometheus-cpp writes only the classic form).
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace sentinel::api {

std::string to_open_metrics(const std::vector<prometheus::MetricFamily>& families);

}  // namespace sentinel::api
