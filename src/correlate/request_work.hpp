// How much a service does for one request: the lines it writes and the calls it makes, compared between a
// baseline and a window for requests of the same kind. A request that breaks off early shows here and nowhere
// else: it is neither slow nor an error, its lines and calls are just missing.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/log_event.hpp"

namespace sentinel::correlate {

struct WorkShift {
  double now = 0;       // lines or calls of the window's requests
  double expected = 0;  // what as many requests of the same kinds did before
  double z = 0;         // of the difference, over the spread between single requests

  bool known() const { return expected > 0; }
  double ratio() const { return expected > 0 ? now / expected : 1; }
};

struct ServiceWork {
  WorkShift lines;
  WorkShift calls;
};

// A request is what one trace did in one service; its kind is the operations by which it entered. Requests of
// which only a part is in the sample (no entry) do not count, nor do kinds with fewer than three requests
// before.
std::map<std::string, ServiceWork, std::less<>> compare_work(std::span<const model::LogEvent> before,
                                                             std::span<const model::LogEvent> during);

}  // namespace sentinel::correlate
