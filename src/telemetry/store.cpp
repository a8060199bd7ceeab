#include "telemetry/store.hpp"

#include <future>

namespace sentinel::telemetry {

Result<void> write(TelemetrySink& sink, model::DocumentBatch batch, Time ingested) {
  std::promise<Result<void>> outcome;
  auto waiting = outcome.get_future();
  SENTINEL_TRY(sink.submit(std::move(batch), ingested,
                           [&outcome](Result<void> result) { outcome.set_value(std::move(result)); }));
  return waiting.get();
}

}  // namespace sentinel::telemetry
