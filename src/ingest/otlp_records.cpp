#include "ingest/otlp_records.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace sentinel::ingest {
namespace {

constexpr std::size_t kMaxName = 256;  // of names and ids, in bytes

const OtlpValue* find(const OtlpAttributes& attributes, std::string_view key) {
  for (const auto& attribute : attributes) {
    if (attribute.key == key) return &attribute.value;
  }
  return nullptr;
}

const OtlpValue* first_of(const OtlpAttributes& attributes, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    if (const auto* value = find(attributes, key)) return value;
  }
  return nullptr;
}

std::optional<double> number_of(const OtlpValue* value) {
  if (value == nullptr) return std::nullopt;
  double number = 0;
  const char* end = value->text.data() + value->text.size();
  const auto [stopped, error] = std::from_chars(value->text.data(), end, number);
  if (error != std::errc() || stopped != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

// Hex of the right length that is not all zeros, in lower case; else empty.
std::string id_of(std::string_view text, std::size_t bytes) {
  if (text.size() != 2 * bytes || text.find_first_not_of('0') == std::string_view::npos) return {};
  std::string id = to_lower(text);
  return id.find_first_not_of("0123456789abcdef") == std::string::npos ? id : std::string();
}

model::Level level_of(int severity_number, std::string_view severity_text) {
  if (severity_number <= 0 || severity_number > 24) return model::parse_level(severity_text);
  constexpr model::Level kBands[] = {model::Level::kTrace,   model::Level::kDebug, model::Level::kInfo,
                                     model::Level::kWarning, model::Level::kError, model::Level::kFatal};
  return kBands[(severity_number - 1) / 4];
}

model::SpanKind kind_of(int kind) {
  switch (kind) {
    case 1:
      return model::SpanKind::kInternal;
    case 2:
      return model::SpanKind::kServer;
    case 3:
      return model::SpanKind::kClient;
    case 4:
      return model::SpanKind::kProducer;
    case 5:
      return model::SpanKind::kConsumer;
    default:
      return model::SpanKind::kNone;
  }
}

void append_member(std::string& members, std::string_view prefix, std::string_view key,
                   const OtlpValue& value) {
  if (!members.empty()) members += ',';
  members += json_quoted(std::string(prefix) + std::string(key));
  members += ':';
  members += value.is_string ? json_quoted(value.text) : value.text;
}

// Attributes that have a column of their own.
bool is_column(std::string_view key) {
  return key == "peer.service" || key == "http.response.status_code" || key == "http.status_code";
}

}  // namespace

Time OtlpRows::time_of(std::uint64_t ns) const {
  // Beyond the year 2261 a nanosecond count is damaged, not a time.
  if (ns == 0 || ns > static_cast<std::uint64_t>(INT64_MAX)) return now_;
  return time_from_micros(static_cast<std::int64_t>(ns / 1000));
}

void OtlpRows::resource(const OtlpAttributes& attributes) {
  const auto column = [&](std::initializer_list<std::string_view> keys) {
    const auto* value = first_of(attributes, keys);
    return value == nullptr ? std::string_view() : out_.batch.keep(utf8_prefix(value->text, kMaxName));
  };
  service_ = column({"service.name"});
  host_ = column({"host.name", "k8s.pod.name", "container.id"});
  version_ = column({"service.version"});
  resource_extra_.clear();
  for (const auto& [key, value] : attributes) {
    if (key == "service.name" || key == "host.name" || key == "service.version") continue;
    // Names of the SDK itself say nothing about the service.
    if (key.starts_with("telemetry.sdk.")) continue;
    append_member(resource_extra_, "resource.", key, value);
  }
}

void OtlpRows::finish(model::LogRow row, const OtlpAttributes& attributes, std::string extra) {
  row.service = service_;
  row.host = host_;
  row.version = version_;
  if (const auto* peer = find(attributes, "peer.service"))
    row.peer = out_.batch.keep(utf8_prefix(peer->text, kMaxName));
  if (const auto status = number_of(first_of(attributes, {"http.response.status_code", "http.status_code"}));
      status && *status >= 0 && *status <= 9999)
    row.status_code = static_cast<std::int16_t>(*status);
  for (const auto& [key, value] : attributes) {
    if (!is_column(key)) append_member(extra, "", key, value);
  }
  if (!resource_extra_.empty()) {
    if (!extra.empty()) extra += ',';
    extra += resource_extra_;
  }
  if (!extra.empty()) row.extra = out_.batch.keep("{" + extra + "}");
  out_.batch.logs.push_back(row);
  ++out_.accepted;
}

void OtlpRows::add(const OtlpLog& log) {
  model::LogRow row;
  row.time = time_of(log.time_ns != 0 ? log.time_ns : log.observed_ns);
  row.level = level_of(log.severity_number, log.severity_text);
  row.message = out_.batch.keep(log.body.text.empty() ? std::string_view(log.event_name) : log.body.text);
  row.trace_id = out_.batch.keep(id_of(log.trace_id, 16));
  row.span_id = out_.batch.keep(id_of(log.span_id, 8));
  if (const auto ms = number_of(find(log.attributes, "duration_ms")); ms && *ms >= 0)
    row.duration_ms = static_cast<float>(*ms);
  std::string extra;
  if (!log.event_name.empty()) append_member(extra, "", "event.name", {log.event_name, true});
  finish(row, log.attributes, std::move(extra));
}

void OtlpRows::add(const OtlpSpan& span) {
  model::LogRow row;
  row.is_span = true;
  row.time = time_of(span.end_ns != 0 ? span.end_ns : span.start_ns);
  row.message = out_.batch.keep(span.name);
  row.trace_id = out_.batch.keep(id_of(span.trace_id, 16));
  row.span_id = out_.batch.keep(id_of(span.span_id, 8));
  row.parent_id = out_.batch.keep(id_of(span.parent_id, 8));
  row.span_kind = kind_of(span.kind);
  if (span.status == 2) row.level = model::Level::kError;
  if (span.start_ns != 0 && span.end_ns >= span.start_ns)
    row.duration_ms = static_cast<float>(static_cast<double>(span.end_ns - span.start_ns) / 1e6);
  std::string extra;
  if (!span.status_message.empty()) append_member(extra, "", "status.message", {span.status_message, true});
  finish(row, span.attributes, std::move(extra));
}

void OtlpRows::add(const OtlpPoint& point) {
  if (point.name.empty() || !std::isfinite(point.value))
    return reject(1, "a point without name or finite value");
  out_.batch.metrics.push_back(
      {time_of(point.time_ns), service_, out_.batch.keep(utf8_prefix(point.name, kMaxName)), point.value});
  ++out_.accepted;
}

void OtlpRows::reject(std::size_t records, std::string reason) {
  if (records == 0) return;
  out_.rejected += records;
  out_.reason = std::move(reason);
}

Result<OtlpExport> parse_otlp(OtlpSignal signal, OtlpEncoding encoding, std::string_view body, Time now) {
  OtlpExport out;
  OtlpRows rows(out, now);
  if (body.empty()) return out;
  SENTINEL_TRY(encoding == OtlpEncoding::kJson ? read_otlp_json(signal, body, rows)
                                               : read_otlp_protobuf(signal, body, rows));
  return out;
}

}  // namespace sentinel::ingest
