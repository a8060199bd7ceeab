// When a channel may be used: "Mon-Fri 08:00-18:00" in a time zone. Pure but for the zone's data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel::notify {

class Hours {
 public:
  Hours() = default;  // always

  // Each text is days and a stretch of the day: "Mon-Fri 08:00-18:00", "Sat,Sun 10:00-14:00", "* 22:00-06:00"
  // (over midnight, it belongs to the day it begins on). None: always.
  static Result<Hours> parse(const std::vector<std::string>& texts, const std::string& zone);

  bool contains(Time now) const;
  // `now` when it is inside, else when the next stretch begins.
  Time next(Time now) const;

 private:
  struct Stretch {
    unsigned days = 0;  // bit 0 is Sunday
    int from = 0;       // minutes of the day
    int to = 0;         // beyond 1440 when it goes over midnight
  };
  std::vector<Stretch> stretches_;
  std::string zone_ = "UTC";
};

}  // namespace sentinel::notify
