// libFuzzer's entry; FUZZ_TARGET is the name of one target. Built with -DSENTINEL_FUZZ=ON and clang.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto& target : sentinel::fuzz::targets()) {
    if (std::string_view(target.name) == FUZZ_TARGET) target.run({reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
