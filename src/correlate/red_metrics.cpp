#include "correlate/red_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>

namespace sentinel::correlate {
namespace {

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool capital = c >= 'A' && c <= 'Z';
    if (letter || capital) {
      words.back() += capital ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

bool has_any(const std::vector<std::string>& words, std::initializer_list<std::string_view> any) {
  return std::ranges::any_of(words, [&](const auto& w) { return std::ranges::find(any, w) != any.end(); });
}

}  // namespace

double telling_words(std::string_view metric) {
  const auto words = words_of(metric);
  // What a client measures is the time of others.
  if (has_any(words, {"client", "upstream"})) return 0;
  if (has_any(words, {"net", "network", "rx", "tx", "bytes"})) return 0.2;
  if (has_any(words, {"node", "host"})) return 0.3;
  return 1;
}

MetricMeaning meaning_of(std::string_view metric) {
  const auto words = words_of(metric);
  const auto has = [&](std::initializer_list<std::string_view> any) { return has_any(words, any); };
  const double share = has({"pct", "percent"}) ? 0.01 : 1;
  if (has({"client", "upstream", "queue", "gc"})) return {};
  if (has({"latency", "duration"}) || (has({"response"}) && has({"time"}))) {
    const double ms = has({"us", "micros", "microseconds"}) ? 0.001 : has({"s", "sec", "seconds"}) ? 1000 : 1;
    const int rank = has({"avg", "mean", "average"}) ? 0 : has({"p50", "median"}) ? 1 : has({"max"}) ? 9 : 5;
    return {MetricRole::kLatency, ms, rank};
  }
  if (has({"availability"})) return {MetricRole::kAvailability, share, 0};
  if (has({"error", "errors", "failure", "failures"})) {
    const bool ratio = share != 1 || has({"rate", "ratio"});
    return {ratio ? MetricRole::kErrorRate : MetricRole::kErrors, share, 0};
  }
  if (has({"requests", "invocations", "calls"})) return {MetricRole::kRequests, 1, 0};
  return {};
}

std::vector<model::Slice> slices_from_metrics(std::span<const model::MetricSlice> metrics) {
  struct Bucket {
    std::optional<double> requests;
    std::optional<double> failed;  // share
    std::optional<double> errors;  // count
    std::optional<double> ms;
    int rank = 100;
  };
  std::map<std::string, MetricMeaning, std::less<>> meanings;
  std::map<std::pair<Time, std::string>, Bucket> buckets;
  for (const auto& m : metrics) {
    if (m.count == 0 || m.service.empty()) continue;
    auto known = meanings.find(m.metric);
    if (known == meanings.end()) known = meanings.emplace(m.metric, meaning_of(m.metric)).first;
    const MetricMeaning& meaning = known->second;
    if (meaning.role == MetricRole::kOther) continue;
    Bucket& b = buckets[{m.start, m.service}];
    const double value = meaning.scale * m.sum / static_cast<double>(m.count);
    switch (meaning.role) {
      case MetricRole::kRequests:
        b.requests = b.requests.value_or(0) + value;
        break;
      case MetricRole::kAvailability:
        b.failed = 1 - value;
        break;
      case MetricRole::kErrorRate:
        b.failed = value;
        break;
      case MetricRole::kErrors:
        b.errors = value;
        break;
      case MetricRole::kLatency:
        if (meaning.rank < b.rank) b.ms = value, b.rank = meaning.rank;
        break;
      case MetricRole::kOther:
        break;
    }
  }
  std::vector<model::Slice> slices;
  for (const auto& [key, b] : buckets) {
    if (!b.requests || *b.requests < 0.5) continue;
    model::Slice slice;
    slice.start = key.first;
    slice.service = key.second;
    slice.docs = static_cast<std::uint64_t>(std::llround(std::min(*b.requests, 1e9)));
    const double errors = b.errors.value_or(b.failed.value_or(0) * *b.requests);
    slice.errors = static_cast<std::uint64_t>(std::llround(std::clamp(errors, 0.0, *b.requests)));
    if (b.ms && *b.ms >= 0)
      slice.latency.add(model::latency_bin(*b.ms), static_cast<std::uint32_t>(slice.docs));
    slices.push_back(std::move(slice));
  }
  return slices;
}

}  // namespace sentinel::correlate
