// Bytes of a text, classified; shared by the finders of sensitive text.
#pragma once

#include <string>
#include <string_view>

#include "base/text.hpp"

namespace sentinel::analyze {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(char c) { return is_upper(c) || is_lower(c); }
constexpr bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr char at(std::string_view text, std::size_t i) { return i < text.size() ? text[i] : '\0'; }
constexpr char before(std::string_view text, std::size_t i) { return i > 0 ? text[i - 1] : '\0'; }

// "user.id", "userId" and "USER_ID" are one name: "userid".
inline std::string plain_name(std::string_view text) {
  std::string plain;
  for (const char c : to_lower(text)) {
    if (is_alnum(c)) plain += c;
  }
  return plain;
}

}  // namespace sentinel::analyze
