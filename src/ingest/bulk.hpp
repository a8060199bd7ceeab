// The Elasticsearch `_bulk` dialect: a body of action and source lines becomes a batch and an outcome per
// item.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "ingest/ingest.hpp"

namespace sentinel::ingest {

struct BulkItem {
  enum class Action : std::uint8_t { kIndex, kCreate, kUpdate, kDelete } action = Action::kIndex;
  std::string index;
  std::string id;  // empty: one is made when the answer is written
  int status = 201;
  std::string error_type;
  std::string reason;
};

struct BulkRequest {
  model::DocumentBatch batch;
  std::vector<BulkItem> items;  // in order of the actions
  std::size_t failed = 0;
};

// Globs of index names whose documents are metric points; comma separated, as elasticsearch.metrics_index.
class MetricIndices {
 public:
  explicit MetricIndices(std::string_view patterns);
  DocumentClass of(std::string_view index) const;

 private:
  std::vector<std::string> patterns_;
};

// Reads a body. `padded`: 64 readable bytes follow it. `default_index`: from the URL, may be empty. A damaged
// source line fails its item alone (400 document_parsing_exception); a damaged action line fails the request
// (kInvalid, with the line's number). update and delete are understood and refused (400); a delete has no
// source line.
Result<BulkRequest> parse_bulk(std::string_view body, std::string_view default_index,
                               const MetricIndices& metrics, DocumentParser& parser, Time now);

// The answer, compact, keys in the order took, errors, items. `number` makes ids for items that have none.
std::string bulk_answer(const BulkRequest& request, std::int64_t took_ms, std::uint64_t number);

// Keeps only what `filter_path` names ("errors,items.*.error,items.*.status"; `*` one level, `**` any; a
// leading '-' excludes). An empty filter keeps all; what matches nothing leaves {}.
std::string filter_answer(const std::string& json, std::string_view filter_path);

}  // namespace sentinel::ingest
