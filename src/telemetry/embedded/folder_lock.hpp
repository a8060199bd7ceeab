// Only one process may have a data folder open. The lock file says who and where its API listens, for
// commands that want to talk to the running service instead.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"

namespace sentinel::telemetry {

struct FolderOwner {
  int pid = 0;
  std::string url;  // of its API; empty while it starts
};

// Held as long as the object lives; the operating system frees it when the process dies, however it dies.
class FolderLock {
 public:
  // Creates the folder when needed. kConflict names the pid (and URL) of the process that has it.
  static Result<FolderLock> take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

  Result<void> announce(const std::string& url) const;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

// Who has the folder now, if anybody.
std::optional<FolderOwner> owner_of(const std::string& folder);

}  // namespace sentinel::telemetry
