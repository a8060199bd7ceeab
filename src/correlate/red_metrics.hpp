// Rate, errors and duration of services that tell them in metrics alone (a gateway, a database, a cloud
// service): their measurements become slices, so that all that is known about slices holds for them too.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "model/slice.hpp"

namespace sentinel::correlate {

// What a metric measures, by the words in its name. Client-side latency belongs to the called, not to the
// service.
enum class MetricRole : std::uint8_t { kOther, kRequests, kAvailability, kErrorRate, kErrors, kLatency };
struct MetricMeaning {
  MetricRole role = MetricRole::kOther;
  double scale = 1;  // to milliseconds, or to a share of 1
  int rank = 0;      // among metrics of one role the lowest is taken: a mean before a median before a tail
};
MetricMeaning meaning_of(std::string_view metric);

// How much a metric of no role says about its own service, 0..1, by the words in its name: what a service can
// run out of (processor, memory, disk, threads, connections) most, bytes on the network and its host's
// figures less.
double telling_words(std::string_view metric);

// One slice per bucket in which the service had requests; documents are requests, all as slow as their mean.
// Services without a count of requests give none. By (start, service).
std::vector<model::Slice> slices_from_metrics(std::span<const model::MetricSlice> metrics);

}  // namespace sentinel::correlate
