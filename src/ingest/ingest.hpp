// What shippers send becomes rows: JSON documents of any of the known schemas are normalised into a batch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/document.hpp"

namespace sentinel::ingest {

// Where each value may stand (`fields:` in the config): the first spelling that is present wins. A dotted
// name matches both the literal key "service.name" and the nested {"service": {"name": ...}}.
struct FieldNames {
  std::vector<std::string> timestamp = {"@timestamp", "timestamp", "time"};
  std::vector<std::string> service = {"service.name", "resource.attributes.service.name"};
  std::vector<std::string> level = {"level", "log.level", "severity_text"};
  std::vector<std::string> message = {"message", "body.text"};
  std::vector<std::string> duration_ms = {"duration_ms"};
  std::vector<std::string> duration_ns = {"event.duration"};
  std::vector<std::string> trace_id = {"trace.id", "trace_id"};
  std::vector<std::string> span_id = {"span.id", "span_id"};
  std::vector<std::string> parent_id = {"parent.id", "parent_span_id"};
  std::vector<std::string> span_kind = {"span.kind", "kind"};
  std::vector<std::string> peer = {"peer.service"};
  std::vector<std::string> host = {"host.name", "resource.attributes.host.name"};
  std::vector<std::string> version = {"service.version", "resource.attributes.service.version"};
  std::vector<std::string> status_code = {"status_code", "http.response.status_code", "http.status_code"};
};

enum class DocumentClass : std::uint8_t { kLog, kMetric };  // by index name: metrics_index pattern or not

// Why a document was not taken; `reason` names the field and the value.
struct Rejected {
  std::string reason;
};

// Parses documents one at a time into a batch. Reuse one per thread: it holds the parser's buffers. Not
// thread-safe.
class DocumentParser {
 public:
  explicit DocumentParser(FieldNames names);
  ~DocumentParser();
  DocumentParser(DocumentParser&&) noexcept;

  // `json` is one object. When `padded`, at least 64 readable bytes follow it. A document without a timestamp
  // gets `now` when `timestamp_required` is false, else it is rejected.
  Result<void> add(std::string_view json, bool padded, DocumentClass as, Time now, model::DocumentBatch& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::ingest
