// kill -9 in the middle of commits: what was acknowledged is there and whole, and nothing is there in part.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "base/rng.hpp"
#include "state/sqlite/sqlite_state.hpp"

namespace sentinel::state {
namespace {

constexpr std::size_t kBlobBytes = 20'000;  // several pages, so that a commit is many writes

std::string name_of(std::int64_t number) { return "INC-" + std::to_string(number); }
Time time_of(std::int64_t number) { return time_from_micros(1'771'615'227'000'000 + number * 60'000'000); }
std::string blob_of(std::int64_t number) {
  return std::string(kBlobBytes, static_cast<char>('a' + number % 26));
}

// Change `number`: one part of every kind, all of them telling the number.
Change change_of(std::int64_t number) {
  model::Incident incident;
  incident.id = name_of(number);
  incident.title = "change " + std::to_string(number);
  incident.created_at = incident.updated_at = incident.onset = incident.last_bad_at = time_of(number);
  incident.services = {"db"};
  OutboxRow row;
  row.key = incident.id + "/1/slack";
  row.incident_id = incident.id;
  return {.incidents = {incident},
          .events = {{.incident_id = incident.id, .kind = "opened"},
                     {.incident_id = incident.id, .kind = "updated"}},
          .outbox = {row},
          .ledger = {{.slice = time_of(number)}},
          .blobs = {{"baseline", blob_of(number)}, {name_of(number), blob_of(number)}}};
}

// In the child: commits from `first` on until it is killed, telling each number once commit() has returned.
[[noreturn]] void commit_until_killed(const std::string& path, std::int64_t first, int pipe) {
  auto store = open_sqlite_state(path);
  if (!store) _exit(2);
  for (std::int64_t number = first;; ++number) {
    if (!(*store)->commit(change_of(number))) _exit(3);
    if (write(pipe, &number, sizeof number) != sizeof number) _exit(4);
  }
}

// How many of the parts of change `number` the store holds; `kParts` when it is whole.
constexpr int kParts = 5;
int parts_present(StateStore& store, std::int64_t number) {
  int parts = 0;
  if (store.incident(name_of(number)).value().has_value()) ++parts;
  if (store.timeline(name_of(number)).value().size() == 2) ++parts;
  const auto messages = store.outbox(std::nullopt, 1'000'000).value();
  for (const auto& row : messages) {
    if (row.incident_id == name_of(number)) ++parts;
  }
  if (!store.ledger({time_of(number), time_of(number) + seconds(1)}).value().empty()) ++parts;
  if (store.blob(name_of(number)).value() == blob_of(number)) ++parts;
  return parts;
}

struct Folder {
  Folder() {
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~Folder() {
    std::error_code ignored;  // what is left is in the temporary folder
    std::filesystem::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  std::string path = (std::filesystem::temp_directory_path() / "sentinel-crash-XXXXXX").string();
};

TEST(StateCrash, EveryAcknowledgedChangeIsWholeAndNoneIsPartial) {
  const char* rounds_wanted = std::getenv("SENTINELOPS_CRASH_ROUNDS");
  const int rounds = rounds_wanted != nullptr ? std::atoi(rounds_wanted) : 5;
  ASSERT_GE(rounds, 1);
  const Folder folder;
  const std::string path = folder.path + "/state.db";
  Rng rng(20260220);
  std::int64_t next = 1;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + ", from change " + std::to_string(next));
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      commit_until_killed(path, next, ends[1]);
    }
    close(ends[1]);
    std::int64_t acknowledged = next - 1;
    for (auto wanted = rng.integer(1, 60); wanted > 0; --wanted) {
      std::int64_t number = 0;
      if (read(ends[0], &number, sizeof number) != sizeof number) break;
      acknowledged = number;
    }
    // Somewhere inside the commits that follow, not always right behind an acknowledgement.
    for (auto spin = rng.integer(0, 300'000); spin > 0; --spin) asm volatile("");
    kill(child, SIGKILL);
    for (std::int64_t number = 0; read(ends[0], &number, sizeof number) == sizeof number;)
      acknowledged = number;
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child gave up by itself, code " << WEXITSTATUS(status);
    ASSERT_GE(acknowledged, next) << "nothing was committed";

    auto opened = open_sqlite_state(path);
    ASSERT_TRUE(opened) << opened.error().text();
    StateStore& store = **opened;
    for (std::int64_t number = next; number <= acknowledged; ++number)
      ASSERT_EQ(parts_present(store, number), kParts) << "change " << number;
    // The one that was under way is there as a whole or not at all; none is behind it.
    const int pending = parts_present(store, acknowledged + 1);
    ASSERT_TRUE(pending == 0 || pending == kParts) << pending << " parts of change " << acknowledged + 1;
    ASSERT_EQ(parts_present(store, acknowledged + 2), 0);
    const std::int64_t last = pending == 0 ? acknowledged : acknowledged + 1;
    EXPECT_EQ(store.incidents({}).value().total, static_cast<std::uint64_t>(last));
    EXPECT_EQ(store.blob("baseline").value(), blob_of(last));
    EXPECT_EQ(store.newest_ledger_entry().value()->slice, time_of(last));
    next = last + 1;
  }
}

}  // namespace
}  // namespace sentinel::state
