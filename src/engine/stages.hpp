// Runs the named stages of a tick: checks for a stop, skips what is switched off, times each under its own
// name.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel::engine {

// One runner for the life of an engine; not thread-safe. The time it measures is how long a stage took, never
// what time it is.
class StageRunner {
 public:
  StageRunner(Metrics& metrics, std::set<std::string, std::less<>> disabled)
      : metrics_(metrics), disabled_(std::move(disabled)) {}

  void begin() { took_.clear(); }

  // Runs `body` unless the stage is disabled or a stop was asked for; what it returns, or `otherwise`. A
  // failure is given on with the stage's name in front.
  template <class T>
  Result<T> run(std::string_view name, T otherwise, const std::function<Result<T>()>& body) {
    if (stop_.stop_requested()) return fail(ErrorKind::kUnavailable, "stopping");
    if (disabled_.contains(name)) return otherwise;
    const auto began = std::chrono::steady_clock::now();
    Result<T> result = body();
    const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
    note(name, took);
    if (!result) return fail(std::move(result).error(), "stage " + std::string(name));
    return result;
  }

  void set_stop(std::stop_token stop) { stop_ = std::move(stop); }
  // Of the tick since begin(), in the order run; a stage that ran twice is summed.
  const std::vector<std::pair<std::string, Duration>>& took() const { return took_; }

 private:
  void note(std::string_view name, Duration took) {
    for (auto& [known, sum] : took_) {
      if (known == name) {
        sum += took;
        return observe(name, took);
      }
    }
    took_.emplace_back(name, took);
    observe(name, took);
  }
  void observe(std::string_view name, Duration took) {
    auto& histogram = histograms_[std::string(name)];
    if (histogram == nullptr) {
      histogram =
          &metrics_.histogram("sentinelops_engine_stage_seconds", "How long a stage of a tick took.",
                              {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10}, {{"stage", std::string(name)}});
    }
    histogram->observe(seconds_of(took));
  }

  Metrics& metrics_;
  std::set<std::string, std::less<>> disabled_;
  std::stop_token stop_;
  std::vector<std::pair<std::string, Duration>> took_;
  std::map<std::string, Histogram*> histograms_;
};

}  // namespace sentinel::engine
