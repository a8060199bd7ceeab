#include "telemetry/field_match.hpp"

#include <simdjson.h>

#include <array>
#include <utility>

namespace sentinel::telemetry {
namespace {

// Names that answers use, and the embedded store's columns.
constexpr std::array<std::pair<std::string_view, const char*>, 11> kColumns = {{
    {"service", "service"},
    {"level", "level"},
    {"host", "host"},
    {"version", "version"},
    {"peer", "peer"},
    {"trace_id", "trace_id"},
    {"span_id", "span_id"},
    {"parent_id", "parent_id"},
    {"message", "message"},
    {"status_code", "status"},
    {"span_kind", "span_kind"},
}};

std::string pointer(std::string_view field, bool nested) {
  std::string path = "/";
  for (const char c : field) {
    if (c == '~') {
      path += "~0";
    } else if (c == '/') {
      path += "~1";
    } else {
      path += nested && c == '.' ? '/' : c;
    }
  }
  return path;
}

// The text of a scalar; empty and false for anything else.
bool text_of(const simdjson::dom::element& element, std::string& out) {
  std::string_view text;
  if (element.get_string().get(text) == simdjson::SUCCESS) {
    out = text;
    return true;
  }
  if (element.is_object() || element.is_array() || element.is_null()) return false;
  out = simdjson::minify(element);
  return true;
}

bool extra_has(std::string_view extra, std::string_view field, std::string_view value) {
  if (extra.empty() || extra.front() != '{') return false;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(extra.data(), extra.size(), true).get(root) != simdjson::SUCCESS) return false;
  std::string text;
  for (const auto& path : {dotted_pointer(field), nested_pointer(field)}) {
    simdjson::dom::element element;
    if (root.at_pointer(path).get(element) == simdjson::SUCCESS && text_of(element, text) && text == value)
      return true;
  }
  return false;
}

}  // namespace

const char* column_of(std::string_view field) {
  for (const auto& [name, column] : kColumns) {
    if (name == field) return column;
  }
  return nullptr;
}
std::string dotted_pointer(std::string_view field) { return pointer(field, false); }
std::string nested_pointer(std::string_view field) { return pointer(field, true); }

bool has_field(const model::LogRow& row, std::string_view field, std::string_view value) {
  if (field == "service") return row.service == value;
  if (field == "level") return model::to_string(row.level) == value;
  if (field == "host") return row.host == value;
  if (field == "version") return row.version == value;
  if (field == "peer") return row.peer == value;
  if (field == "trace_id") return row.trace_id == value;
  if (field == "span_id") return row.span_id == value;
  if (field == "parent_id") return row.parent_id == value;
  if (field == "message") return row.message == value;
  if (field == "status_code") return std::to_string(row.status_code) == value;
  if (field == "span_kind") return model::to_string(row.span_kind) == value;
  return extra_has(row.extra, field, value);
}

}  // namespace sentinel::telemetry
