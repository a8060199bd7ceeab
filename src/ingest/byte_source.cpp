#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>

#include "ingest/ndjson.hpp"

namespace sentinel::ingest {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, std::string path) : fd_(fd), path_(std::move(path)) {
    struct stat info {};
    if (::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) size_ = static_cast<std::uint64_t>(info.st_size);
  }
  ~FileSource() override {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  Result<std::size_t> read(char* into, std::size_t room) override {
    for (;;) {
      const ssize_t n = ::read(fd_, into, room);
      if (n >= 0) {
        consumed_ += static_cast<std::uint64_t>(n);
        return static_cast<std::size_t>(n);
      }
      if (errno != EINTR)
        return fail(ErrorKind::kUnavailable, fmt::format("reading {}: {}", path_, std::strerror(errno)));
    }
  }
  std::uint64_t consumed() const override { return consumed_; }
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  int fd_;
  std::string path_;
  std::uint64_t consumed_ = 0;
  std::optional<std::uint64_t> size_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read(char* into, std::size_t room) override {
    const std::size_t n = std::min(room, bytes_.size() - at_);
    std::memcpy(into, bytes_.data() + at_, n);
    at_ += n;
    return n;
  }
  std::uint64_t consumed() const override { return at_; }
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

// A source whose packed bytes come from another; the first bytes were read to tell what it is.
class Unpacking : public ByteSource {
 public:
  Unpacking(std::unique_ptr<ByteSource> packed, std::string first)
      : packed_(std::move(packed)), buffer_(std::move(first)) {}
  std::uint64_t consumed() const override { return packed_->consumed(); }
  std::optional<std::uint64_t> size() const override { return packed_->size(); }

 protected:
  // More packed bytes when all were used; false at the end of the file.
  Result<bool> refill() {
    if (used_ < buffer_.size()) return true;
    buffer_.resize(kPiece);
    SENTINEL_ASSIGN(const std::size_t n, packed_->read(buffer_.data(), buffer_.size()));
    buffer_.resize(n);
    used_ = 0;
    return n > 0;
  }
  tl::unexpected<Error> broken(std::string_view why) const {
    return fail(ErrorKind::kInvalid, fmt::format("compressed data {} near byte {}", why, consumed()));
  }

  std::unique_ptr<ByteSource> packed_;
  std::string buffer_;
  std::size_t used_ = 0;
};

class PlainSource final : public Unpacking {
 public:
  using Unpacking::Unpacking;
  Result<std::size_t> read(char* into, std::size_t room) override {
    SENTINEL_ASSIGN(const bool more, refill());
    if (!more) return std::size_t{0};
    const std::size_t n = std::min(room, buffer_.size() - used_);
    std::memcpy(into, buffer_.data() + used_, n);
    used_ += n;
    return n;
  }
};

class GzipSource final : public Unpacking {
 public:
  GzipSource(std::unique_ptr<ByteSource> packed, std::string first)
      : Unpacking(std::move(packed), std::move(first)) {
    inflateInit2(&stream_, 15 + 32);
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  Result<std::size_t> read(char* into, std::size_t room) override {
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(room);
    while (stream_.avail_out == room) {
      SENTINEL_ASSIGN(const bool more, refill());
      if (!more) {
        if (between_) return std::size_t{0};
        return broken("end too early");
      }
      stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data() + used_);
      stream_.avail_in = static_cast<uInt>(buffer_.size() - used_);
      const int code = ::inflate(&stream_, Z_NO_FLUSH);
      used_ = buffer_.size() - stream_.avail_in;
      between_ = code == Z_STREAM_END;
      if (between_) {
        inflateReset(&stream_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return broken("are damaged");
      }
    }
    return room - stream_.avail_out;
  }

 private:
  z_stream stream_{};
  bool between_ = false;  // members
};

class ZstdSource final : public Unpacking {
 public:
  ZstdSource(std::unique_ptr<ByteSource> packed, std::string first)
      : Unpacking(std::move(packed), std::move(first)), context_(ZSTD_createDCtx()) {}
  ~ZstdSource() override { ZSTD_freeDCtx(context_); }
  Result<std::size_t> read(char* into, std::size_t room) override {
    ZSTD_outBuffer out{into, room, 0};
    while (out.pos == 0) {
      SENTINEL_ASSIGN(const bool more, refill());
      if (!more && wanted_ == 0) return std::size_t{0};
      ZSTD_inBuffer in{buffer_.data(), buffer_.size(), used_};
      wanted_ = ZSTD_decompressStream(context_, &out, &in);
      used_ = in.pos;
      if (ZSTD_isError(wanted_) != 0) return broken("are damaged");
      if (!more && out.pos == 0) return broken("end too early");
    }
    return out.pos;
  }

 private:
  ZSTD_DCtx* context_;
  std::size_t wanted_ = 0;  // 0: between frames
};

Result<std::unique_ptr<ByteSource>> unpack(std::unique_ptr<ByteSource> packed) {
  std::string first(4, '\0');
  std::size_t have = 0;
  while (have < first.size()) {
    SENTINEL_ASSIGN(const std::size_t n, packed->read(first.data() + have, first.size() - have));
    if (n == 0) break;
    have += n;
  }
  first.resize(have);
  if (first.starts_with("\x1f\x8b")) return std::make_unique<GzipSource>(std::move(packed), std::move(first));
  if (first == "\x28\xb5\x2f\xfd") return std::make_unique<ZstdSource>(std::move(packed), std::move(first));
  return std::make_unique<PlainSource>(std::move(packed), std::move(first));
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  int fd = STDIN_FILENO;
  if (path != "-") {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return fail(ErrorKind::kNotFound, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
    struct stat info {};
    if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
      ::close(fd);
      return fail(ErrorKind::kInvalid, fmt::format("{} is a folder; name its files", path));
    }
  }
  return unpack(std::make_unique<FileSource>(fd, path));
}

std::unique_ptr<ByteSource> memory_source(std::string bytes) {
  auto source = unpack(std::make_unique<MemorySource>(std::move(bytes)));
  return std::move(*source);  // reading from memory does not fail
}

}  // namespace sentinel::ingest
