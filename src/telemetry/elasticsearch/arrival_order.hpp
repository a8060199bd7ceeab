// In which order documents of equal time came. ES|QL does not know `_seq_no`, so it is read from the `_id`
// where Elasticsearch made it: when, and as the how-manieth of its node.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace sentinel::telemetry {

// Of an `_id` that Elasticsearch made; nothing for one that the shipper chose. `about`: the document's time;
// of the two layouts that such an id can have, the one that fits better is taken.
struct MadeId {
  std::int64_t ms = 0;
  std::int64_t number = 0;
  friend auto operator<=>(const MadeId&, const MadeId&) = default;
};
std::optional<MadeId> made_id(std::string_view id, Time about);

// The order among documents of equal time: of arrival, as far as the id or the time of ingestion tell; else
// by index and id, so that it is the same each time.
class ArrivalOrder {
 public:
  ArrivalOrder(Time time, std::optional<Time> ingested, std::string index, std::string id);
  friend auto operator<=>(const ArrivalOrder&, const ArrivalOrder&) = default;

 private:
  MadeId arrived_;
  std::string index_;
  std::string id_;
};

}  // namespace sentinel::telemetry
