// Where a page of a time-ordered list ended: the time of its last row, and which rows of that very time were
// given. Opaque to clients, checked when it comes back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel::api {

struct Cursor {
  Time time;
  std::size_t same = 0;  // rows with exactly this time that were given already
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

std::string to_text(const Cursor& cursor);
Result<Cursor> parse_cursor(std::string_view text);

}  // namespace sentinel::api
