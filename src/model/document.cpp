#include "model/document.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace sentinel::model {
namespace {
constexpr std::size_t kChunk = 64 * 1024;

constexpr std::array<std::pair<std::string_view, Level>, 29> kLevels{{
    {"info", Level::kInfo},
    {"error", Level::kError},
    {"warning", Level::kWarning},
    {"warn", Level::kWarning},
    {"debug", Level::kDebug},
    {"trace", Level::kTrace},
    {"fatal", Level::kFatal},
    {"critical", Level::kFatal},
    {"err", Level::kError},
    {"severe", Level::kError},
    {"notice", Level::kInfo},
    {"information", Level::kInfo},
    {"informational", Level::kInfo},
    {"verbose", Level::kDebug},
    {"crit", Level::kFatal},
    {"emerg", Level::kFatal},
    {"emergency", Level::kFatal},
    {"alert", Level::kFatal},
    {"panic", Level::kFatal},
    {"fine", Level::kDebug},
    {"finer", Level::kDebug},
    {"finest", Level::kTrace},
    {"config", Level::kDebug},
    {"i", Level::kInfo},
    {"w", Level::kWarning},
    {"e", Level::kError},
    {"d", Level::kDebug},
    {"f", Level::kFatal},
    {"t", Level::kTrace},
}};

// OpenTelemetry severity texts carry a step: "INFO2", "WARN3".
std::string_view without_step(std::string_view text) {
  if (text.size() > 1 && text.back() >= '2' && text.back() <= '4') text.remove_suffix(1);
  return text;
}
}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::kNone:
      return "";
    case Level::kTrace:
      return "trace";
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
    case Level::kFatal:
      return "fatal";
  }
  return "";
}

Level parse_level(std::string_view text) {
  text = without_step(trim(text));
  for (const auto& [word, level] : kLevels) {
    if (iequals(word, text)) return level;
  }
  return Level::kNone;
}

std::vector<std::string_view> level_words(Level least) {
  std::vector<std::string_view> words;
  for (const auto& [word, level] : kLevels) {
    if (level >= least) words.push_back(word);
  }
  return words;
}

std::string_view to_string(SpanKind kind) {
  switch (kind) {
    case SpanKind::kNone:
      return "";
    case SpanKind::kServer:
      return "server";
    case SpanKind::kClient:
      return "client";
    case SpanKind::kInternal:
      return "internal";
    case SpanKind::kProducer:
      return "producer";
    case SpanKind::kConsumer:
      return "consumer";
  }
  return "";
}

SpanKind parse_span_kind(std::string_view text) {
  text = trim(text);
  constexpr std::string_view kPrefix = "SPAN_KIND_";
  if (text.size() > kPrefix.size() && iequals(text.substr(0, kPrefix.size()), kPrefix))
    text.remove_prefix(kPrefix.size());
  for (const SpanKind kind : {SpanKind::kServer, SpanKind::kClient, SpanKind::kInternal, SpanKind::kProducer,
                              SpanKind::kConsumer}) {
    if (iequals(to_string(kind), text)) return kind;
  }
  return SpanKind::kNone;
}

std::string_view DocumentBatch::keep(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > room_) {
    const std::size_t size = std::max(kChunk, text.size());
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    bytes_ += size;
    if (size > kChunk) {  // a chunk of its own; the current one stays open
      std::memcpy(chunks_.back().get(), text.data(), text.size());
      return {chunks_.back().get(), text.size()};
    }
    free_ = chunks_.back().get();
    room_ = size;
  }
  char* const at = free_;
  std::memcpy(at, text.data(), text.size());
  free_ += text.size();
  room_ -= text.size();
  return {at, text.size()};
}

void DocumentBatch::adopt(std::unique_ptr<char[]> buffer, std::size_t bytes) {
  chunks_.push_back(std::move(buffer));
  bytes_ += bytes;
}

void DocumentBatch::add(const LogRow& row) {
  LogRow own = row;
  for (std::string_view* field : {&own.service, &own.message, &own.trace_id, &own.span_id, &own.parent_id,
                                  &own.peer, &own.host, &own.version, &own.extra}) {
    *field = keep(*field);
  }
  logs.push_back(own);
}

void DocumentBatch::add(const MetricRow& row) {
  metrics.push_back({row.time, keep(row.service), keep(row.name), row.value});
}

}  // namespace sentinel::model
