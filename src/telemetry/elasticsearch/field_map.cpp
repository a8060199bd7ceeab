#include "telemetry/elasticsearch/field_map.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

std::optional<ColumnType> type_of(std::string_view word) {
  if (word == "date") return ColumnType::kDate;
  if (word == "date_nanos") return ColumnType::kNanos;
  if (word == "keyword" || word == "constant_keyword" || word == "wildcard" || word == "version" ||
      word == "ip")
    return ColumnType::kKeyword;
  if (word == "text" || word == "match_only_text") return ColumnType::kText;
  for (const char* number : {"long", "integer", "short", "byte", "double", "float", "half_float",
                             "scaled_float", "unsigned_long"}) {
    if (word == number) return ColumnType::kNumber;
  }
  return std::nullopt;  // object, nested, flattened, ...
}

bool wants_text(Role role) {
  switch (role) {
    case Role::kTimestamp:
    case Role::kDurationMs:
    case Role::kDurationNs:
    case Role::kSpanDuration:
    case Role::kIngested:
      return false;
    default:
      return true;
  }
}

}  // namespace

std::vector<std::string> names_of(const model::FieldNames& names, Role role) {
  switch (role) {
    case Role::kTimestamp:
      return names.timestamp;
    case Role::kService:
      return names.service;
    case Role::kLevel:
      return names.level;
    case Role::kMessage:
      return names.message;
    case Role::kDurationMs:
      return names.duration_ms;
    case Role::kDurationNs:
      return names.duration_ns;
    case Role::kTraceId:
      return names.trace_id;
    case Role::kSpanId:
      return names.span_id;
    case Role::kSpanKind:
      return names.span_kind;
    case Role::kPeer:
      return names.peer;
    case Role::kStatusCode:
      return names.status_code;
    case Role::kHost:
      return names.host;
    case Role::kSpanName:
      return {"name"};
    case Role::kSpanDuration:
      return {"duration"};
    case Role::kSpanStatus:
      return {"status.code"};
    case Role::kOutcome:
      return {"event.outcome"};
    case Role::kEventKind:
      return {"event.kind"};
    case Role::kIngested:
      return {"event.ingested"};
    case Role::kCount:
      break;
  }
  return {};
}

std::vector<std::string> fields_to_ask(const model::FieldNames& names) {
  std::vector<std::string> all;
  for (std::size_t r = 0; r < static_cast<std::size_t>(Role::kCount); ++r) {
    const auto role = static_cast<Role>(r);
    for (const auto& name : names_of(names, role)) {
      all.push_back(name);
      if (wants_text(role)) all.push_back(name + ".keyword");
    }
  }
  return all;
}

std::optional<Column> column_in(const json& caps, const std::string& name) {
  if (!caps.is_object() || !caps.contains("fields") || !caps["fields"].is_object()) return std::nullopt;
  const json& fields = caps["fields"];
  const auto found = fields.find(name);
  if (found == fields.end() || !found->is_object()) return std::nullopt;
  std::optional<Column> column;
  for (const auto& [word, about] : found->items()) {
    if (word == "unmapped") continue;
    const auto type = type_of(word);
    if (!type) return std::nullopt;
    if (!column) {
      column = Column{name, *type, false};
    } else {
      column->cast = true;
      if (column->type != *type) column->type = ColumnType::kMixed;
    }
  }
  return column;
}

FieldMap::FieldMap(const model::FieldNames& names, const json& caps) {
  for (std::size_t r = 0; r < columns_.size(); ++r) {
    const auto role = static_cast<Role>(r);
    for (const auto& name : names_of(names, role)) {
      auto column = column_in(caps, name);
      if (!column) continue;
      const bool is_date = column->type == ColumnType::kDate || column->type == ColumnType::kNanos;
      if ((role == Role::kTimestamp || role == Role::kIngested) != is_date) continue;
      // The exact word of an analysed text is in its keyword sub-field.
      if (role != Role::kMessage && column->type == ColumnType::kText) {
        const auto exact = column_in(caps, name + ".keyword");
        if (exact && exact->type == ColumnType::kKeyword) column = exact;
      }
      columns_[r].push_back(std::move(*column));
    }
  }
}

Result<void> FieldMap::usable(const std::string& index) const {
  for (const auto& [role, key] :
       {std::pair{Role::kTimestamp, "fields.timestamp"}, {Role::kService, "fields.service"}}) {
    if (has(role)) continue;
    return fail(
        ErrorKind::kInvalid,
        fmt::format("index {}: no document has a field that {} names, with a type that can be read; name the "
                    "field there (now: {})",
                    index, key, join(names_of(model::FieldNames{}, role), ", ")));
  }
  return {};
}

}  // namespace sentinel::telemetry
