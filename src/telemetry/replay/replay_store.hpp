// A telemetry store for replays: documents go in about in time order, aggregates are kept per slice, raw
// documents for as long as the caller wants them. A day of history replays in seconds because a tick reads
// ready-made slices.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "telemetry/store.hpp"

namespace sentinel::telemetry {

// Not thread-safe: a replay is single-threaded. Obeys the contract of the ports for steps that are multiples
// of the one it was made with, except that rows before the last forget_before() are gone.
class ReplayStore final : public TelemetryStore, public TelemetrySink {
 public:
  explicit ReplayStore(Duration step = seconds(60)) : step_(step) {}

  Result<void> submit(model::DocumentBatch batch, Time ingested, Done done) override;
  // Drops raw documents whose slice ended before `events`, and aggregates before `aggregates`.
  void forget_before(Time events, Time aggregates);

  Result<std::vector<model::Slice>> slices(model::TimeRange range, Duration step) override;
  Result<std::vector<model::CallSlice>> calls(model::TimeRange range, Duration step) override;
  Result<std::vector<model::MetricSlice>> metrics(model::TimeRange range, Duration step,
                                                  const std::vector<std::string>& names) override;
  Result<std::vector<model::LogEvent>> events(const EventQuery& query) override;
  Result<std::uint64_t> count(const EventQuery& query) override;
  Result<std::vector<model::Arrival>> arrivals(model::TimeRange ingested, Duration step) override;
  Result<StoreStatus> status() override;

 private:
  struct Stored {
    model::LogRow row;
    Time ingested;
    std::uint64_t order;  // of arrival, over the whole store
  };
  // All of one slice of time. The rows view into `text`.
  struct Bucket {
    std::map<std::string, model::Slice, std::less<>> services;
    std::map<std::pair<std::string, std::string>, model::CallSlice> calls;
    std::map<std::pair<std::string, std::string>, model::MetricSlice> metrics;
    std::vector<Stored> rows;
    model::DocumentBatch text;
  };
  using Buckets = std::map<Time, Bucket>;

  Result<void> check(Duration step) const;
  std::vector<const Stored*> matching(const EventQuery& query) const;

  Duration step_;
  Buckets buckets_;
  // By moment of arrival, then (slice of step_, service, source): a tick asks only for what came since the
  // one before.
  using ArrivalKey = std::tuple<Time, std::string, std::string>;
  std::map<Time, std::map<ArrivalKey, model::Arrival>> arrivals_;
  std::uint64_t arrived_ = 0;
  std::uint64_t rows_ = 0;
  std::optional<model::TimeRange> extent_;
  std::optional<Time> last_ingest_;
};

}  // namespace sentinel::telemetry
