#include "app/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

namespace sentinel::app {

StopSignals::StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int sig : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, sig);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A client that goes away while we write must not end the process.
  ::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this, set] {
    bool asked = false;
    for (;;) {
      int sig = 0;
      if (sigwait(&set, &sig) != 0) continue;
      if (sig == SIGUSR1) return;  // the destructor's
      if (asked) ::_exit(130);
      asked = true;
      source_.request_stop();
    }
  });
}

StopSignals::~StopSignals() {
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

}  // namespace sentinel::app
