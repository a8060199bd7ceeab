// What shippers send becomes rows: JSON documents of any of the known schemas are normalised into a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/document.hpp"

namespace sentinel::ingest {

// Where each value may stand (`fields:` in the config): the first spelling of a list that is present wins. A
// dotted name matches the literal key "service.name" and the nested {"service": {"name": ...}}, split
// anywhere.
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
  std::vector<std::string> peer = {"peer.service", "attributes.peer.service"};
  std::vector<std::string> host = {"host.name", "resource.attributes.host.name"};
  std::vector<std::string> version = {"service.version", "resource.attributes.service.version"};
  std::vector<std::string> status_code = {"status_code", "http.response.status_code", "http.status_code",
                                          "attributes.http.response.status_code"};
};

enum class DocumentClass : std::uint8_t { kLog, kMetric };  // by index name: metrics_index pattern or not

// Parses documents one at a time into a batch. Reuse one per thread: it holds the parser's buffers. Not
// thread-safe.
//
// Types are read tolerantly: numbers may be text, times may be RFC 3339 or epoch numbers in any unit, a
// message may be any JSON. A document is refused (kInvalid, naming field and value) when it is no object, is
// damaged, holds invalid UTF-8, is nested deeper than 64, or its timestamp is no time. Without a timestamp it
// gets `now`. Other fields are kept as `extra`.
class DocumentParser {
 public:
  explicit DocumentParser(const FieldNames& names = {});
  ~DocumentParser();
  DocumentParser(DocumentParser&&) noexcept;

  // `json` is one object. When `padded`, at least 64 readable bytes follow it; else it is copied.
  Result<void> add(std::string_view json, bool padded, DocumentClass as, Time now, model::DocumentBatch& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::ingest
