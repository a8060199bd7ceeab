// A time zone by its IANA name, read once from the system's database (/usr/share/zoneinfo, or the folder in
// the variable TZDIR). Offsets beyond the last rule in the file stay as they are there. Values are const and
// shared; all calls are safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel {

// What a clock on the wall shows.
struct WallTime {
  int year = 1970;
  unsigned month = 1;    // 1..12
  unsigned day = 1;      // 1..31
  unsigned weekday = 0;  // 0 Sunday .. 6 Saturday
  int minute = 0;        // of the day, 0..1439
};

class Zone {
 public:
  // "UTC" is always there. kNotFound for a name that the system does not know, kCorrupt for a file that is no
  // zone.
  static Result<std::shared_ptr<const Zone>> named(const std::string& name);

  Duration offset_at(Time t) const;  // east of UTC is positive
  WallTime wall(Time t) const;

 private:
  struct Change {
    std::int64_t at;      // seconds since the epoch
    std::int32_t offset;  // seconds
  };
  std::int32_t first_ = 0;       // before any change
  std::vector<Change> changes_;  // rising
};

}  // namespace sentinel
