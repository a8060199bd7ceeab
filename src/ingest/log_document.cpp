#include "ingest/log_document.hpp"

#include <nlohmann/json.hpp>

namespace sentinel::ingest {

nlohmann::json log_document(const model::LogRow& row) {
  nlohmann::json document = nlohmann::json::object();
  if (!row.extra.empty()) document = nlohmann::json::parse(row.extra, nullptr, false);
  if (!document.is_object()) document = nlohmann::json::object();
  document["@timestamp"] = format_rfc3339(row.time);
  const auto put = [&](const char* key, std::string_view value) {
    if (!value.empty()) document[key] = value;
  };
  put("service.name", row.service);
  put("level", model::to_string(row.level));
  put("message", row.message);
  put("trace.id", row.trace_id);
  put("span.id", row.span_id);
  put("parent.id", row.parent_id);
  put("span.kind", model::to_string(row.span_kind));
  put("peer.service", row.peer);
  put("host.name", row.host);
  put("service.version", row.version);
  if (row.has_duration()) document["duration_ms"] = row.duration_ms;
  if (row.status_code != 0) document["status_code"] = row.status_code;
  if (row.is_span) document["event.kind"] = "span";
  return document;
}

}  // namespace sentinel::ingest
