#include <stdlib.h>

#include <filesystem>

#include "telemetry/embedded/embedded_telemetry.hpp"
#include "telemetry/memory/memory_telemetry.hpp"
#include "telemetry/replay/replay_store.hpp"
#include "telemetry_contract.hpp"

namespace sentinel::telemetry {
namespace {

Fixture memory() {
  auto owned = std::make_shared<MemoryTelemetry>();
  return {owned.get(), owned.get(), owned};
}

Fixture replay() {
  auto owned = std::make_shared<ReplayStore>();
  return {owned.get(), owned.get(), owned};
}

// An embedded store in a folder of its own. Tiny lanes: the suite runs through checkpoints and several
// segments.
struct Embedded {
  NullLogger logger;
  NullMetrics metrics;
  std::string folder;
  std::unique_ptr<EmbeddedTelemetry> store;
  ~Embedded() {
    store.reset();
    std::filesystem::remove_all(folder);
  }
};

Fixture embedded(std::uint64_t lane_bytes, std::uint64_t segment_bytes) {
  auto owned = std::make_shared<Embedded>();
  std::string name = (std::filesystem::temp_directory_path() / "telemetry-contract-XXXXXX").string();
  owned->folder = ::mkdtemp(name.data());
  auto store = EmbeddedTelemetry::open(
      {.folder = owned->folder, .lane_wal_bytes = lane_bytes, .segment_bytes = segment_bytes},
      Log(owned->logger, "telemetry"), owned->metrics);
  EXPECT_TRUE(store) << (store ? "" : store.error().text());
  owned->store = std::move(*store);
  return {owned->store.get(), owned->store.get(), owned};
}

INSTANTIATE_TEST_SUITE_P(Stores, TelemetryContract,
                         testing::Values(Subject{"memory", memory}, Subject{"replay", replay},
                                         Subject{"embedded", [] { return embedded(32 << 20, 512 << 20); }},
                                         Subject{"embedded_of_tiny_segments", [] { return embedded(1, 1); }}),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace sentinel::telemetry
