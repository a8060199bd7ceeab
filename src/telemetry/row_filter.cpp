#include "telemetry/row_filter.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "telemetry/field_match.hpp"

namespace sentinel::telemetry {
namespace {

bool contains_folded(std::string_view text, std::string_view lowered) {
  if (lowered.empty()) return true;
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::search(text.begin(), text.end(), lowered.begin(), lowered.end(),
                     [&](char a, char b) { return fold(a) == b; }) != text.end();
}

bool any_of(const std::vector<std::string>& wanted, std::string_view value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

}  // namespace

RowFilter::RowFilter(const EventQuery& query) : query_(query) {
  for (const auto& text : query.texts) lowered_texts_.push_back(to_lower(text));
}

bool RowFilter::matches(const model::LogRow& row) const {
  if (!query_.range.contains(row.time) || !any_of(query_.services, row.service) ||
      !any_of(query_.trace_ids, row.trace_id))
    return false;
  if (query_.min_level && row.level < *query_.min_level) return false;
  if (query_.failed_only && !model::is_error(row.level, row.status_code)) return false;
  const bool span = !row.span_id.empty() && row.has_duration();
  if (query_.kind == EventQuery::Kind::kSpans && !span) return false;
  if (query_.kind == EventQuery::Kind::kLogs && row.is_span) return false;
  for (const auto& text : lowered_texts_) {
    if (!contains_folded(row.message, text)) return false;
  }
  return std::all_of(query_.fields.begin(), query_.fields.end(),
                     [&](const auto& field) { return has_field(row, field.first, field.second); });
}

model::LogEvent to_event(const model::LogRow& row, Time ingested) {
  model::LogEvent event;
  event.time = row.time;
  event.ingested = ingested;
  event.service = row.service;
  event.message = row.message;
  event.trace_id = row.trace_id;
  event.span_id = row.span_id;
  event.parent_id = row.parent_id;
  event.peer = row.peer;
  event.host = row.host;
  event.version = row.version;
  event.extra = row.extra;
  event.duration_ms = row.duration_ms;
  event.status_code = row.status_code;
  event.level = row.level;
  event.span_kind = row.span_kind;
  event.is_span = row.is_span;
  return event;
}

}  // namespace sentinel::telemetry
