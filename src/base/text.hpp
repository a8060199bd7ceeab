// Text that came from outside: made valid, cut, compared. Everything is UTF-8.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentinel {

// ASCII only: field names, levels and units are ASCII; other bytes stay.
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool iequals(std::string_view a, std::string_view b);  // ASCII case folded

// Shell-like pattern over the whole text: `*` any run, `?` one byte. Linear in time for one star group.
bool glob_match(std::string_view pattern, std::string_view text);

bool is_valid_utf8(std::string_view text);
// The same text with each invalid byte replaced by U+FFFD; returns the input unchanged when it is valid.
std::string to_valid_utf8(std::string_view text);
// At most `max_bytes`, never cutting inside a code point.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);
// One line for a terminal or a log: control characters (newlines, escapes, bidi marks) become blanks or are
// dropped, and what is longer than `max_bytes` ends in "...".
std::string one_line(std::string_view text, std::size_t max_bytes = 200);

// The text as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD.
std::string json_quoted(std::string_view text);

// The candidate with the smallest edit distance to `text`, if it is near enough to be meant (a third of the
// length, at least 2). For "did you mean ...?".
std::optional<std::string> nearest(std::string_view text, std::span<const std::string> candidates);

// "1,234,567"
std::string group_digits(std::int64_t number);

}  // namespace sentinel
