// Digests and ids. SHA-256 is OpenSSL's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sentinel {

std::string sha256_hex(std::string_view data);  // 64 lowercase hex digits
// HMAC-SHA-256 (RFC 2104) as 64 lowercase hex digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view data);
// Whether two secrets are equal, in a time that does not tell where they differ.
bool equal_secrets(std::string_view a, std::string_view b);
// 64-bit FNV-1a: for tables and stable short ids, never for anything an attacker may choose freely.
constexpr std::uint64_t fnv1a(std::string_view data, std::uint64_t seed = 0xcbf29ce484222325ULL) {
  for (const char c : data) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return seed;
}
std::string hex(std::uint64_t value, int digits = 16);

}  // namespace sentinel
