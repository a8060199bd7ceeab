// OTLP in JSON: keys in lowerCamelCase, ids as hex text, 64-bit numbers as text or number, enums as numbers.
#ifndef NDEBUG
#define NDEBUG  // simdjson's assumptions become checks without it, at four times the cost
#endif
#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>

#include "base/text.hpp"
#include "ingest/otlp_records.hpp"

namespace sentinel::ingest {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// The member, or nothing when it is absent, null, or `parent` is no object.
std::optional<element> member(element parent, std::string_view key) {
  element found;
  if (parent.type() != element_type::OBJECT || parent.at_key(key).get(found) != simdjson::SUCCESS ||
      found.is_null())
    return std::nullopt;
  return found;
}

std::string text_at(element parent, std::string_view key) {
  const auto found = member(parent, key);
  std::string_view text;
  return found && found->get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::uint64_t integer_at(element parent, std::string_view key) {
  const auto found = member(parent, key);
  if (!found) return 0;
  std::uint64_t number = 0;
  if (found->get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  if (found->get(text) == simdjson::SUCCESS) std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

template <class Each>
Result<void> each_of(element parent, std::string_view key, Each&& each) {
  const auto list = member(parent, key);
  if (!list) return {};
  simdjson::dom::array items;
  if (list->get(items) != simdjson::SUCCESS)
    return fail(ErrorKind::kInvalid, fmt::format("{}: must be a list", key));
  for (const element item : items) SENTINEL_TRY(each(item));
  return {};
}

std::string as_json(const OtlpValue& value) { return value.is_string ? json_quoted(value.text) : value.text; }

Result<OtlpValue> value_of(element value, int depth) {
  if (depth > kMaxOtlpDepth)
    return fail(ErrorKind::kInvalid,
                fmt::format("attribute values are nested deeper than {}", kMaxOtlpDepth));
  std::string_view text;
  if (const auto v = member(value, "stringValue"); v && v->get(text) == simdjson::SUCCESS)
    return OtlpValue{std::string(text), true};
  if (const auto v = member(value, "bytesValue"); v && v->get(text) == simdjson::SUCCESS)
    return OtlpValue{std::string(text), true};
  if (const auto v = member(value, "intValue")) {
    std::int64_t number = 0;
    if (v->get(text) == simdjson::SUCCESS) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size())
        return fail(ErrorKind::kInvalid, fmt::format("intValue: '{}' is no integer", one_line(text, 40)));
      return OtlpValue{std::to_string(number), false};
    }
    return OtlpValue{simdjson::minify(*v), false};
  }
  if (const auto v = member(value, "arrayValue")) {
    OtlpValue out{"[", false};
    SENTINEL_TRY(each_of(*v, "values", [&](element item) -> Result<void> {
      SENTINEL_ASSIGN(const auto inner, value_of(item, depth + 1));
      if (out.text.size() > 1) out.text += ',';
      out.text += as_json(inner);
      return {};
    }));
    out.text += ']';
    return out;
  }
  if (const auto v = member(value, "kvlistValue")) {
    OtlpValue out{"{", false};
    SENTINEL_TRY(each_of(*v, "values", [&](element item) -> Result<void> {
      OtlpValue inner{"null", false};
      if (const auto of = member(item, "value")) {
        SENTINEL_ASSIGN(inner, value_of(*of, depth + 1));
      }
      if (out.text.size() > 1) out.text += ',';
      out.text += json_quoted(text_at(item, "key")) + ':' + as_json(inner);
      return {};
    }));
    out.text += '}';
    return out;
  }
  for (const std::string_view key : {"boolValue", "doubleValue"}) {
    if (const auto v = member(value, key)) {
      // Infinities come as text and have no JSON number.
      return OtlpValue{v->get(text) == simdjson::SUCCESS ? json_quoted(text) : simdjson::minify(*v), false};
    }
  }
  return OtlpValue{"null", false};
}

Result<OtlpAttributes> attributes_of(element parent) {
  OtlpAttributes out;
  SENTINEL_TRY(each_of(parent, "attributes", [&](element item) -> Result<void> {
    OtlpAttribute attribute{text_at(item, "key"), {"null", false}};
    if (const auto value = member(item, "value")) {
      SENTINEL_ASSIGN(attribute.value, value_of(*value, 1));
    }
    out.push_back(std::move(attribute));
    return {};
  }));
  return out;
}

Result<void> read_log(element item, OtlpRows& rows) {
  OtlpLog log;
  log.time_ns = integer_at(item, "timeUnixNano");
  log.observed_ns = integer_at(item, "observedTimeUnixNano");
  log.severity_number = static_cast<int>(integer_at(item, "severityNumber") & 0xFFU);
  log.severity_text = text_at(item, "severityText");
  log.event_name = text_at(item, "eventName");
  log.trace_id = text_at(item, "traceId");
  log.span_id = text_at(item, "spanId");
  if (const auto body = member(item, "body")) {
    SENTINEL_ASSIGN(log.body, value_of(*body, 1));
  }
  SENTINEL_ASSIGN(log.attributes, attributes_of(item));
  rows.add(log);
  return {};
}

Result<void> read_span(element item, OtlpRows& rows) {
  OtlpSpan span;
  span.start_ns = integer_at(item, "startTimeUnixNano");
  span.end_ns = integer_at(item, "endTimeUnixNano");
  span.kind = static_cast<int>(integer_at(item, "kind") & 0xFFU);
  span.name = text_at(item, "name");
  span.trace_id = text_at(item, "traceId");
  span.span_id = text_at(item, "spanId");
  span.parent_id = text_at(item, "parentSpanId");
  if (const auto status = member(item, "status")) {
    span.status = static_cast<int>(integer_at(*status, "code") & 0xFFU);
    span.status_message = text_at(*status, "message");
  }
  SENTINEL_ASSIGN(span.attributes, attributes_of(item));
  rows.add(span);
  return {};
}

Result<void> read_metric(element item, OtlpRows& rows) {
  const std::string name = text_at(item, "name");
  for (const std::string_view kind : {"gauge", "sum"}) {
    const auto data = member(item, kind);
    if (!data) continue;
    SENTINEL_TRY(each_of(*data, "dataPoints", [&](element point) -> Result<void> {
      OtlpPoint out{.time_ns = integer_at(point, "timeUnixNano"), .name = name};
      if (const auto value = member(point, "asDouble")) {
        if (value->get(out.value) != simdjson::SUCCESS) {
          rows.reject(1, fmt::format("{}: asDouble is no number", one_line(name, 80)));
          return {};
        }
      } else if (const auto whole = member(point, "asInt")) {
        std::string_view text;
        std::int64_t number = 0;
        if (whole->get(text) == simdjson::SUCCESS) {
          std::from_chars(text.data(), text.data() + text.size(), number);
        } else if (whole->get(number) != simdjson::SUCCESS) {
          number = 0;
        }
        out.value = static_cast<double>(number);
      }
      rows.add(out);
      return {};
    }));
  }
  for (const std::string_view kind : {"histogram", "exponentialHistogram", "summary"}) {
    const auto data = member(item, kind);
    if (!data) continue;
    std::size_t points = 0;
    SENTINEL_TRY(each_of(*data, "dataPoints", [&](element) -> Result<void> {
      ++points;
      return {};
    }));
    rows.reject(points, fmt::format("{}: only gauges and sums are kept", one_line(name, 80)));
  }
  return {};
}

struct Names {
  const char* resources;
  const char* scopes;
  const char* records;
  Result<void> (*read)(element, OtlpRows&);
};

Names names_of(OtlpSignal signal) {
  switch (signal) {
    case OtlpSignal::kTraces:
      return {"resourceSpans", "scopeSpans", "spans", read_span};
    case OtlpSignal::kMetrics:
      return {"resourceMetrics", "scopeMetrics", "metrics", read_metric};
    case OtlpSignal::kLogs:
      break;
  }
  return {"resourceLogs", "scopeLogs", "logRecords", read_log};
}

}  // namespace

Result<void> read_otlp_json(OtlpSignal signal, std::string_view body, OtlpRows& rows) {
  simdjson::dom::parser parser;
  element root;
  if (const auto code = parser.parse(body.data(), body.size()).get(root); code != simdjson::SUCCESS)
    return fail(ErrorKind::kInvalid,
                fmt::format("the body is no valid JSON: {}", simdjson::error_message(code)));
  if (root.type() != element_type::OBJECT) return fail(ErrorKind::kInvalid, "the body must be a JSON object");
  const Names names = names_of(signal);
  return each_of(root, names.resources, [&](element resource) -> Result<void> {
    OtlpAttributes attributes;
    if (const auto of = member(resource, "resource")) {
      SENTINEL_ASSIGN(attributes, attributes_of(*of));
    }
    rows.resource(attributes);
    return each_of(resource, names.scopes, [&](element scope) -> Result<void> {
      return each_of(scope, names.records, [&](element record) { return names.read(record, rows); });
    });
  });
}

}  // namespace sentinel::ingest
