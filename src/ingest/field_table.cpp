#include "ingest/field_table.hpp"

namespace sentinel::ingest {

void FieldTable::add(Field field, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    Entry& entry = entries_[names[i]];
    entry.field = field;
    entry.rank = static_cast<std::uint8_t>(i);
    for (std::size_t dot = names[i].find('.'); dot != std::string::npos; dot = names[i].find('.', dot + 1)) {
      entries_[names[i].substr(0, dot)].prefix = true;
    }
  }
}

FieldTable::FieldTable(const FieldNames& names) {
  add(Field::kSpanName, {"name"});
  add(Field::kSpanDuration, {"duration"});
  add(Field::kSpanStatus, {"status.code"});
  add(Field::kOutcome, {"event.outcome"});
  add(Field::kEventKind, {"event.kind"});
  add(Field::kTimestamp, names.timestamp);
  add(Field::kService, names.service);
  add(Field::kLevel, names.level);
  add(Field::kMessage, names.message);
  add(Field::kDurationMs, names.duration_ms);
  add(Field::kDurationNs, names.duration_ns);
  add(Field::kTraceId, names.trace_id);
  add(Field::kSpanId, names.span_id);
  add(Field::kParentId, names.parent_id);
  add(Field::kSpanKind, names.span_kind);
  add(Field::kPeer, names.peer);
  add(Field::kHost, names.host);
  add(Field::kVersion, names.version);
  add(Field::kStatusCode, names.status_code);
}

}  // namespace sentinel::ingest
