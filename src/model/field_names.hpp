// The names under which log documents carry each value (`fields:` in the config).
#pragma once

#include <string>
#include <vector>

namespace sentinel::model {

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

}  // namespace sentinel::model
