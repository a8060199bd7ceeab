#include "targets.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/config.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "ingest/bulk.hpp"
#include "ingest/ndjson.hpp"
#include "ingest/otlp.hpp"
#include "telemetry/store.hpp"

namespace sentinel::fuzz {
namespace {

// Takes rows and checks what every store relies on.
class CheckingSink final : public telemetry::TelemetrySink {
 public:
  Result<void> submit(model::DocumentBatch batch, Time, Done done) override {
    for (const auto& row : batch.logs) {
      for (const auto text : {row.service, row.message, row.trace_id, row.extra}) {
        if (!is_valid_utf8(text)) std::abort();
      }
      if (row.has_duration() && !(row.duration_ms >= 0)) std::abort();
    }
    done({});
    return {};
  }
};

void run_bulk(std::string_view bytes) {
  std::string padded(bytes);
  padded.append(64, '\0');
  ingest::DocumentParser parser;
  const ingest::MetricIndices metrics("app-metrics-*");
  auto request = ingest::parse_bulk({padded.data(), bytes.size()}, "logs", metrics, parser, Time{});
  if (!request) return;
  const std::string answer = ingest::bulk_answer(*request, 1, 1);
  if (!nlohmann::json::accept(answer)) std::abort();
  (void)ingest::filter_answer(answer, "errors,items.*.error");
  CheckingSink sink;
  (void)telemetry::write(sink, std::move(request->batch), Time{});
}

void run_document(std::string_view bytes) {
  ingest::DocumentParser parser;
  for (const auto as : {ingest::DocumentClass::kLog, ingest::DocumentClass::kMetric}) {
    model::DocumentBatch batch;
    (void)parser.add(bytes, false, as, Time{}, batch);
    CheckingSink sink;
    (void)telemetry::write(sink, std::move(batch), Time{});
  }
}

void run_ndjson(std::string_view bytes) {
  const auto source = ingest::memory_source(std::string(bytes));
  ingest::DocumentParser parser;
  CheckingSink sink;
  const ManualClock clock;
  const auto summary = ingest::import_ndjson(*source, parser, sink, clock, {.max_line = 10'000});
  if (summary && summary->documents + summary->rejected != summary->lines) std::abort();
}

// The first byte chooses signal and encoding.
void run_otlp(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto choice = static_cast<unsigned char>(bytes.front());
  auto out =
      ingest::parse_otlp(static_cast<ingest::OtlpSignal>(choice % 3),
                         choice & 0x20U ? ingest::OtlpEncoding::kJson : ingest::OtlpEncoding::kProtobuf,
                         bytes.substr(1), Time{});
  if (!out) return;
  if (out->accepted != out->batch.size()) std::abort();
  for (const auto& row : out->batch.logs) {
    if (!row.extra.empty() && !nlohmann::json::accept(row.extra)) std::abort();
  }
  CheckingSink sink;
  (void)telemetry::write(sink, std::move(out->batch), Time{});
}

// Any bytes are a configuration or problems of one line each; what is accepted prints as YAML that means the
// same.
void run_config(std::string_view bytes) {
  const auto loaded = app::parse_config(bytes, {});
  for (const auto& problem : loaded.problems) {
    if (problem.empty() || problem.find('\n') != std::string::npos) std::abort();
  }
  if (!loaded.problems.empty()) return;
  const std::string printed = app::print_config(loaded.config);
  const auto again = app::parse_config(printed, {});
  if (!again.problems.empty() || app::print_config(again.config) != printed) std::abort();
}

// Any bytes are variables with proper names, or an error that names a line.
void run_dotenv(std::string_view bytes) {
  const auto values = app::parse_dotenv(bytes);
  if (!values) {
    if (!values.error().text().starts_with("line ")) std::abort();
    return;
  }
  for (const auto& [name, value] : *values) {
    if (name.empty() || name.find_first_of("= \t#\"'") != std::string::npos) std::abort();
  }
}

}  // namespace

const std::vector<Target>& targets() {
  static const std::vector<Target> all = {{"bulk", run_bulk},     {"document", run_document},
                                          {"ndjson", run_ndjson}, {"otlp", run_otlp},
                                          {"config", run_config}, {"dotenv", run_dotenv}};
  return all;
}

}  // namespace sentinel::fuzz
