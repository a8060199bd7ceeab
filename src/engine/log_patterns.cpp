#include "engine/log_patterns.hpp"

#include <algorithm>

#include "correlate/pattern_counts.hpp"
#include "correlate/pattern_miner.hpp"

namespace sentinel::engine {

std::vector<model::Pattern> log_patterns(std::span<const model::LogEvent> events) {
  correlate::PatternMiner miner{correlate::PatternMiner::Options{}};
  // Twice: a pattern becomes more general while it is learned, and each line shall be counted under the last
  // form.
  for (const auto& event : events) (void)miner.learn(event.message);
  correlate::PatternCounts counts;
  for (const auto& event : events) counts.add(miner.learn(event.message), event);
  std::vector<model::Pattern> patterns;
  for (const auto& [id, entry] : counts.entries()) {
    model::Pattern pattern;
    pattern.id = id;
    pattern.text = miner.template_of(id);
    pattern.level = entry.level;
    pattern.count = entry.count;
    pattern.first_seen = entry.first_seen;
    pattern.last_seen = entry.last_seen;
    pattern.services = entry.services;
    pattern.example = entry.example;
    patterns.push_back(std::move(pattern));
  }
  std::sort(patterns.begin(), patterns.end(), [](const auto& a, const auto& b) {
    return a.count != b.count ? a.count > b.count : a.id < b.id;
  });
  return patterns;
}

}  // namespace sentinel::engine
