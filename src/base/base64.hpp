// Base64 (RFC 4648): encoding is OpenSSL's; decoding takes what people paste.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sentinel {

std::string base64(std::string_view bytes);  // padded, on one line

// Which characters stand for 62 and 63: '+' and '/' alone, or '-' and '_' as well (section 5).
enum class Base64Alphabet : std::uint8_t { kStandard, kStandardOrUrl };
struct Base64Text {
  std::string bytes;
  std::size_t read = 0;  // characters in front of the first that is none of the alphabet ("=" is none)
};
Base64Text from_base64(std::string_view text, Base64Alphabet alphabet = Base64Alphabet::kStandard);

}  // namespace sentinel
