// Which of the configured field names the indices really have, and with which type. From one `_field_caps`
// answer; pure.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/field_names.hpp"

namespace sentinel::telemetry {

enum class Role : std::uint8_t {
  kTimestamp,
  kService,
  kLevel,
  kMessage,
  kDurationMs,
  kDurationNs,
  kTraceId,
  kSpanId,
  kSpanKind,
  kPeer,
  kStatusCode,
  kHost,
  kSpanName,      // `name` of an OpenTelemetry span
  kSpanDuration,  // its `duration`, nanoseconds
  kSpanStatus,    // `status.code`
  kOutcome,       // `event.outcome`
  kEventKind,     // `event.kind`
  kIngested,      // `event.ingested`: when the cluster got the document
  kCount,
};

enum class ColumnType : std::uint8_t { kDate, kNanos, kKeyword, kText, kNumber, kMixed };

struct Column {
  std::string name;  // as to be asked: of a text field with a keyword sub-field, that one
  ColumnType type = ColumnType::kKeyword;
  bool cast = false;  // indices disagree about the exact type: ES|QL wants a conversion
  friend bool operator==(const Column&, const Column&) = default;
};

class FieldMap {
 public:
  FieldMap() = default;
  // `caps`: the answer to _field_caps for fields_to_ask(). Names of one role in the order of preference.
  FieldMap(const model::FieldNames& names, const nlohmann::json& caps);

  const std::vector<Column>& at(Role role) const { return columns_[static_cast<std::size_t>(role)]; }
  bool has(Role role) const { return !at(role).empty(); }
  const Column& first(Role role) const { return at(role).front(); }
  // kInvalid with what is missing when slices cannot be made: timestamp and service are needed.
  Result<void> usable(const std::string& index) const;
  friend bool operator==(const FieldMap&, const FieldMap&) = default;

 private:
  std::array<std::vector<Column>, static_cast<std::size_t>(Role::kCount)> columns_;
};

std::vector<std::string> fields_to_ask(const model::FieldNames& names);
// The configured names of a role.
std::vector<std::string> names_of(const model::FieldNames& names, Role role);
// The column of one field in an answer of _field_caps, if it can be used.
std::optional<Column> column_in(const nlohmann::json& caps, const std::string& name);

}  // namespace sentinel::telemetry
