#include "telemetry/elasticsearch/arrival_order.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/base64.hpp"

namespace sentinel::telemetry {
namespace {

constexpr std::size_t kCharacters = 20;  // of 15 bytes
// What lies outside is no time at which a document came.
constexpr std::int64_t kEarliest = 1'262'304'000'000;  // 2010
constexpr std::int64_t kLatest = 4'102'444'800'000;    // 2100

// Where in the id the bytes of the time (milliseconds) and of the node's count are, the highest first.
struct Layout {
  std::array<std::size_t, 6> ms;
  std::array<std::size_t, 3> number;
};
constexpr Layout kLayouts[] = {
    {{5, 4, 3, 2, 12, 14}, {1, 13, 0}},    // of ordinary indices
    {{0, 1, 2, 3, 11, 13}, {10, 12, 14}},  // of index.mode logsdb
};

template <std::size_t N>
std::int64_t number_at(const std::string& bytes, const std::array<std::size_t, N>& places) {
  std::int64_t number = 0;
  for (const std::size_t place : places) number = number << 8 | static_cast<unsigned char>(bytes[place]);
  return number;
}

std::int64_t millis(Time time) { return micros(time) / 1000; }

}  // namespace

std::optional<MadeId> made_id(std::string_view id, Time about) {
  if (id.size() != kCharacters) return std::nullopt;
  const Base64Text text = from_base64(id, Base64Alphabet::kStandardOrUrl);
  if (text.read != kCharacters) return std::nullopt;
  std::optional<MadeId> best;
  for (const Layout& layout : kLayouts) {
    const MadeId read{number_at(text.bytes, layout.ms), number_at(text.bytes, layout.number)};
    if (read.ms < kEarliest || read.ms >= kLatest) continue;
    if (!best || std::abs(read.ms - millis(about)) < std::abs(best->ms - millis(about))) best = read;
  }
  return best;
}

ArrivalOrder::ArrivalOrder(Time time, std::optional<Time> ingested, std::string index, std::string id)
    : arrived_(made_id(id, time).value_or(MadeId{millis(ingested.value_or(time)), 0})),
      index_(std::move(index)),
      id_(std::move(id)) {}

}  // namespace sentinel::telemetry
