#include "app/text_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace sentinel::app {
namespace {

tl::unexpected<Error> refuse(const std::string& path, int code) {
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::kNotFound
                         : code == EACCES || code == EPERM ? ErrorKind::kDenied
                         : code == EISDIR                  ? ErrorKind::kInvalid
                                                           : ErrorKind::kUnavailable;
  return fail(kind, fmt::format("{}: cannot be read: {}", path, std::strerror(code)));
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t most) {
  // Not an ifstream: it opens folders gladly, then throws from inside its buffer.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return refuse(path, errno);
  std::string text;
  char piece[16 * 1024];
  for (;;) {
    const std::size_t got = std::fread(piece, 1, sizeof piece, file.get());
    text.append(piece, got);
    if (text.size() > most)
      return fail(ErrorKind::kInvalid, fmt::format("{}: is larger than {} bytes", path, most));
    if (got < sizeof piece) break;
  }
  if (std::ferror(file.get()) != 0) return refuse(path, errno);
  return text;
}

}  // namespace sentinel::app
