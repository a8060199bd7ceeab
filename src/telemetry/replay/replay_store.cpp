#include "telemetry/replay/replay_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "telemetry/row_filter.hpp"

namespace sentinel::telemetry {
Result<void> ReplayStore::submit(model::DocumentBatch batch, Time ingested, Done done) {
  auto& came = arrivals_[ingested];
  for (const model::LogRow& row : batch.logs) {
    const Time start = align_down(row.time, step_);
    Bucket& bucket = buckets_[start];
    if (model::counts_in_slice(row)) {
      auto found = bucket.services.find(row.service);
      if (found == bucket.services.end()) {
        found = bucket.services
                    .emplace(std::string(row.service),
                             model::Slice{.service = std::string(row.service), .start = start})
                    .first;
      }
      ++found->second.docs;
      if (model::is_error(row.level, row.status_code)) ++found->second.errors;
      if (row.has_duration()) found->second.latency.add_ms(static_cast<double>(row.duration_ms));
      auto& arrival = came[{start, found->first, std::string(row.host)}];
      if (arrival.docs == 0) {
        arrival = {.service = found->first,
                   .slice = start,
                   .max_lag = ingested - row.time,
                   .source = std::string(row.host)};
      }
      ++arrival.docs;
      arrival.max_lag = std::max(arrival.max_lag, ingested - row.time);
    } else if (!row.service.empty() && !row.peer.empty()) {
      auto& call = bucket.calls[{std::string(row.service), std::string(row.peer)}];
      if (call.calls == 0)
        call = {.caller = std::string(row.service), .callee = std::string(row.peer), .start = start};
      ++call.calls;
      if (model::is_error(row.level, row.status_code)) ++call.errors;
      if (row.has_duration()) call.latency.add_ms(static_cast<double>(row.duration_ms));
    }
    bucket.text.add(row);
    bucket.rows.push_back({bucket.text.logs.back(), ingested, arrived_++});
    bucket.text.logs.clear();  // only its memory is wanted
    const model::TimeRange here{row.time, row.time + Duration(1)};
    extent_ =
        extent_ ? model::TimeRange{std::min(extent_->from, here.from), std::max(extent_->to, here.to)} : here;
    ++rows_;
  }
  for (const model::MetricRow& row : batch.metrics) {
    const Time start = align_down(row.time, step_);
    auto& slice = buckets_[start].metrics[{std::string(row.service), std::string(row.name)}];
    if (slice.count == 0)
      slice = {.service = std::string(row.service), .metric = std::string(row.name), .start = start};
    ++slice.count;
    slice.sum += row.value;
  }
  if (!batch.empty()) last_ingest_ = ingested;
  done({});
  return {};
}

void ReplayStore::forget_before(Time events, Time aggregates) {
  arrivals_.erase(arrivals_.begin(), arrivals_.lower_bound(aggregates));
  for (auto it = buckets_.begin();
       it != buckets_.end() && it->first + step_ <= std::max(events, aggregates);) {
    if (it->first + step_ <= aggregates) {
      it = buckets_.erase(it);
      continue;
    }
    if (it->first + step_ <= events && !it->second.rows.empty()) {
      it->second.rows = {};
      it->second.text = {};
    }
    ++it;
  }
}

Result<void> ReplayStore::check(Duration step) const {
  if (step >= step_ && step % step_ == Duration::zero()) return {};
  return fail(ErrorKind::kInvalid, fmt::format("this replay keeps slices of {}, not of {}",
                                               format_duration(step_), format_duration(step)));
}

Result<std::vector<model::Slice>> ReplayStore::slices(model::TimeRange range, Duration step) {
  SENTINEL_TRY(check(step));
  std::map<std::pair<Time, std::string>, model::Slice> merged;
  for (auto it = buckets_.lower_bound(range.from); it != buckets_.end() && it->first < range.to; ++it) {
    const Time start = align_down(it->first, step);
    for (const auto& [service, slice] : it->second.services) {
      auto [at, fresh] = merged.try_emplace({start, service}, slice);
      if (!fresh) at->second.merge(slice);
      at->second.start = start;
    }
  }
  std::vector<model::Slice> all;
  all.reserve(merged.size());
  for (auto& [key, slice] : merged) all.push_back(std::move(slice));
  return all;
}

Result<std::vector<model::CallSlice>> ReplayStore::calls(model::TimeRange range, Duration step) {
  SENTINEL_TRY(check(step));
  std::map<std::tuple<Time, std::string, std::string>, model::CallSlice> merged;
  for (auto it = buckets_.lower_bound(range.from); it != buckets_.end() && it->first < range.to; ++it) {
    const Time start = align_down(it->first, step);
    for (const auto& [edge, call] : it->second.calls) {
      auto [at, fresh] = merged.try_emplace({start, edge.first, edge.second}, call);
      if (!fresh) {
        at->second.calls += call.calls;
        at->second.errors += call.errors;
        at->second.latency.merge(call.latency);
      }
      at->second.start = start;
    }
  }
  std::vector<model::CallSlice> all;
  for (auto& [key, call] : merged) all.push_back(std::move(call));
  return all;
}

Result<std::vector<model::MetricSlice>> ReplayStore::metrics(model::TimeRange range, Duration step,
                                                             const std::vector<std::string>& names) {
  SENTINEL_TRY(check(step));
  std::map<std::tuple<Time, std::string, std::string>, model::MetricSlice> merged;
  for (auto it = buckets_.lower_bound(range.from); it != buckets_.end() && it->first < range.to; ++it) {
    const Time start = align_down(it->first, step);
    for (const auto& [key, slice] : it->second.metrics) {
      if (std::find(names.begin(), names.end(), key.second) == names.end()) continue;
      auto [at, fresh] = merged.try_emplace({start, key.first, key.second}, slice);
      if (!fresh) {
        at->second.count += slice.count;
        at->second.sum += slice.sum;
      }
      at->second.start = start;
    }
  }
  std::vector<model::MetricSlice> all;
  for (auto& [key, slice] : merged) all.push_back(std::move(slice));
  return all;
}

std::vector<const ReplayStore::Stored*> ReplayStore::matching(const EventQuery& query) const {
  const RowFilter filter(query);
  std::vector<const Stored*> found;
  for (auto it = buckets_.lower_bound(align_down(query.range.from, step_));
       it != buckets_.end() && it->first < query.range.to; ++it) {
    for (const Stored& stored : it->second.rows) {
      if (filter.matches(stored.row)) found.push_back(&stored);
    }
  }
  return found;
}

Result<std::vector<model::LogEvent>> ReplayStore::events(const EventQuery& query) {
  auto found = matching(query);
  std::sort(found.begin(), found.end(), [&](const Stored* a, const Stored* b) {
    if (a->row.time != b->row.time)
      return query.oldest_first ? a->row.time < b->row.time : a->row.time > b->row.time;
    return a->order < b->order;
  });
  std::vector<model::LogEvent> page;
  for (std::size_t i = query.offset; i < found.size() && page.size() < query.limit; ++i)
    page.push_back(to_event(found[i]->row, found[i]->ingested));
  return page;
}

Result<std::uint64_t> ReplayStore::count(const EventQuery& query) { return matching(query).size(); }

Result<std::vector<model::Arrival>> ReplayStore::arrivals(model::TimeRange ingested, Duration step) {
  SENTINEL_TRY(check(step));
  std::map<ArrivalKey, model::Arrival> merged;
  for (auto it = arrivals_.lower_bound(ingested.from); it != arrivals_.end() && it->first < ingested.to;
       ++it) {
    for (const auto& [key, one] : it->second) {
      const auto& [first, service, source] = key;
      const Time slice = align_down(first, step);
      auto& arrival = merged[{slice, service, source}];
      if (arrival.docs == 0)
        arrival = {.service = service, .slice = slice, .max_lag = one.max_lag, .source = source};
      arrival.docs += one.docs;
      arrival.max_lag = std::max(arrival.max_lag, one.max_lag);
    }
  }
  std::vector<model::Arrival> all;
  for (auto& [key, arrival] : merged) all.push_back(std::move(arrival));
  return all;
}

Result<StoreStatus> ReplayStore::status() {
  StoreStatus status;
  status.kind = "replay";
  status.rows = rows_;
  status.extent = extent_;
  status.last_ingest = last_ingest_;
  return status;
}

}  // namespace sentinel::telemetry
