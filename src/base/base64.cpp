#include "base/base64.hpp"

#include <openssl/evp.h>

namespace sentinel {
namespace {

int digit_of(char c, Base64Alphabet alphabet) {
  const bool url = alphabet == Base64Alphabet::kStandardOrUrl;
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || (url && c == '-')) return 62;
  if (c == '/' || (url && c == '_')) return 63;
  return -1;
}

}  // namespace

std::string base64(std::string_view bytes) {
  // One more than the text: OpenSSL ends it with a NUL.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

Base64Text from_base64(std::string_view text, Base64Alphabet alphabet) {
  Base64Text out;
  unsigned held = 0;
  int bits = 0;
  for (const char c : text) {
    const int digit = digit_of(c, alphabet);
    if (digit < 0) break;
    ++out.read;
    held = held << 6U | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.bytes += static_cast<char>(held >> bits & 255U);
    }
  }
  return out;
}

}  // namespace sentinel
