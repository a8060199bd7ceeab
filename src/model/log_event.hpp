// A stored log line or span, as a query returns it: owns its text.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "model/document.hpp"

namespace sentinel::model {

struct LogEvent {
  Time time;  // of a span: its end
  Time ingested;
  std::string service;
  std::string message;
  std::string trace_id;
  std::string span_id;
  std::string parent_id;
  std::string peer;
  std::string host;
  std::string version;
  std::string extra;  // JSON object or empty
  float duration_ms = kNoDuration;
  std::int16_t status_code = 0;
  Level level = Level::kNone;
  SpanKind span_kind = SpanKind::kNone;
  bool is_span = false;

  bool has_duration() const { return !std::isnan(duration_ms); }
  bool failed() const { return is_error(level, status_code); }
  Time began() const {
    return has_duration() ? time - Duration(static_cast<std::int64_t>(duration_ms * 1000.0F)) : time;
  }
};

}  // namespace sentinel::model
