// Files of one JSON document per line, plain or compressed, into the store: every line is taken or reported,
// and a damaged one costs nothing else.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ingest/bulk.hpp"
#include "telemetry/store.hpp"

namespace sentinel::ingest {

// Bytes of a file, inflated. gzip and zstd are told by their first bytes, whatever the name; members and
// frames may follow each other. "-" is standard input.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `room` bytes; 0 at the end. kInvalid with the position when compressed data are damaged or end too
  // early: what came before was given out.
  virtual Result<std::size_t> read(char* into, std::size_t room) = 0;
  virtual std::uint64_t consumed() const = 0;             // bytes of the file itself
  virtual std::optional<std::uint64_t> size() const = 0;  // of the file itself; none for a pipe
};
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);
std::unique_ptr<ByteSource> memory_source(std::string bytes);  // for tests and fuzzing

struct Rejection {
  std::uint64_t line = 0;
  std::string reason;
};
struct ImportSummary {
  std::uint64_t lines = 0;      // that hold something
  std::uint64_t documents = 0;  // accepted and durable
  std::uint64_t rejected = 0;
  std::vector<Rejection> first;  // at most Options::shown of them
  std::string ended_early;       // why the file could not be read to its end; empty when it was
};

struct ImportOptions {
  std::size_t shown = 20;
  std::size_t batch_rows = 5000;
  std::size_t max_line = 64ULL << 20;
  std::size_t in_flight = 4;  // batches not yet durable
  DocumentClass as = DocumentClass::kLog;
  MetricIndices metric_indices{""};  // for files in bulk form, which name the index
};

// Reads to the end. Lines that are bulk actions ({"index":{...}}) name the index of the next line and are no
// documents. An error is one of the store; damage in the file is part of the summary. `progress` is called
// now and then.
Result<ImportSummary> import_ndjson(ByteSource& source, DocumentParser& parser,
                                    telemetry::TelemetrySink& sink, const Clock& clock,
                                    const ImportOptions& options,
                                    const std::function<void(const ImportSummary&)>& progress = {});

// The lines of a source, without their ends, each with its number. A line longer than `max_line` is told as
// such.
class LineReader {
 public:
  LineReader(ByteSource& source, std::size_t max_line) : source_(source), max_line_(max_line) {}
  struct Line {
    std::uint64_t number = 0;
    std::string_view text;  // until the next call
    bool too_long = false;
  };
  // None at the end.
  Result<std::optional<Line>> next();

 private:
  Result<bool> fill();
  ByteSource& source_;
  std::size_t max_line_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

}  // namespace sentinel::ingest
