#include "telemetry/memory/memory_telemetry.hpp"

#include <algorithm>

#include "telemetry/row_filter.hpp"

namespace sentinel::telemetry {

void MemoryTelemetry::break_with(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
}

Result<void> MemoryTelemetry::healthy() const {
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

Result<void> MemoryTelemetry::submit(model::DocumentBatch batch, Time ingested, Done done) {
  {
    const std::lock_guard lock(mutex_);
    SENTINEL_TRY(healthy());
    for (const auto& row : batch.logs) rows_.push_back({row, ingested});
    points_.insert(points_.end(), batch.metrics.begin(), batch.metrics.end());
    if (!batch.empty()) last_ingest_ = ingested;
    batches_.push_back(std::move(batch));
  }
  done({});
  return {};
}

Result<std::vector<model::Slice>> MemoryTelemetry::slices(model::TimeRange range, Duration step) {
  const std::lock_guard lock(mutex_);
  SENTINEL_TRY(healthy());
  std::map<std::pair<Time, std::string>, model::Slice> found;
  for (const auto& [row, ingested] : rows_) {
    if (!range.contains(row.time) || !model::counts_in_slice(row)) continue;
    const Time start = align_down(row.time, step);
    auto& slice = found[{start, std::string(row.service)}];
    slice.service = row.service;
    slice.start = start;
    ++slice.docs;
    slice.errors += model::is_error(row.level, row.status_code) ? 1U : 0U;
    if (row.has_duration()) slice.latency.add_ms(static_cast<double>(row.duration_ms));
  }
  std::vector<model::Slice> all;
  for (auto& [key, slice] : found) all.push_back(std::move(slice));
  return all;
}

Result<std::vector<model::CallSlice>> MemoryTelemetry::calls(model::TimeRange range, Duration step) {
  const std::lock_guard lock(mutex_);
  SENTINEL_TRY(healthy());
  std::map<std::tuple<Time, std::string, std::string>, model::CallSlice> found;
  for (const auto& [row, ingested] : rows_) {
    if (!range.contains(row.time) || !model::is_outgoing(row.span_kind) || row.service.empty() ||
        row.peer.empty())
      continue;
    const Time start = align_down(row.time, step);
    auto& call = found[{start, std::string(row.service), std::string(row.peer)}];
    call.caller = row.service;
    call.callee = row.peer;
    call.start = start;
    ++call.calls;
    call.errors += model::is_error(row.level, row.status_code) ? 1U : 0U;
    if (row.has_duration()) call.latency.add_ms(static_cast<double>(row.duration_ms));
  }
  std::vector<model::CallSlice> all;
  for (auto& [key, call] : found) all.push_back(std::move(call));
  return all;
}

Result<std::vector<model::MetricSlice>> MemoryTelemetry::metrics(model::TimeRange range, Duration step,
                                                                 const std::vector<std::string>& names) {
  const std::lock_guard lock(mutex_);
  SENTINEL_TRY(healthy());
  std::map<std::tuple<Time, std::string, std::string>, model::MetricSlice> found;
  for (const auto& point : points_) {
    if (!range.contains(point.time) || std::find(names.begin(), names.end(), point.name) == names.end())
      continue;
    const Time start = align_down(point.time, step);
    auto& slice = found[{start, std::string(point.service), std::string(point.name)}];
    slice.service = point.service;
    slice.metric = point.name;
    slice.start = start;
    ++slice.count;
    slice.sum += point.value;
  }
  std::vector<model::MetricSlice> all;
  for (auto& [key, slice] : found) all.push_back(std::move(slice));
  return all;
}

Result<std::vector<model::LogEvent>> MemoryTelemetry::events(const EventQuery& query) {
  const std::lock_guard lock(mutex_);
  SENTINEL_TRY(healthy());
  const RowFilter filter(query);
  std::vector<const Stored*> found;
  for (const auto& stored : rows_) {
    if (filter.matches(stored.row)) found.push_back(&stored);
  }
  std::stable_sort(found.begin(), found.end(), [&](const Stored* a, const Stored* b) {
    return query.oldest_first ? a->row.time < b->row.time : a->row.time > b->row.time;
  });
  std::vector<model::LogEvent> page;
  for (std::size_t i = query.offset; i < found.size() && page.size() < query.limit; ++i)
    page.push_back(to_event(found[i]->row, found[i]->ingested));
  return page;
}

Result<std::uint64_t> MemoryTelemetry::count(const EventQuery& query) {
  const std::lock_guard lock(mutex_);
  SENTINEL_TRY(healthy());
  const RowFilter filter(query);
  return static_cast<std::uint64_t>(std::count_if(
      rows_.begin(), rows_.end(), [&](const auto& stored) { return filter.matches(stored.row); }));
}

Result<std::vector<model::Arrival>> MemoryTelemetry::arrivals(model::TimeRange ingested, Duration step) {
  const std::lock_guard lock(mutex_);
  SENTINEL_TRY(healthy());
  std::map<std::tuple<Time, std::string, std::string>, model::Arrival> found;
  for (const auto& [row, at] : rows_) {
    if (!ingested.contains(at) || !model::counts_in_slice(row)) continue;
    const Time start = align_down(row.time, step);
    auto [it, fresh] = found.try_emplace(
        {start, std::string(row.service), std::string(row.host)},
        model::Arrival{std::string(row.service), start, 0, at - row.time, std::string(row.host)});
    ++it->second.docs;
    it->second.max_lag = std::max(it->second.max_lag, at - row.time);
  }
  std::vector<model::Arrival> all;
  for (auto& [key, arrival] : found) all.push_back(std::move(arrival));
  return all;
}

Result<StoreStatus> MemoryTelemetry::status() {
  const std::lock_guard lock(mutex_);
  SENTINEL_TRY(healthy());
  StoreStatus status;
  status.kind = "memory";
  status.rows = rows_.size();
  status.last_ingest = last_ingest_;
  for (const auto& [row, at] : rows_) {
    const model::TimeRange here{row.time, row.time + Duration(1)};
    status.extent = status.extent ? model::TimeRange{std::min(status.extent->from, here.from),
                                                     std::max(status.extent->to, here.to)}
                                  : here;
  }
  return status;
}

}  // namespace sentinel::telemetry
