// simdjson turns its assumptions into checks without NDEBUG, at four times the cost; this file's own asserts
// are none.
#ifndef NDEBUG
#define NDEBUG
#endif
#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "ingest/field_table.hpp"
#include "ingest/ingest.hpp"

namespace sentinel::ingest {
namespace {

namespace ondemand = simdjson::ondemand;
constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxId = 256;  // of ids and names: longer ones are cut

// One field as it stood in the document. `raw` is its JSON; of a string, `text` is the unescaped value.
struct Value {
  bool present = false;
  std::uint8_t rank = 255;
  bool is_string = false;
  std::string_view text;
  std::string_view raw;
};

Error invalid(std::string text) { return Error{ErrorKind::kInvalid, std::move(text), nullptr}; }

Error damaged(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return invalid("the document holds bytes that are no UTF-8");
    case simdjson::EMPTY:
      return invalid("the document is empty");
    case simdjson::DEPTH_ERROR:
      return invalid(fmt::format("the document is nested deeper than {} levels", kMaxDepth));
    case simdjson::INCORRECT_TYPE:
      return invalid("the document must be a JSON object");
    default:
      return invalid(fmt::format("the document is no valid JSON: {}", simdjson::error_message(code)));
  }
}

// Deepest nesting of brackets outside of strings.
bool too_deep(std::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

std::optional<double> number_of(const Value& value) {
  if (!value.present) return std::nullopt;
  const std::string_view text = value.is_string ? trim(value.text) : trim(value.raw);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The text that a value stands for: of a string itself, of a list with one string that string, else its JSON.
std::string_view text_of(const Value& value) {
  if (!value.present) return {};
  if (value.is_string) return value.text;
  std::string_view raw = trim(value.raw);
  if (raw.size() > 4 && raw.front() == '[' && raw[1] == '"' && raw.back() == ']' &&
      raw[raw.size() - 2] == '"' &&
      raw.substr(2, raw.size() - 4).find_first_of("\"\\") == std::string_view::npos) {
    return raw.substr(2, raw.size() - 4);
  }
  return raw;
}

float duration_of(std::optional<double> number, double scale) {
  if (!number) return model::kNoDuration;
  const double ms = *number * scale;
  return std::isfinite(ms) && ms >= 0 && ms < 3e38 ? static_cast<float>(ms) : model::kNoDuration;
}

}  // namespace

struct DocumentParser::Impl {
  explicit Impl(const FieldNames& names) : table(names) {}

  Result<void> add(std::string_view json, std::size_t capacity, DocumentClass as, Time now,
                   model::DocumentBatch& out);
  simdjson::error_code walk(ondemand::object object, std::size_t prefix, int depth);
  simdjson::error_code leaf(ondemand::value value, std::string_view key, const FieldTable::Entry* entry);
  Result<Time> time(Time now) const;
  Result<void> to_log(Time now, model::DocumentBatch& out);
  Result<void> to_points(Time now, model::DocumentBatch& out);

  Value& at(Field field) { return values[static_cast<std::size_t>(field)]; }
  const Value& at(Field field) const { return values[static_cast<std::size_t>(field)]; }

  FieldTable table;
  ondemand::parser parser;
  std::string path;   // of the field being read, dotted
  std::string extra;  // the other fields, as members of an object
  std::string copy;   // of a document that came without padding
  std::array<Value, static_cast<std::size_t>(Field::kCount)> values;
  bool metrics = false;
  std::vector<std::pair<std::string, double>> numbers;  // of a metric document
};

DocumentParser::DocumentParser(const FieldNames& names) : impl_(std::make_unique<Impl>(names)) {}
DocumentParser::~DocumentParser() = default;
DocumentParser::DocumentParser(DocumentParser&&) noexcept = default;

Result<void> DocumentParser::add(std::string_view json, bool padded, DocumentClass as, Time now,
                                 model::DocumentBatch& out) {
  if (padded) return impl_->add(json, json.size() + simdjson::SIMDJSON_PADDING, as, now, out);
  impl_->copy.assign(json);
  impl_->copy.append(simdjson::SIMDJSON_PADDING, '\0');
  return impl_->add({impl_->copy.data(), json.size()}, impl_->copy.size(), as, now, out);
}

Result<void> DocumentParser::Impl::add(std::string_view json, std::size_t capacity, DocumentClass as,
                                       Time now, model::DocumentBatch& out) {
  values.fill({});
  extra.clear();
  path.clear();
  numbers.clear();
  metrics = as == DocumentClass::kMetric;
  ondemand::document document;
  if (const auto code = parser.iterate(json.data(), json.size(), capacity).get(document);
      code != simdjson::SUCCESS)
    return tl::unexpected<Error>(damaged(code));
  ondemand::object object;
  if (const auto code = document.get_object().get(object); code != simdjson::SUCCESS)
    return tl::unexpected<Error>(damaged(code));
  if (const auto code = walk(object, 0, 1); code != simdjson::SUCCESS)
    return tl::unexpected<Error>(damaged(code));
  if (document.current_location().error() == simdjson::SUCCESS)
    return fail(ErrorKind::kInvalid, "the document is followed by more text on its line");
  return metrics ? to_points(now, out) : to_log(now, out);
}

simdjson::error_code DocumentParser::Impl::walk(ondemand::object object, std::size_t prefix, int depth) {
  if (depth > kMaxDepth) return simdjson::DEPTH_ERROR;
  for (auto field : object) {
    std::string_view key;
    if (const auto code = field.unescaped_key().get(key); code != simdjson::SUCCESS) return code;
    ondemand::value value;
    if (const auto code = field.value().get(value); code != simdjson::SUCCESS) return code;
    const FieldTable::Entry* entry = nullptr;
    if (prefix == 0) {
      entry = table.find(key);
    } else {
      path.resize(prefix);
      path += '.';
      path += key;
      entry = table.find(path);
    }
    ondemand::json_type type{};
    if (const auto code = value.type().get(type); code != simdjson::SUCCESS) return code;
    // An object is entered when a known name lies below it; of a metric document all are.
    if (type == ondemand::json_type::object && (metrics || (entry != nullptr && entry->prefix))) {
      if (prefix == 0) path.assign(key);
      ondemand::object inner;
      if (const auto code = value.get_object().get(inner); code != simdjson::SUCCESS) return code;
      if (const auto code = walk(inner, path.size(), depth + 1); code != simdjson::SUCCESS) return code;
      continue;
    }
    const std::string name = prefix == 0 ? std::string() : path;  // `key` is enough at the top
    if (const auto code = leaf(value, prefix == 0 ? key : std::string_view(name), entry);
        code != simdjson::SUCCESS)
      return code;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code DocumentParser::Impl::leaf(ondemand::value value, std::string_view key,
                                                const FieldTable::Entry* entry) {
  ondemand::json_type type{};
  if (const auto code = value.type().get(type); code != simdjson::SUCCESS) return code;
  if (type == ondemand::json_type::null) {
    bool null = false;
    const auto code = value.is_null().get(null);
    return code == simdjson::SUCCESS && !null ? simdjson::N_ATOM_ERROR : code;
  }
  const bool known = entry != nullptr && entry->field != Field::kCount;
  if (known && at(entry->field).rank > entry->rank) {
    Value& slot = at(entry->field);
    slot = {.present = true, .rank = entry->rank, .is_string = type == ondemand::json_type::string};
    if (slot.is_string) return value.get_string().get(slot.text);
    if (const auto code = simdjson::to_json_string(value).get(slot.raw); code != simdjson::SUCCESS)
      return code;
    return too_deep(slot.raw) ? simdjson::DEPTH_ERROR : simdjson::SUCCESS;
  }
  std::string_view raw;
  if (const auto code = simdjson::to_json_string(value).get(raw); code != simdjson::SUCCESS) return code;
  if (type == ondemand::json_type::object || type == ondemand::json_type::array) {
    if (too_deep(raw)) return simdjson::DEPTH_ERROR;
  }
  if (metrics) {
    if (type == ondemand::json_type::number) {
      if (const auto number = number_of({.present = true, .raw = raw}); number && std::isfinite(*number))
        numbers.emplace_back(key, *number);
    }
    return simdjson::SUCCESS;
  }
  extra += extra.empty() ? "{\"" : ",\"";
  for (const char c : key) {
    if (c == '"' || c == '\\') extra += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      extra += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      extra += c;
    }
  }
  extra += "\":";
  extra += trim(raw);
  return simdjson::SUCCESS;
}

Result<Time> DocumentParser::Impl::time(Time now) const {
  const Value& value = at(Field::kTimestamp);
  if (!value.present) return now;
  const std::string_view text = text_of(value);
  if (const auto time = parse_time(trim(text))) return *time;
  return fail(
      ErrorKind::kInvalid,
      fmt::format("@timestamp: '{}' is no time; use RFC 3339 (2026-02-20T19:20:27.5Z) or an epoch number",
                  one_line(text, 60)));
}

Result<void> DocumentParser::Impl::to_log(Time now, model::DocumentBatch& out) {
  model::LogRow row;
  SENTINEL_ASSIGN(row.time, time(now));
  const auto name = [&](Field field) { return out.keep(utf8_prefix(text_of(at(field)), kMaxId)); };
  row.service = name(Field::kService);
  row.trace_id = name(Field::kTraceId);
  row.span_id = name(Field::kSpanId);
  row.parent_id = name(Field::kParentId);
  row.peer = name(Field::kPeer);
  row.host = name(Field::kHost);
  row.version = name(Field::kVersion);
  if (at(Field::kLevel).present) row.level = model::parse_level(text_of(at(Field::kLevel)));
  if (at(Field::kSpanKind).present) row.span_kind = model::parse_span_kind(text_of(at(Field::kSpanKind)));

  const bool has_span_id = !row.span_id.empty();
  const bool span_name = has_span_id && at(Field::kSpanName).present && !at(Field::kMessage).present;
  row.message = out.keep(text_of(at(span_name ? Field::kSpanName : Field::kMessage)));
  if (at(Field::kDurationMs).present) {
    row.duration_ms = duration_of(number_of(at(Field::kDurationMs)), 1);
  } else if (at(Field::kDurationNs).present) {
    row.duration_ms = duration_of(number_of(at(Field::kDurationNs)), 1e-6);
  } else if (span_name) {
    row.duration_ms = duration_of(number_of(at(Field::kSpanDuration)), 1e-6);
  }
  if (const auto status = number_of(at(Field::kStatusCode)); status && *status >= 0 && *status <= 9999)
    row.status_code = static_cast<std::int16_t>(*status);

  row.is_span =
      iequals(text_of(at(Field::kEventKind)), "span") || span_name ||
      (has_span_id && row.has_duration() && row.message.empty() && row.level == model::Level::kNone);
  if (row.level == model::Level::kNone) {
    const std::string_view status = text_of(at(Field::kSpanStatus));
    if (status == "2" || iequals(status, "error") || iequals(status, "STATUS_CODE_ERROR") ||
        iequals(text_of(at(Field::kOutcome)), "failure"))
      row.level = model::Level::kError;
  }
  // A name or a duration that meant nothing here is an ordinary field.
  const auto give_back = [&](Field field, std::string_view key) {
    const Value& value = at(field);
    if (!value.present) return;
    extra += fmt::format("{}\"{}\":", extra.empty() ? "{" : ",", key);
    if (!value.is_string) {
      extra += trim(value.raw);
      return;
    }
    extra += '"';
    for (const char c : value.text) {
      if (c == '"' || c == '\\') extra += '\\';
      extra += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    extra += '"';
  };
  if (!span_name) {
    give_back(Field::kSpanName, "name");
    give_back(Field::kSpanDuration, "duration");
  }
  if (!extra.empty()) {
    extra += '}';
    row.extra = out.keep(extra);
  }
  out.logs.push_back(row);
  return {};
}

Result<void> DocumentParser::Impl::to_points(Time now, model::DocumentBatch& out) {
  SENTINEL_ASSIGN(const Time when, time(now));
  const std::string_view service = out.keep(utf8_prefix(text_of(at(Field::kService)), kMaxId));
  // Values that a log document would name (a duration, a status) are measurements here.
  for (const auto& [field, name] : {std::pair{Field::kDurationMs, "duration_ms"},
                                    {Field::kDurationNs, "event.duration"},
                                    {Field::kSpanDuration, "duration"},
                                    {Field::kStatusCode, "status_code"}}) {
    if (const auto number = number_of(at(field)); number && std::isfinite(*number))
      numbers.emplace_back(name, *number);
  }
  if (numbers.empty()) return fail(ErrorKind::kInvalid, "a metric document needs a numeric field");
  for (const auto& [name, number] : numbers)
    out.metrics.push_back({when, service, out.keep(utf8_prefix(name, kMaxId)), number});
  return {};
}

}  // namespace sentinel::ingest
