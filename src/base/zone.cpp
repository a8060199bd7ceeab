#include "base/zone.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string_view>

#include "base/text.hpp"

namespace sentinel {
namespace {

constexpr std::size_t kHeader = 44;  // RFC 8536

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = (static_cast<unsigned char>(bytes[at]) & 0x80U) != 0 ? ~0ULL : 0;
  for (std::size_t i = 0; i < width; ++i) value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<std::int64_t>(value);
}

struct Counts {
  std::size_t utc, standard, leap, times, types, letters;
};
Counts counts_at(std::string_view bytes, std::size_t at) {
  const auto count = [&](std::size_t i) {
    return static_cast<std::size_t>(big_endian(bytes, at + 20 + 4 * i, 4));
  };
  return {count(0), count(1), count(2), count(3), count(4), count(5)};
}
std::size_t block(const Counts& c, std::size_t width) {
  return c.times * width + c.times + c.types * 6 + c.letters + c.leap * (width + 4) + c.standard + c.utc;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() < 64 && name.front() != '/' && name.find("..") == std::string::npos &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                  c == '_' || c == '-' || c == '+';
         });
}

}  // namespace

Result<std::shared_ptr<const Zone>> Zone::named(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Zone>> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(name); found != known.end()) return found->second;
  auto zone = std::make_shared<Zone>();
  if (name != "UTC") {
    const auto unknown = [&] {
      return fail(ErrorKind::kNotFound, "time zone '" + one_line(name, 60) +
                                            "' is not known here; use a name such as Europe/Berlin or UTC");
    };
    if (!is_name(name)) return unknown();
    const char* folder = std::getenv("TZDIR");
    std::ifstream file(std::string(folder == nullptr ? "/usr/share/zoneinfo" : folder) + "/" + name,
                       std::ios::binary);
    if (!file) return unknown();
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto broken = [&] {
      return fail(ErrorKind::kCorrupt, "the file of time zone " + name + " is damaged");
    };
    if (bytes.size() < kHeader || !bytes.starts_with("TZif") || bytes.size() > (1U << 20)) return broken();
    std::size_t at = 0;
    std::size_t width = 4;
    Counts counts = counts_at(bytes, 0);
    // The second block has 64-bit times; the first is for old readers.
    if (bytes[4] >= '2') {
      at = kHeader + block(counts, 4);
      if (bytes.size() < at + kHeader) return broken();
      counts = counts_at(bytes, at);
      width = 8;
    }
    const std::size_t times = at + kHeader;
    if (counts.types == 0 || bytes.size() < times + block(counts, width)) return broken();
    const std::size_t indices = times + counts.times * width;
    const std::size_t types = indices + counts.times;
    const auto offset = [&](std::size_t type) {
      return static_cast<std::int32_t>(big_endian(bytes, types + type * 6, 4));
    };
    zone->first_ = offset(0);
    for (std::size_t i = 0; i < counts.times; ++i) {
      const auto type = static_cast<std::size_t>(static_cast<unsigned char>(bytes[indices + i]));
      if (type >= counts.types) return broken();
      zone->changes_.push_back({big_endian(bytes, times + i * width, width), offset(type)});
    }
  }
  known[name] = zone;
  return known[name];
}

Duration Zone::offset_at(Time t) const {
  const auto at = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  const auto next = std::upper_bound(changes_.begin(), changes_.end(), at,
                                     [](std::int64_t time, const Change& c) { return time < c.at; });
  return seconds(next == changes_.begin() ? first_ : std::prev(next)->offset);
}

WallTime Zone::wall(Time t) const {
  const Time local = t + offset_at(t);
  const auto midnight = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(midnight);
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day()),
          .weekday = std::chrono::weekday(midnight).c_encoding(),
          .minute = static_cast<int>(std::chrono::floor<std::chrono::minutes>(local - midnight).count())};
}

}  // namespace sentinel
