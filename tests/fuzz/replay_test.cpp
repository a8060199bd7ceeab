// Replays the corpora of the fuzz targets, and seeded mutations of each entry, in the ordinary test run.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/rng.hpp"
#include "targets.hpp"

namespace sentinel::fuzz {
namespace {

std::vector<std::string> corpus(const std::string& name) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(FUZZ_CORPUS) + "/" + name))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> all;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return all;
}

// One to four small damages: bytes changed, pieces removed, repeated, or taken from another entry.
std::string mutate(std::string bytes, const std::vector<std::string>& others, Rng& rng) {
  for (auto changes = rng.integer(1, 4); changes > 0; --changes) {
    const auto at = static_cast<std::size_t>(rng.integer(0, static_cast<std::int64_t>(bytes.size())));
    const auto length = static_cast<std::size_t>(rng.integer(0, 12));
    switch (rng.integer(0, 4)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(rng.integer(0, 255));
        break;
      case 1:
        bytes.erase(std::min(at, bytes.size()), length);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 3: {
        constexpr std::string_view kTelling = "{}[]\",:\\\n\0\xff\xc3\xe2";
        bytes.insert(at, 1,
                     kTelling[static_cast<std::size_t>(
                         rng.integer(0, static_cast<std::int64_t>(kTelling.size()) - 1))]);
        break;
      }
      default: {
        const auto& other =
            others[static_cast<std::size_t>(rng.integer(0, static_cast<std::int64_t>(others.size()) - 1))];
        bytes.insert(at, other.substr(std::min(other.size(), at / 2), 40));
      }
    }
  }
  return bytes;
}

class Replay : public testing::TestWithParam<Target> {};

TEST_P(Replay, EveryEntryReturns) {
  const auto entries = corpus(GetParam().name);
  ASSERT_GE(entries.size(), 10U);
  for (const auto& entry : entries) GetParam().run(entry);
}

TEST_P(Replay, MutationsOfEveryEntryReturn) {
  const auto entries = corpus(GetParam().name);
  Rng rng(2026);
  for (const auto& entry : entries) {
    for (int i = 0; i < 300; ++i) GetParam().run(mutate(entry, entries, rng));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Replay, testing::ValuesIn(targets()),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

}  // namespace
}  // namespace sentinel::fuzz
