// What OpenTelemetry SDKs and collectors export over HTTP (OTLP 1.x): logs, spans and number points become
// rows. Field numbers and meanings are those of the opentelemetry-proto repository.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/document.hpp"

namespace sentinel::ingest {

enum class OtlpSignal : std::uint8_t { kLogs, kTraces, kMetrics };
enum class OtlpEncoding : std::uint8_t { kProtobuf, kJson };

struct OtlpExport {
  model::DocumentBatch batch;
  std::size_t accepted = 0;
  std::size_t rejected = 0;  // records that cannot be kept here; the sender must not repeat them
  std::string reason;        // of the last rejected one
};

// The body of an Export*ServiceRequest; an empty one holds nothing and is fine. The service is the resource's
// `service.name`; a record without a time gets its observed time, then `now`. Ids that are no 16 or 8 bytes,
// or are all zero, are taken as absent. kInvalid when the body is damaged as a whole.
Result<OtlpExport> parse_otlp(OtlpSignal signal, OtlpEncoding encoding, std::string_view body, Time now);

}  // namespace sentinel::ingest
