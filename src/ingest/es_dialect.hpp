// The HTTP face that log shippers know: the part of Elasticsearch's API that Filebeat, Logstash, Fluent Bit,
// Vector, rsyslog, the official clients and the OpenTelemetry exporter call before and while they send
// documents.
//
// Documents are acknowledged after they are durable. Load is refused for the whole request (429 with
// Retry-After): shippers lose what is refused item by item.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "ingest/bulk.hpp"
#include "net/server.hpp"
#include "telemetry/store.hpp"

namespace sentinel::ingest {

class EsDialect {
 public:
  // All outlive the server it is registered with.
  struct Deps {
    telemetry::TelemetrySink& sink;
    const Clock& clock;
    Log log;
    Metrics& metrics;
  };
  struct Options {
    std::string metrics_index = "app-metrics-*";
    FieldNames fields;
  };
  EsDialect(Deps deps, Options options);
  ~EsDialect();

  // Serves below `prefix` ("", "/es").
  void register_routes(net::Server& server, const std::string& prefix);
  // Errors of the server itself in this dialect, for paths that are not below /api.
  static net::Response error(int status, std::string_view type, std::string_view reason);

 private:
  void bulk(net::Request& request, const net::Responder& responder, std::string_view index);
  void single(net::Request& request, const net::Responder& responder);
  std::unique_ptr<DocumentParser> borrow_parser();
  void give_back(std::unique_ptr<DocumentParser> parser);

  Deps deps_;
  Options options_;
  MetricIndices metric_indices_;
  Counter& documents_;
  Counter& rejected_;
  std::atomic<std::uint64_t> requests_{0};
  std::mutex mutex_;  // guards parsers_
  std::vector<std::unique_ptr<DocumentParser>> parsers_;
};

}  // namespace sentinel::ingest
