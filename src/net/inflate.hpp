// Compressed bodies: what came compressed becomes plain within limits; what goes out may be gzipped.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sentinel::net {

// A buffer with 64 zero bytes behind its end (simdjson reads past it).
struct PaddedBuffer {
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
};
inline constexpr std::size_t kPadding = 64;

struct InflateLimits {
  std::size_t max_size = 100ULL << 20;
  double max_ratio = 200;  // of bodies that inflate beyond `free_size`
  std::size_t free_size = 1ULL << 20;
};

// `encoding`: gzip, x-gzip, deflate, zstd (any case). Errors: kInvalid for damaged or truncated data,
// kNotFound for an unknown encoding, kOverloaded when a limit is passed (a bomb, or simply too large).
Result<PaddedBuffer> inflate(std::string_view encoding, std::string_view packed, const InflateLimits& limits);

std::string gzip(std::string_view plain, int level = 1);

}  // namespace sentinel::net
