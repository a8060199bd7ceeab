// What only the embedded store promises: durability over a restart, retention, damaged files, one owner.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "telemetry/embedded/embedded_telemetry.hpp"
#include "telemetry/embedded/folder_lock.hpp"

namespace sentinel::telemetry {
namespace {

class EmbeddedStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "embedded-test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<EmbeddedTelemetry> open(EmbeddedOptions options = {}) {
    options.folder = folder_;
    auto store = EmbeddedTelemetry::open(options, Log(logger_, "telemetry"), metrics_);
    EXPECT_TRUE(store) << (store ? "" : store.error().text());
    return store ? std::move(*store) : nullptr;
  }
  void put(EmbeddedTelemetry& store, Time time, Time ingested) {
    model::DocumentBatch batch;
    batch.add(model::LogRow{.time = time, .service = "a", .message = "m"});
    const auto done = write(store, std::move(batch), ingested);
    ASSERT_TRUE(done) << done.error().text();
  }
  std::uint64_t rows(EmbeddedTelemetry& store) {
    return store.count({.range = {noon_ - hours(100000), noon_ + hours(100000)}}).value();
  }

  NullLogger logger_;
  NullMetrics metrics_;
  std::string folder_;
  Time noon_ = *parse_rfc3339("2026-03-01T12:00:00Z");
};

TEST_F(EmbeddedStore, KeepsItsRowsOverARestart) {
  put(*open(), noon_, noon_);
  EXPECT_EQ(rows(*open()), 1U);
}

TEST_F(EmbeddedStore, OrderOfArrivalGoesOnAfterARestart) {
  for (int i = 0; i < 3; ++i) {
    auto store = open();
    model::DocumentBatch batch;
    batch.add(model::LogRow{.time = noon_, .service = "a", .message = std::to_string(i)});
    ASSERT_TRUE(write(*store, std::move(batch), noon_));
  }
  auto store = open();
  const auto events = store->events({.range = {noon_, noon_ + seconds(1)}});
  ASSERT_EQ(events->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ((*events)[i].message, std::to_string(i));
}

TEST_F(EmbeddedStore, RetentionDropsWholeOldSegmentsAndNothingElse) {
  auto store = open({.retention = hours(1)});
  put(*store, noon_ - hours(3), noon_ - hours(3));
  put(*store, noon_ - hours(3), noon_ - hours(3));
  EXPECT_TRUE(store->maintain(noon_ - hours(3))->dropped.empty());
  // The old lane is sealed by the thread that checkpoints; the round after that drops it.
  std::size_t dropped = 0;
  for (int round = 0; round < 100'000 && dropped == 0; ++round)
    dropped = store->maintain(noon_)->dropped.size();
  EXPECT_EQ(rows(*store), 0U);
  put(*store, noon_, noon_);
  EXPECT_TRUE(store->maintain(noon_ + minutes(1)));
  EXPECT_EQ(rows(*store), 1U);
}

TEST_F(EmbeddedStore, TheDiskBudgetDropsTheOldestSegmentsFirst) {
  // Every checkpoint seals its lane, so that there are sealed segments to drop.
  auto store = open({.disk_budget_bytes = 1, .lane_wal_bytes = 1, .segment_bytes = 1});
  for (int i = 0; i < 12; ++i) put(*store, noon_ + seconds(i), noon_ + seconds(i));
  std::size_t dropped = 0;
  for (int round = 0; round < 100'000 && dropped == 0; ++round)
    dropped = store->maintain(noon_ + minutes(1))->dropped.size();
  EXPECT_GT(dropped, 0U);
  const auto kept = store->events({.range = {noon_, noon_ + minutes(1)}, .limit = 100});
  ASSERT_TRUE(kept);
  EXPECT_LT(kept->size(), 12U);
  // The newest documents are the last to go: they are in the lanes.
  put(*store, noon_ + seconds(30), noon_ + seconds(30));
  EXPECT_EQ(store->events({.range = {noon_ + seconds(30), noon_ + seconds(31)}})->size(), 1U);
}

TEST_F(EmbeddedStore, ADamagedSegmentIsSetAsideAndTheRestIsServed) {
  {
    auto store = open({.lane_wal_bytes = 1, .segment_bytes = 1});
    for (int i = 0; i < 6; ++i) put(*store, noon_, noon_);
  }
  std::string victim;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().extension() == ".duckdb" && (victim.empty() || entry.path().string() < victim))
      victim = entry.path().string();
  }
  std::ofstream(victim, std::ios::binary)
      << "this is no database at all, but it is long enough to be read as one";
  auto store = open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->status()->damaged, std::vector<std::string>{victim + ".damaged"});
  EXPECT_TRUE(std::filesystem::exists(victim + ".damaged"));
  put(*store, noon_, noon_);
}

TEST_F(EmbeddedStore, AFullQueueRefusesTheBatchAtOnce) {
  auto store = open({.queue_bytes = 1});
  std::atomic<int> done{0};
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    model::DocumentBatch batch;
    for (int j = 0; j < 200; ++j) batch.add(model::LogRow{.time = noon_, .service = "a", .message = "m"});
    const auto taken = store->submit(std::move(batch), noon_, [&](const Result<void>&) { ++done; });
    if (!taken) {
      EXPECT_EQ(taken.error().kind, ErrorKind::kOverloaded);
      ++refused;
    }
  }
  store->close();
  EXPECT_GT(refused, 0);
  EXPECT_EQ(done + refused, 200);
}

TEST_F(EmbeddedStore, AClosedStoreRefuses) {
  auto store = open();
  store->close();
  EXPECT_FALSE(store->submit({}, noon_, [](const Result<void>&) {}));
  EXPECT_FALSE(
      store->events({.range = {noon_, noon_ + seconds(1)}}).value_or(std::vector<model::LogEvent>()).size() >
      0);
}

TEST_F(EmbeddedStore, OnlyOneOwnerMayLockTheFolder) {
  auto lock = FolderLock::take(folder_);
  ASSERT_TRUE(lock);
  ASSERT_TRUE(lock->announce("http://127.0.0.1:8000"));
  const auto second = FolderLock::take(folder_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_NE(second.error().text().find(std::to_string(::getpid())), std::string::npos);
  EXPECT_EQ(owner_of(folder_)->url, "http://127.0.0.1:8000");
}

TEST_F(EmbeddedStore, ALockGoesWithItsOwner) {
  { auto lock = FolderLock::take(folder_); }
  EXPECT_FALSE(owner_of(folder_));
  EXPECT_TRUE(FolderLock::take(folder_));
}

}  // namespace
}  // namespace sentinel::telemetry
