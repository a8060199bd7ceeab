#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.hpp"
#include "notify/channels/channels.hpp"
#include "notify/channels/exchange.hpp"

extern char** environ;

namespace sentinel::notify {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void set(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

class Exec final : public Channel {
 public:
  explicit Exec(ExecOptions options) : options_(std::move(options)) {}

  Attempt deliver(const Delivery& delivery, std::stop_token stop) override {
    const std::string input = dumped(news_json(delivery, options_.web_url)) + "\n";
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return retry(std::string("pipe: ") + std::strerror(errno), delivery);
    Descriptor reader(ends[0]);
    Descriptor writer(ends[1]);
    std::vector<char*> arguments;
    for (auto& word : options_.command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, reader.get(), STDIN_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own, so that what the command started ends with it; our blocked signals are not its.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    // This process ignores SIGPIPE; a command expects the default.
    sigset_t restored;
    sigemptyset(&restored);
    sigaddset(&restored, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &restored);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t child = 0;
    const int failed =
        ::posix_spawnp(&child, arguments.front(), &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    reader.close();
    if (failed != 0)
      return parked(fmt::format("{}: {}", options_.command.front(), std::strerror(failed)), delivery.memory);
    return supervise(child, writer, input, delivery, stop);
  }

 private:
  Attempt retry(std::string why, const Delivery& delivery) const {
    return {Attempt::Kind::kRetry, std::move(why), std::nullopt, false, delivery.memory};
  }

  Attempt supervise(pid_t child, Descriptor& writer, std::string_view input, const Delivery& delivery,
                    const std::stop_token& stop) const {
    const auto deadline = std::chrono::steady_clock::now() + options_.timeout;
    ::fcntl(writer.get(), F_SETFL, O_NONBLOCK);
    int status = 0;
    for (;;) {
      // A command that does not read its input may still succeed. SIGPIPE is ignored (see make_exec).
      if (!input.empty() && writer.get() >= 0) {
        const ssize_t wrote = ::write(writer.get(), input.data(), input.size());
        if (wrote > 0) input.remove_prefix(static_cast<std::size_t>(wrote));
        if (wrote < 0 && errno != EAGAIN && errno != EINTR) input = {};
      }
      if (input.empty()) writer.close();
      if (::waitpid(child, &status, WNOHANG) == child) break;
      const bool late = std::chrono::steady_clock::now() >= deadline;
      if (late || stop.stop_requested()) {
        ::kill(-child, SIGKILL);
        ::waitpid(child, &status, 0);
        return retry(
            late ? fmt::format("took longer than {}, and was killed", format_duration(options_.timeout))
                 : std::string("stopped"),
            delivery);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return delivered("told");
    return retry(WIFEXITED(status) ? fmt::format("ended with code {}", WEXITSTATUS(status))
                                   : fmt::format("ended by signal {}", WTERMSIG(status)),
                 delivery);
  }

  ExecOptions options_;
};

}  // namespace

std::unique_ptr<Channel> make_exec(ExecOptions options) {
  // A command that ends before it has read everything must not end us.
  ::signal(SIGPIPE, SIG_IGN);
  return std::make_unique<Exec>(std::move(options));
}

}  // namespace sentinel::notify
