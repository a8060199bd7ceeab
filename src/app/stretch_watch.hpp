// Something does not work for a while: when that is told, and that it is over. Pure: time is an argument.
#pragma once

#include <optional>

#include "base/time.hpp"

namespace sentinel::app {

class StretchWatch {
 public:
  enum class News { kNone, kBegan, kOver };
  // `since`: it has not worked since then; nothing while it works. Told once per stretch, when it has lasted
  // for `patience`; a stretch that nobody was told of ends without a word.
  News look(std::optional<Time> since, Time now, Duration patience) {
    if (since && !told_ && now - *since >= patience) {
      told_ = since;
      return News::kBegan;
    }
    if (since || !told_) return News::kNone;
    began_ = *told_;
    told_.reset();
    return News::kOver;
  }
  // After kOver: when the stretch that is over had begun.
  Time began() const { return began_; }

 private:
  std::optional<Time> told_;
  Time began_{};
};

}  // namespace sentinel::app
