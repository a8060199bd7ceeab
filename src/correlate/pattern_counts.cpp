#include "correlate/pattern_counts.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace sentinel::correlate {
namespace {

using model::Pattern;

constexpr double kMoreZ = 4;
constexpr double kGoneZ = 3.3;
constexpr std::size_t kExampleBytes = 2000;

Pattern::Change judge(double count, double before, double windows, model::Level level) {
  if (windows <= 0) return Pattern::Change::kSteady;
  const double z = surprise(count, before, windows);
  const double expected = before / windows;
  if (before == 0)
    return count >= 2 || level >= model::Level::kWarning ? Pattern::Change::kNew : Pattern::Change::kSteady;
  if (count == 0) return z < -kGoneZ ? Pattern::Change::kGone : Pattern::Change::kSteady;
  if (z > kMoreZ && count >= 2 * expected) return Pattern::Change::kMore;
  if (z < -kMoreZ && count <= expected / 2) return Pattern::Change::kLess;
  return Pattern::Change::kSteady;
}

}  // namespace

double surprise(double count, double before, double windows) {
  const double total = count + before;
  if (total <= 0 || windows <= 0) return 0;
  const double expected = total / (1 + windows);
  const double expected_before = total - expected;
  double deviance = 0;
  if (count > 0) deviance += count * std::log(count / expected);
  if (before > 0) deviance += before * std::log(before / expected_before);
  const double z = std::sqrt(2 * std::max(0.0, deviance));
  return count >= expected ? z : -z;
}

void PatternCounts::add(std::string_view pattern_id, const model::LogEvent& event) {
  if (event.is_span || pattern_id.empty()) return;
  Entry& entry = entries_[std::string(pattern_id)];
  if (entry.count == 0 || event.time < entry.first_seen) {
    entry.first_seen = event.time;
    entry.example = utf8_prefix(event.message, kExampleBytes);
  }
  entry.last_seen = entry.count == 0 ? event.time : std::max(entry.last_seen, event.time);
  entry.level = std::max(entry.level, event.level);
  entry.count += 1;
  if (!event.service.empty()) entry.services[event.service] += 1;
}

void PatternCounts::add(const PatternCounts& other) {
  for (const auto& [id, theirs] : other.entries_) {
    Entry& ours = entries_[id];
    if (ours.count == 0 || theirs.first_seen < ours.first_seen) {
      ours.first_seen = theirs.first_seen;
      ours.example = theirs.example;
    }
    ours.last_seen = ours.count == 0 ? theirs.last_seen : std::max(ours.last_seen, theirs.last_seen);
    ours.level = std::max(ours.level, theirs.level);
    ours.count += theirs.count;
    for (const auto& [service, count] : theirs.services) ours.services[service] += count;
  }
}

std::vector<Pattern> compare(const PatternCounts& window, const PatternCounts& baseline,
                             double baseline_windows) {
  std::map<std::string, std::pair<const PatternCounts::Entry*, const PatternCounts::Entry*>> both;
  for (const auto& [id, entry] : window.entries()) both[id].first = &entry;
  for (const auto& [id, entry] : baseline.entries()) both[id].second = &entry;
  std::vector<Pattern> patterns;
  for (const auto& [id, pair] : both) {
    const auto& [now, before] = pair;
    const auto& seen = now ? *now : *before;
    Pattern pattern;
    pattern.id = id;
    pattern.level = seen.level;
    pattern.count = now ? now->count : 0;
    const double count_before = before ? static_cast<double>(before->count) : 0;
    pattern.baseline_per_window = baseline_windows > 0 ? count_before / baseline_windows : 0;
    pattern.first_seen = seen.first_seen;
    pattern.last_seen = seen.last_seen;
    pattern.services = seen.services;
    if (!now)
      for (auto& [service, count] : pattern.services) count = 0;
    pattern.example = seen.example;
    pattern.change = judge(static_cast<double>(pattern.count), count_before, baseline_windows, pattern.level);
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

}  // namespace sentinel::correlate
