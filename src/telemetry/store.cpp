#include "telemetry/store.hpp"

#include <algorithm>
#include <future>
#include <set>
#include <string_view>

namespace sentinel::telemetry {

Result<std::vector<model::Slice>> TelemetryStore::service_slices(const std::vector<std::string>& services,
                                                                 model::TimeRange range, Duration step) {
  SENTINEL_ASSIGN(auto all, slices(range, step));
  const std::set<std::string_view> wanted(services.begin(), services.end());
  std::erase_if(all, [&](const model::Slice& slice) { return !wanted.contains(slice.service); });
  return all;
}

Result<std::vector<CountSlice>> TelemetryStore::histogram(const EventQuery& query, Duration step) {
  constexpr std::int64_t kMost = 500;
  if (step <= Duration::zero() || query.range.length() / step > kMost)
    return fail(ErrorKind::kInvalid, "a histogram has 500 steps at most");
  std::vector<CountSlice> found;
  for (Time at = align_down(query.range.from, step); at < query.range.to; at += step) {
    EventQuery part = query;
    part.range = {std::max(at, query.range.from), std::min(at + step, query.range.to)};
    CountSlice slice{.start = at};
    SENTINEL_ASSIGN(slice.total, count(part));
    if (slice.total == 0) continue;
    const auto at_least = [&](model::Level level) -> Result<std::uint64_t> {
      if (part.min_level && *part.min_level > level) return slice.total;
      EventQuery worse = part;
      worse.min_level = level;
      return count(worse);
    };
    SENTINEL_ASSIGN(slice.errors, at_least(model::Level::kError));
    SENTINEL_ASSIGN(slice.warnings, at_least(model::Level::kWarning));
    slice.warnings -= slice.errors;
    found.push_back(slice);
  }
  return found;
}

Result<void> write(TelemetrySink& sink, model::DocumentBatch batch, Time ingested) {
  std::promise<Result<void>> outcome;
  auto waiting = outcome.get_future();
  SENTINEL_TRY(sink.submit(std::move(batch), ingested,
                           [&outcome](Result<void> result) { outcome.set_value(std::move(result)); }));
  return waiting.get();
}

}  // namespace sentinel::telemetry
