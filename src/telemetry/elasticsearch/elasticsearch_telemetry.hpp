// The telemetry store of fleets that keep their logs in Elasticsearch or OpenSearch. Reads only. By ES|QL
// where the cluster has it (8.14 or newer), else by aggregations of `_search`; which of both is asked once.
// Nothing is kept here but the map of fields, which is asked again every few minutes and after a refusal.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "model/field_names.hpp"
#include "telemetry/elasticsearch/connection.hpp"
#include "telemetry/elasticsearch/event_reader.hpp"
#include "telemetry/store.hpp"

namespace sentinel::telemetry {

struct ElasticsearchOptions {
  ConnectionOptions connection;
  std::string log_index = "app-logs-all";  // index, alias, data stream or pattern; several with commas
  std::string metrics_index = "app-metrics-*";
  model::FieldNames fields;
  enum class Engine : std::uint8_t { kAsk, kEsql, kSearch } engine = Engine::kAsk;
  ReadDocument read_document;
};

// Which product answers, and how it is asked.
struct ClusterFacts {
  std::string name;
  std::string version;
  std::string distribution;  // "elasticsearch", "opensearch"
  bool esql = false;
};

class ElasticsearchTelemetry final : public TelemetryStore {
 public:
  // `transport` outlives it. Nothing is sent yet: a cluster that is away at the start is asked when it is
  // needed.
  ElasticsearchTelemetry(net::Transport& transport, ElasticsearchOptions options, net::RetryTime time,
                         Log log);
  ~ElasticsearchTelemetry() override;

  Result<std::vector<model::Slice>> slices(model::TimeRange range, Duration step) override;
  Result<std::vector<model::Slice>> service_slices(const std::vector<std::string>& services,
                                                   model::TimeRange range, Duration step) override;
  Result<std::vector<model::CallSlice>> calls(model::TimeRange range, Duration step) override;
  Result<std::vector<model::MetricSlice>> metrics(model::TimeRange range, Duration step,
                                                  const std::vector<std::string>& names) override;
  Result<std::vector<model::LogEvent>> events(const EventQuery& query) override;
  Result<std::uint64_t> count(const EventQuery& query) override;
  // By `event.ingested`; empty when the documents have no such field.
  Result<std::vector<model::Arrival>> arrivals(model::TimeRange ingested, Duration step) override;
  Result<StoreStatus> status() override;
  Result<std::vector<CountSlice>> histogram(const EventQuery& query, Duration step) override;

  Result<ClusterFacts> facts();
  Connection& connection();
  void interrupt();  // for a stop: questions under way end

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::telemetry
