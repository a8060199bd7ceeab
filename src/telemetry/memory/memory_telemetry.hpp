// The double of the telemetry ports: rows in a vector, every question answered by looking at all of them.
#pragma once

#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "telemetry/store.hpp"

namespace sentinel::telemetry {

class MemoryTelemetry final : public TelemetryStore, public TelemetrySink {
 public:
  Result<void> submit(model::DocumentBatch batch, Time ingested, Done done) override;
  Result<std::vector<model::Slice>> slices(model::TimeRange range, Duration step) override;
  Result<std::vector<model::CallSlice>> calls(model::TimeRange range, Duration step) override;
  Result<std::vector<model::MetricSlice>> metrics(model::TimeRange range, Duration step,
                                                  const std::vector<std::string>& names) override;
  Result<std::vector<model::LogEvent>> events(const EventQuery& query) override;
  Result<std::uint64_t> count(const EventQuery& query) override;
  Result<std::vector<model::Arrival>> arrivals(model::TimeRange ingested, Duration step) override;
  Result<StoreStatus> status() override;

  // From now on every call fails with this error; none again: all is well. For scenarios of an ill store.
  void break_with(std::optional<Error> error);

 private:
  struct Stored {
    model::LogRow row;  // views into batches_
    Time ingested;
  };
  Result<void> healthy() const;

  mutable std::mutex mutex_;
  std::vector<model::DocumentBatch> batches_;
  std::vector<Stored> rows_;
  std::vector<model::MetricRow> points_;
  std::optional<Error> error_;
  std::optional<Time> last_ingest_;
};

}  // namespace sentinel::telemetry
