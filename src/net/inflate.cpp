#include "net/inflate.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace sentinel::net {
namespace {

// Grows by doubling and checks the limits before it does.
class Growing {
 public:
  Growing(const InflateLimits& limits, std::size_t packed) : limits_(limits), packed_(packed) {
    grow(std::min(limits.max_size, std::max<std::size_t>(packed * 4, 4096)));
  }

  char* room() { return buffer_.bytes.get() + buffer_.size; }
  std::size_t left() const { return capacity_ - buffer_.size; }
  void used(std::size_t n) { buffer_.size += n; }
  Result<void> more() {
    const double ratio =
        static_cast<double>(buffer_.size) / static_cast<double>(std::max<std::size_t>(1, packed_));
    if (buffer_.size >= limits_.max_size) {
      return fail(ErrorKind::kOverloaded, fmt::format("inflates to more than {} bytes", limits_.max_size));
    }
    if (buffer_.size > limits_.free_size && ratio > limits_.max_ratio) {
      return fail(ErrorKind::kOverloaded,
                  fmt::format("inflates to more than {:.0f} times its size", limits_.max_ratio));
    }
    grow(std::min(limits_.max_size + 1, capacity_ * 2));
    return {};
  }
  PaddedBuffer finish() && {
    std::memset(buffer_.bytes.get() + buffer_.size, 0, kPadding);
    return std::move(buffer_);
  }
  bool within() const { return buffer_.size <= limits_.max_size; }

 private:
  void grow(std::size_t capacity) {
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity + kPadding);
    if (buffer_.size > 0) std::memcpy(bytes.get(), buffer_.bytes.get(), buffer_.size);
    buffer_.bytes = std::move(bytes);
    capacity_ = capacity;
  }
  const InflateLimits& limits_;
  std::size_t packed_;
  std::size_t capacity_ = 0;
  PaddedBuffer buffer_;
};

Result<PaddedBuffer> inflate_zlib(std::string_view packed, const InflateLimits& limits) {
  z_stream stream{};
  // 15 + 32: gzip and zlib headers are told apart by zlib itself.
  if (inflateInit2(&stream, 15 + 32) != Z_OK) return fail(ErrorKind::kInternal, "zlib does not start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closing(&stream, inflateEnd);
  Growing out(limits, packed.size());
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  for (;;) {
    if (out.left() == 0) SENTINEL_TRY(out.more());
    const auto room = static_cast<uInt>(std::min<std::size_t>(out.left(), 1U << 30));
    stream.next_out = reinterpret_cast<Bytef*>(out.room());
    stream.avail_out = room;
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    out.used(room - stream.avail_out);
    if (code == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      if (inflateReset(&stream) != Z_OK)
        return fail(ErrorKind::kInvalid, "damaged after a gzip member");  // members may follow each other
    } else if (code == Z_BUF_ERROR && stream.avail_in == 0) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("compressed data end too early, after {} bytes", packed.size()));
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("compressed data are damaged at byte {}: {}", stream.total_in,
                              stream.msg != nullptr ? stream.msg : "unknown"));
    } else if (stream.avail_in == 0 && stream.avail_out != 0) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("compressed data end too early, after {} bytes", packed.size()));
    }
  }
  if (!out.within())
    return fail(ErrorKind::kOverloaded, fmt::format("inflates to more than {} bytes", limits.max_size));
  return std::move(out).finish();
}

Result<PaddedBuffer> inflate_zstd(std::string_view packed, const InflateLimits& limits) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  Growing out(limits, packed.size());
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t wanted = 1;
  while (in.pos < in.size || wanted != 0) {
    if (out.left() == 0) SENTINEL_TRY(out.more());
    ZSTD_outBuffer piece{out.room(), out.left(), 0};
    const std::size_t before = in.pos;
    wanted = ZSTD_decompressStream(context.get(), &piece, &in);
    if (ZSTD_isError(wanted) != 0)
      return fail(ErrorKind::kInvalid, fmt::format("compressed data are damaged at byte {}: {}", in.pos,
                                                   ZSTD_getErrorName(wanted)));
    out.used(piece.pos);
    if (in.pos == in.size && wanted != 0 && piece.pos == 0 && before == in.pos) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("compressed data end too early, after {} bytes", packed.size()));
    }
  }
  if (!out.within())
    return fail(ErrorKind::kOverloaded, fmt::format("inflates to more than {} bytes", limits.max_size));
  return std::move(out).finish();
}

}  // namespace

Result<PaddedBuffer> inflate(std::string_view encoding, std::string_view packed,
                             const InflateLimits& limits) {
  if (iequals(encoding, "gzip") || iequals(encoding, "x-gzip") || iequals(encoding, "deflate"))
    return inflate_zlib(packed, limits);
  if (iequals(encoding, "zstd")) return inflate_zstd(packed, limits);
  return fail(
      ErrorKind::kNotFound,
      fmt::format("content encoding '{}' is not known; use gzip, deflate or zstd", one_line(encoding, 40)));
}

std::string gzip(std::string_view plain, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string packed(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int code = deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return code == Z_STREAM_END ? packed : std::string();
}

}  // namespace sentinel::net
