// Log messages become templates (Drain: He, Zhu, Zheng, Lyu, "Drain: An Online Log Parsing Approach with
// Fixed Depth Tree", ICWS 2017). One configuration for all logs; variable parts are masked before. Bounded
// memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "correlate/mask.hpp"

namespace sentinel::correlate {

// Not thread-safe, match() included: it uses the miner's buffers.
class PatternMiner {
 public:
  struct Options {
    std::size_t max_patterns = 10'000;  // beyond it the least recently seen are forgotten
    std::size_t max_tokens = 200;       // of a message; the rest is one wildcard
    double similarity = 0.5;
    std::size_t depth = 4;
    std::size_t max_children = 100;
  };
  explicit PatternMiner(Options options);
  ~PatternMiner();
  PatternMiner(PatternMiner&&) noexcept;
  PatternMiner& operator=(PatternMiner&&) noexcept;

  // The id of the message's pattern, made when there is none. Ids are stable across restarts (snapshot).
  std::string learn(std::string_view message);
  // The id of the pattern that fits, empty when none does; nothing is learned.
  std::string match(std::string_view message) const;
  std::string template_of(std::string_view id) const;  // empty when unknown
  std::size_t size() const;

  std::string snapshot() const;
  static Result<PatternMiner> restore(Options options, std::string_view snapshot);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::correlate
