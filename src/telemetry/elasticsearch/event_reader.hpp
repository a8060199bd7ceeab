// Log documents of the cluster: pages of events, counts, counts over time. What the cluster can decide is
// left to it; what only the document itself tells is decided here, from its `_source`.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "model/document.hpp"
#include "telemetry/elasticsearch/connection.hpp"
#include "telemetry/elasticsearch/field_map.hpp"
#include "telemetry/store.hpp"

namespace sentinel::telemetry {

// Reads one document of `_source` into a row, as for the shippers of the embedded store. Called by one
// thread at a time.
using ReadDocument =
    std::function<Result<void>(std::string_view json, Time fallback, model::DocumentBatch& out)>;

// Thread-safe.
class EventReader {
 public:
  EventReader(Connection& connection, std::string index, ReadDocument read, Log log)
      : connection_(connection), index_(std::move(index)), read_(std::move(read)), log_(log) {}

  // `esql`: the cluster understands it.
  Result<std::vector<model::LogEvent>> events(const FieldMap& fields, bool esql, const EventQuery& query);
  // Bounds of the range that are finer than a millisecond are taken as that millisecond, here and below.
  Result<std::uint64_t> count(const FieldMap& fields, bool esql, const EventQuery& query);
  Result<std::vector<CountSlice>> histogram(const FieldMap& fields, bool esql, const EventQuery& query,
                                            Duration step);
  Result<StoreStatus> extent(const FieldMap& fields);

 private:
  Result<nlohmann::json> search(const nlohmann::json& body, const std::string& about);
  Result<nlohmann::json> query(const std::string& body, const std::string& about);
  // Adds the row that a document is, if it can be read; its length.
  Result<std::size_t> read_hit(const nlohmann::json& source, std::optional<Time> ingested,
                               model::DocumentBatch& batch, std::vector<Time>& arrivals);
  Result<std::vector<model::LogEvent>> scan(const FieldMap& fields, const EventQuery& query,
                                            const nlohmann::json& filter, std::size_t wanted);
  Result<std::optional<std::vector<model::LogEvent>>> ask_esql(
      const FieldMap& fields, const EventQuery& query, std::size_t wanted, const std::string& about,
      const std::function<std::string(std::size_t limit)>& question);
  bool by_correlation(const EventQuery& query, std::size_t wanted) const;

  Connection& connection_;
  std::string index_;
  ReadDocument read_;
  Log log_;
  std::mutex reader_mutex_;
  std::atomic<std::size_t> document_bytes_{0};  // of a usual document, once it is known
};

}  // namespace sentinel::telemetry
