#include "api/cursor.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"

namespace sentinel::api {

std::string to_text(const Cursor& cursor) { return fmt::format("t{}-{}", micros(cursor.time), cursor.same); }

Result<Cursor> parse_cursor(std::string_view text) {
  // The years that a Time of ours can come from: what lies outside is no cursor, and would overflow in sums.
  constexpr std::int64_t kMost = 10'000'000'000'000'000;
  std::int64_t time = 0;
  std::size_t same = 0;
  const char* end = text.data() + text.size();
  if (text.starts_with("t")) {
    const auto first = std::from_chars(text.data() + 1, end, time);
    if (first.ec == std::errc() && first.ptr != end && *first.ptr == '-' && time >= -kMost && time <= kMost) {
      const auto second = std::from_chars(first.ptr + 1, end, same);
      if (second.ec == std::errc() && second.ptr == end && same <= 1'000'000'000)
        return Cursor{time_from_micros(time), same};
    }
  }
  return fail(ErrorKind::kInvalid, fmt::format("parameter cursor: '{}' did not come from this API; use "
                                               "next_cursor of the page before",
                                               one_line(text, 40)));
}

}  // namespace sentinel::api
