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
#include "model/field_names.hpp"

namespace sentinel::ingest {

using FieldNames = model::FieldNames;

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
