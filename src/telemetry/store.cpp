#include "telemetry/store.hpp"

#include <future>

namespace sentinel::telemetry {

Result<std::vector<model::Slice>> TelemetryStore::service_slices(const std::string& service,
                                                                 model::TimeRange range, Duration step) {
  SENTINEL_ASSIGN(auto all, slices(range, step));
  std::erase_if(all, [&](const model::Slice& slice) { return slice.service != service; });
  return all;
}

Result<void> write(TelemetrySink& sink, model::DocumentBatch batch, Time ingested) {
  std::promise<Result<void>> outcome;
  auto waiting = outcome.get_future();
  SENTINEL_TRY(sink.submit(std::move(batch), ingested,
                           [&outcome](Result<void> result) { outcome.set_value(std::move(result)); }));
  return waiting.get();
}

}  // namespace sentinel::telemetry
