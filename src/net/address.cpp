#include "net/address.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace sentinel::net {
namespace {

struct Bits {
  std::array<unsigned char, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
  bool v4 = false;
};

std::optional<Bits> parse(std::string_view text) {
  const std::string copy(text);
  Bits bits;
  std::array<unsigned char, 4> four{};
  if (inet_pton(AF_INET, copy.c_str(), four.data()) == 1) {
    bits.bytes[10] = bits.bytes[11] = 0xFF;
    std::memcpy(bits.bytes.data() + 12, four.data(), 4);
    bits.v4 = true;
    return bits;
  }
  if (inet_pton(AF_INET6, copy.c_str(), bits.bytes.data()) != 1) return std::nullopt;
  return bits;
}

struct Network {
  Bits base;
  unsigned length = 128;
};

std::optional<Network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  Network network{*base, 128};
  if (slash == std::string_view::npos) return network;
  const auto digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size() || length > (base->v4 ? 32U : 128U))
    return std::nullopt;
  network.length = base->v4 ? length + 96 : length;
  return network;
}

}  // namespace

bool is_network(std::string_view text) { return parse_network(text).has_value(); }

bool in_network(std::string_view address, std::string_view network) {
  const auto one = parse(address);
  const auto all = parse_network(network);
  if (!one || !all) return false;
  for (unsigned bit = 0; bit < all->length; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if (((one->bytes[bit / 8] ^ all->base.bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace sentinel::net
