// OTLP in protobuf, read without generated code: four nested lists and some twenty fields. Fields may come in
// any order and unknown ones are passed over.
#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "ingest/otlp_records.hpp"
#include "ingest/wire.hpp"

namespace sentinel::ingest {
namespace {

using Type = WireField::Type;

// Calls `each` with every field of a message; false when the message is damaged.
template <class Each>
bool walk(std::string_view message, Each&& each) {
  WireReader reader(message);
  for (auto field = reader.next(); field; field = reader.next()) {
    if (!each(*field)) return false;
  }
  return !reader.damaged();
}

std::string text_of(const WireField& field) { return to_valid_utf8(field.bytes); }
std::string hex_of(std::string_view bytes) {
  std::string out;
  for (const char c : bytes)
    out += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return out;
}

std::string as_json(const OtlpValue& value) { return value.is_string ? json_quoted(value.text) : value.text; }

bool read_value(std::string_view message, int depth, OtlpValue& out);

bool read_attribute(std::string_view message, int depth, OtlpAttribute& out) {
  return walk(message, [&](const WireField& field) {
    if (field.is(1, Type::kBytes)) out.key = text_of(field);
    if (field.is(2, Type::kBytes)) return read_value(field.bytes, depth, out.value);
    return true;
  });
}

bool read_list(std::string_view message, int depth, bool members, std::string& out) {
  out = members ? "{" : "[";
  const bool whole = walk(message, [&](const WireField& field) {
    if (!field.is(1, Type::kBytes)) return true;
    if (out.size() > 1) out += ',';
    if (!members) {
      OtlpValue value{"null", false};
      if (!read_value(field.bytes, depth + 1, value)) return false;
      out += as_json(value);
      return true;
    }
    OtlpAttribute attribute{"", {"null", false}};
    if (!read_attribute(field.bytes, depth + 1, attribute)) return false;
    out += json_quoted(attribute.key) + ':' + as_json(attribute.value);
    return true;
  });
  out += members ? '}' : ']';
  return whole;
}

bool read_value(std::string_view message, int depth, OtlpValue& out) {
  if (depth > kMaxOtlpDepth) return false;
  return walk(message, [&](const WireField& field) {
    switch (field.number) {
      case 1:
        if (field.type == Type::kBytes) out = {text_of(field), true};
        return true;
      case 2:
        if (field.type == Type::kVarint) out = {field.value != 0 ? "true" : "false", false};
        return true;
      case 3:
        if (field.type == Type::kVarint) out = {std::to_string(field.as_int()), false};
        return true;
      case 4:
        if (field.type == Type::kFixed64) {
          const double number = field.as_double();
          out = {number - number == 0 ? fmt::format("{}", number) : std::string("null"), false};
        }
        return true;
      case 5:
      case 6:
        if (field.type != Type::kBytes) return true;
        out.is_string = false;
        return read_list(field.bytes, depth, field.number == 6, out.text);
      case 7:
        if (field.type == Type::kBytes) out = {hex_of(field.bytes), true};
        return true;
      default:
        return true;
    }
  });
}

bool add_attribute(const WireField& field, OtlpAttributes& out) {
  OtlpAttribute attribute{"", {"null", false}};
  if (!read_attribute(field.bytes, 1, attribute)) return false;
  out.push_back(std::move(attribute));
  return true;
}

bool read_log(std::string_view message, OtlpRows& rows) {
  OtlpLog log;
  const bool whole = walk(message, [&](const WireField& field) {
    if (field.is(1, Type::kFixed64)) log.time_ns = field.value;
    if (field.is(2, Type::kVarint)) log.severity_number = static_cast<int>(field.value & 0xFFU);
    if (field.is(3, Type::kBytes)) log.severity_text = text_of(field);
    if (field.is(5, Type::kBytes)) return read_value(field.bytes, 1, log.body);
    if (field.is(6, Type::kBytes)) return add_attribute(field, log.attributes);
    if (field.is(9, Type::kBytes)) log.trace_id = hex_of(field.bytes);
    if (field.is(10, Type::kBytes)) log.span_id = hex_of(field.bytes);
    if (field.is(11, Type::kFixed64)) log.observed_ns = field.value;
    if (field.is(12, Type::kBytes)) log.event_name = text_of(field);
    return true;
  });
  if (whole) rows.add(log);
  return whole;
}

bool read_span(std::string_view message, OtlpRows& rows) {
  OtlpSpan span;
  const bool whole = walk(message, [&](const WireField& field) {
    if (field.is(1, Type::kBytes)) span.trace_id = hex_of(field.bytes);
    if (field.is(2, Type::kBytes)) span.span_id = hex_of(field.bytes);
    if (field.is(4, Type::kBytes)) span.parent_id = hex_of(field.bytes);
    if (field.is(5, Type::kBytes)) span.name = text_of(field);
    if (field.is(6, Type::kVarint)) span.kind = static_cast<int>(field.value & 0xFFU);
    if (field.is(7, Type::kFixed64)) span.start_ns = field.value;
    if (field.is(8, Type::kFixed64)) span.end_ns = field.value;
    if (field.is(9, Type::kBytes)) return add_attribute(field, span.attributes);
    if (field.is(15, Type::kBytes)) {
      return walk(field.bytes, [&](const WireField& status) {
        if (status.is(2, Type::kBytes)) span.status_message = text_of(status);
        if (status.is(3, Type::kVarint)) span.status = static_cast<int>(status.value & 0xFFU);
        return true;
      });
    }
    return true;
  });
  if (whole) rows.add(span);
  return whole;
}

bool read_number_points(std::string_view message, std::string_view name, OtlpRows& rows) {
  return walk(message, [&](const WireField& field) {
    if (!field.is(1, Type::kBytes)) return true;
    OtlpPoint point{.name = name};
    const bool whole = walk(field.bytes, [&](const WireField& part) {
      if (part.is(3, Type::kFixed64)) point.time_ns = part.value;
      if (part.is(4, Type::kFixed64)) point.value = part.as_double();
      if (part.is(6, Type::kFixed64)) point.value = static_cast<double>(part.as_int());
      return true;
    });
    if (whole) rows.add(point);
    return whole;
  });
}

bool read_metric(std::string_view message, OtlpRows& rows) {
  std::string name;
  const bool whole = walk(message, [&](const WireField& field) {
    if (field.is(1, Type::kBytes)) name = text_of(field);
    return true;
  });
  return whole && walk(message, [&](const WireField& field) {
           if (field.type != Type::kBytes) return true;
           if (field.number == 5 || field.number == 7) return read_number_points(field.bytes, name, rows);
           if (field.number < 9 || field.number > 11) return true;
           std::size_t points = 0;
           const bool counted = walk(field.bytes, [&](const WireField& part) {
             points += part.is(1, Type::kBytes) ? 1U : 0U;
             return true;
           });
           rows.reject(points, fmt::format("{}: only gauges and sums are kept", one_line(name, 80)));
           return counted;
         });
}

bool read_scope(OtlpSignal signal, std::string_view message, OtlpRows& rows) {
  return walk(message, [&](const WireField& field) {
    if (!field.is(2, Type::kBytes)) return true;
    switch (signal) {
      case OtlpSignal::kLogs:
        return read_log(field.bytes, rows);
      case OtlpSignal::kTraces:
        return read_span(field.bytes, rows);
      case OtlpSignal::kMetrics:
        return read_metric(field.bytes, rows);
    }
    return true;
  });
}

}  // namespace

Result<void> read_otlp_protobuf(OtlpSignal signal, std::string_view body, OtlpRows& rows) {
  std::size_t number = 0;
  const bool whole = walk(body, [&](const WireField& resource) {
    if (!resource.is(1, Type::kBytes)) return true;
    ++number;
    // The resource may stand behind the records that belong to it: it is looked for first.
    OtlpAttributes attributes;
    bool fine = walk(resource.bytes, [&](const WireField& field) {
      if (!field.is(1, Type::kBytes)) return true;
      return walk(field.bytes, [&](const WireField& attribute) {
        return !attribute.is(1, Type::kBytes) || add_attribute(attribute, attributes);
      });
    });
    rows.resource(attributes);
    fine = fine && walk(resource.bytes, [&](const WireField& field) {
             return !field.is(2, Type::kBytes) || read_scope(signal, field.bytes, rows);
           });
    return fine;
  });
  if (!whole) {
    return fail(
        ErrorKind::kInvalid,
        fmt::format("the body is no whole protobuf message of OTLP (resource {} is damaged, cut short, or "
                    "nested deeper than {})",
                    number, kMaxOtlpDepth));
  }
  return {};
}

}  // namespace sentinel::ingest
