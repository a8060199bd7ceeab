// What both encodings of OTLP are read into, and how it becomes rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/otlp.hpp"

namespace sentinel::ingest {

inline constexpr int kMaxOtlpDepth = 32;  // of nested attribute values

// An attribute's value: of a string the text itself, of anything else its JSON.
struct OtlpValue {
  std::string text;
  bool is_string = false;
};
struct OtlpAttribute {
  std::string key;
  OtlpValue value;
};
using OtlpAttributes = std::vector<OtlpAttribute>;

struct OtlpLog {
  std::uint64_t time_ns = 0;  // since the epoch; 0 is absent, here and below
  std::uint64_t observed_ns = 0;
  int severity_number = 0;  // 1 to 24
  std::string severity_text;
  OtlpValue body;
  std::string event_name;
  std::string trace_id;  // hex, as sent
  std::string span_id;
  OtlpAttributes attributes;
};

struct OtlpSpan {
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  int kind = 0;    // 1 internal, 2 server, 3 client, 4 producer, 5 consumer
  int status = 0;  // 2: error
  std::string status_message;
  std::string name;
  std::string trace_id;
  std::string span_id;
  std::string parent_id;
  OtlpAttributes attributes;
};

struct OtlpPoint {
  std::uint64_t time_ns = 0;
  std::string_view name;
  double value = 0;
};

// Turns records into rows of one export. Call resource() before the records that belong to it.
class OtlpRows {
 public:
  OtlpRows(OtlpExport& out, Time now) : out_(out), now_(now) {}
  void resource(const OtlpAttributes& attributes);
  void add(const OtlpLog& log);
  void add(const OtlpSpan& span);
  void add(const OtlpPoint& point);
  void reject(std::size_t records, std::string reason);

 private:
  void finish(model::LogRow row, const OtlpAttributes& attributes, std::string extra);
  Time time_of(std::uint64_t ns) const;

  OtlpExport& out_;
  Time now_;
  std::string_view service_;
  std::string_view host_;
  std::string_view version_;
  std::string resource_extra_;  // the resource's other attributes, as JSON members
};

Result<void> read_otlp_protobuf(OtlpSignal signal, std::string_view body, OtlpRows& rows);
Result<void> read_otlp_json(OtlpSignal signal, std::string_view body, OtlpRows& rows);

}  // namespace sentinel::ingest
