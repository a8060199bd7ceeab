// From a dotted path in a document to the value it means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ingest/ingest.hpp"

namespace sentinel::ingest {

enum class Field : std::uint8_t {
  kTimestamp,
  kService,
  kLevel,
  kMessage,
  kDurationMs,
  kDurationNs,
  kTraceId,
  kSpanId,
  kParentId,
  kSpanKind,
  kPeer,
  kHost,
  kVersion,
  kStatusCode,
  kSpanName,      // `name` of a span without message
  kSpanDuration,  // `duration` of an OpenTelemetry span, nanoseconds
  kSpanStatus,    // `status.code`: 2 or "Error"
  kOutcome,       // `event.outcome`: failure
  kEventKind,     // `event.kind`: span
  kCount,
};

class FieldTable {
 public:
  explicit FieldTable(const FieldNames& names);

  struct Entry {
    Field field = Field::kCount;  // kCount: no field, only on the way to one
    std::uint8_t rank = 0;        // lower wins
    bool prefix = false;          // longer names begin with this path and a dot
  };
  // None for a path that means nothing.
  const Entry* find(std::string_view path) const {
    const auto found = entries_.find(path);
    return found == entries_.end() ? nullptr : &found->second;
  }

 private:
  struct Hash {
    using is_transparent = void;
    // Length and both ends tell field names apart well enough; whole-string hashing costs a third of the
    // parse.
    std::size_t operator()(std::string_view s) const {
      if (s.empty()) return 0;
      const auto byte = [&](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(s[i]));
      };
      return s.size() * 0x9E3779B1U + byte(0) * 31 + byte(s.size() / 2) * 1009 + byte(s.size() - 1) * 65537;
    }
  };
  void add(Field field, const std::vector<std::string>& names);
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
};

}  // namespace sentinel::ingest
