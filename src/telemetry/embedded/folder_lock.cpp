#include "telemetry/embedded/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/text.hpp"

namespace sentinel::telemetry {
namespace {

std::string path_in(const std::string& folder) { return folder + "/LOCK"; }

// The file is two lines: pid, then URL.
FolderOwner read_owner(const std::string& folder) {
  FolderOwner owner;
  std::ifstream file(path_in(folder));
  file >> owner.pid >> owner.url;
  return owner;
}

Result<void> put(int fd, const std::string& text) {
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return fail(ErrorKind::kUnavailable, fmt::format("writing the lock file: {}", std::strerror(errno)));
  }
  return {};
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::kDenied,
                fmt::format("cannot create the data folder {}: {}", folder, error.message()));
  const int fd = ::open(path_in(folder).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(ErrorKind::kDenied,
                fmt::format("cannot write to the data folder {}: {}", folder, std::strerror(errno)));
  FolderLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const FolderOwner owner = read_owner(folder);
    return fail(ErrorKind::kConflict,
                fmt::format("the data folder {} is in use by pid {}{}: stop that process, or set "
                            "telemetry.data_dir to another folder",
                            folder, owner.pid, owner.url.empty() ? "" : " (" + owner.url + ")"));
  }
  if (auto written = put(fd, std::to_string(::getpid()) + "\n"); !written) {
    return fail(std::move(written).error(), fmt::format("cannot write to the data folder {}", folder));
  }
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> FolderLock::announce(const std::string& url) const {
  return put(fd_, fmt::format("{}\n{}\n", ::getpid(), url));
}

std::optional<FolderOwner> owner_of(const std::string& folder) {
  const int fd = ::open(path_in(folder).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const bool held = ::flock(fd, LOCK_EX | LOCK_NB) != 0;
  ::close(fd);
  if (!held) return std::nullopt;
  return read_owner(folder);
}

}  // namespace sentinel::telemetry
