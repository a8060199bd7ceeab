#include "base/hash.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace sentinel {

std::string sha256_hex(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(data.data(), data.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::string text;
  text.reserve(64);
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string hmac_sha256_hex(std::string_view key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest.data(), &length);
  std::string text;
  text.reserve(64);
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  // Digests have one length, so that not even the lengths of the secrets matter.
  const std::string x = sha256_hex(a);
  const std::string y = sha256_hex(b);
  return CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

std::string hex(std::uint64_t value, int digits) { return fmt::format("{:0{}x}", value, digits); }

}  // namespace sentinel
