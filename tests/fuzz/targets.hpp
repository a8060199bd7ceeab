// The fuzz targets: whatever the bytes, each returns. A crash, a hang or a sanitizer's word is the finding.
#pragma once

#include <ostream>
#include <string_view>
#include <vector>

namespace sentinel::fuzz {

struct Target {
  const char* name;  // of its folder in corpus/
  void (*run)(std::string_view bytes);
};
const std::vector<Target>& targets();
// How GoogleTest names it.
inline void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

}  // namespace sentinel::fuzz
