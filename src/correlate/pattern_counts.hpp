// How often each pattern was seen in a window and in the baseline before it, and whether that is a change.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/cause.hpp"
#include "model/log_event.hpp"

namespace sentinel::correlate {

// Counts of one stretch of time. Spans are no log lines and are not counted. Mergeable: counts of minutes add
// up to counts of an hour. Memory grows with (pattern, service) pairs, which the miner bounds.
class PatternCounts {
 public:
  void add(std::string_view pattern_id, const model::LogEvent& event);
  void add(const PatternCounts& other);

  struct Entry {
    std::uint64_t count = 0;
    model::Level level = model::Level::kNone;  // the worst seen
    Time first_seen;
    Time last_seen;
    std::map<std::string, std::uint64_t> services;
    std::string example;  // of the earliest
  };
  const std::map<std::string, Entry>& entries() const { return entries_; }

 private:
  std::map<std::string, Entry> entries_;
};

// Compares a window with a baseline that is `baseline_windows` times as long (0: there is none, and every
// pattern is steady). The count in the window, given the sum of both, is binomial with p = 1 / (1 +
// baseline_windows) when nothing changed (two Poisson counts; Przyborowski and Wilenski 1940); its deviance
// is signed and turned into a score on the scale of z. Dispersed logs come in bursts, hence the gates:
//   new    not in the baseline at all, and seen at least twice, or once as a warning or worse
//   more   z > 4 and at least twice the expected count
//   less   z < -4 and at most half of it
//   gone   not in the window, and so often before that z < -3.3
// Patterns that are steady are in the answer too; those with no line in either are not. `services` of a
// pattern that is gone are those of the baseline, with a count of 0. By rising id; the texts are left empty.
std::vector<model::Pattern> compare(const PatternCounts& window, const PatternCounts& baseline,
                                    double baseline_windows);

// Signed root of the deviance: how surprising `count` is where the baseline, `windows` times as long, had
// `before`. 0 when both are 0.
double surprise(double count, double before, double windows);

}  // namespace sentinel::correlate
