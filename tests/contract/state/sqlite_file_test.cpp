// What the SQLite adapter promises about its file: what it refuses, and that it never harms what it refuses.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "state_contract.hpp"

namespace sentinel::state {
namespace {

class SqliteFile : public testing::Test {
 protected:
  std::string path() const { return folder_.file("state.db"); }
  std::unique_ptr<StateStore> open(OpenMode mode = OpenMode::kOwn) const {
    auto opened = open_sqlite_state(path(), mode);
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }
  // The refusal of a file, which must name the path and leave every byte as it was.
  Error refusal(OpenMode mode = OpenMode::kOwn) const {
    const std::string before = bytes();
    const auto opened = open_sqlite_state(path(), mode);
    EXPECT_FALSE(opened);
    EXPECT_EQ(bytes(), before);
    if (opened) return Error{};
    EXPECT_NE(opened.error().text().find(path()), std::string::npos) << opened.error().text();
    return opened.error();
  }
  std::string bytes() const {
    std::ifstream in(path(), std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  }
  void write(const std::string& content) const { std::ofstream(path(), std::ios::binary) << content; }
  void sql(const char* text) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  ScratchFolder folder_;
};

bool mentions(const Error& error, std::string_view words) {
  return error.text().find(words) != std::string::npos;
}

TEST_F(SqliteFile, KeepsEverythingAcrossARestart) {
  {
    const auto store = open();
    ASSERT_TRUE(store->commit({.incidents = {incident("a", 1)},
                               .events = {event("a", "opened")},
                               .outbox = {message("k")},
                               .ledger = {{.slice = at(1)}},
                               .blobs = {{"baseline", "bytes"}}}));
    ASSERT_TRUE(store->put_silence({.id = "s"}));
    ASSERT_TRUE(store->put_runbook({.id = "rb", .title = "Pool exhausted"}));
  }
  const auto store = open();
  EXPECT_TRUE(*store->incident("a"));
  EXPECT_EQ(store->timeline("a")->size(), 1U);
  EXPECT_EQ(store->outbox(std::nullopt, 9)->size(), 1U);
  EXPECT_TRUE(*store->newest_ledger_entry());
  EXPECT_EQ(*store->blob("baseline"), "bytes");
  EXPECT_EQ(store->silences()->size(), 1U);
  EXPECT_EQ(store->search_runbooks({.text = "exhausted"})->size(), 1U);
}

TEST_F(SqliteFile, IsInWalModeSoThatReadersNeverWait) {
  open();
  const std::string header = bytes().substr(18, 2);  // file format: write and read version, 2 is WAL
  EXPECT_EQ(header, std::string("\x02\x02"));
}

TEST_F(SqliteFile, AReaderBesideTheServiceSeesWhatWasCommitted) {
  const auto service = open();
  const auto reader = open(OpenMode::kRead);
  ASSERT_TRUE(service->commit({.incidents = {incident("a", 1)}}));
  EXPECT_TRUE(*reader->incident("a"));
}

TEST_F(SqliteFile, AReaderCannotWrite) {
  open();
  const auto reader = open(OpenMode::kRead);
  const auto done = reader->commit({.incidents = {incident("a", 1)}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kDenied);
  EXPECT_FALSE(reader->put_runbook({.id = "rb", .title = "t"}));
  EXPECT_EQ(reader->incidents({})->total, 0U);
}

TEST_F(SqliteFile, AReaderMakesNoFile) {
  const auto opened = open_sqlite_state(path(), OpenMode::kRead);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteFile, TwoMayMakeItAtOnce) {
  for (int round = 0; round < 10; ++round) {
    std::filesystem::remove_all(path());
    std::barrier start(2);
    std::atomic<int> opened = 0;
    {
      const auto make = [&] {
        start.arrive_and_wait();
        const auto store = open_sqlite_state(path());
        EXPECT_TRUE(store) << store.error().text();
        if (store && (*store)->incidents({})) ++opened;
      };
      const std::jthread one(make);
      const std::jthread two(make);
    }
    ASSERT_EQ(opened, 2) << "round " << round;
  }
}

TEST_F(SqliteFile, SomethingElseIsRefusedAsCorruptWithWhatToDo) {
  write("this is no database, but it may be somebody's only copy of a letter\n" + std::string(5000, 'x'));
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(mentions(error, "restore it from a backup")) << error.text();
}

TEST_F(SqliteFile, ADamagedPageIsRefusedAsCorrupt) {
  {
    const auto store = open();
    Change change;
    for (int n = 0; n < 200; ++n) change.incidents.push_back(incident("i" + std::to_string(n), n));
    ASSERT_TRUE(store->commit(change));
  }
  std::string content = bytes();
  ASSERT_GT(content.size(), 5U * 4096);
  for (std::size_t page = 2; page * 4096 < content.size(); ++page)
    content.replace(page * 4096, 200, std::string(200, '\xAA'));
  write(content);
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(mentions(error, "move the file away")) << error.text();
}

TEST_F(SqliteFile, ACutFileIsRefusedAsCorrupt) {
  {
    const auto store = open();
    ASSERT_TRUE(store->commit({.blobs = {{"large", std::string(300'000, 'x')}}}));
  }
  write(bytes().substr(0, 70'000));
  EXPECT_EQ(refusal().kind, ErrorKind::kCorrupt);
}

TEST_F(SqliteFile, ANewerVersionIsRefusedWithWhatToDo) {
  open();
  sql("PRAGMA user_version=999");
  for (const OpenMode mode : {OpenMode::kOwn, OpenMode::kRead}) {
    const Error error = refusal(mode);
    EXPECT_EQ(error.kind, ErrorKind::kInvalid);
    EXPECT_TRUE(mentions(error, "version 999")) << error.text();
    EXPECT_TRUE(mentions(error, "newer program")) << error.text();
  }
}

TEST_F(SqliteFile, AnotherProgramsDatabaseIsRefused) {
  sql("CREATE TABLE invoices(id INTEGER); INSERT INTO invoices VALUES(1)");
  for (const OpenMode mode : {OpenMode::kOwn, OpenMode::kRead}) {
    const Error error = refusal(mode);
    EXPECT_EQ(error.kind, ErrorKind::kInvalid);
    EXPECT_TRUE(mentions(error, "another program")) << error.text();
  }
}

TEST_F(SqliteFile, AReaderDoesNotBringAnEmptyFileUpToDate) {
  write("");
  const Error error = refusal(OpenMode::kRead);
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_TRUE(mentions(error, "start the service once")) << error.text();
}

TEST_F(SqliteFile, AFolderInItsPlaceIsRefused) {
  ASSERT_TRUE(std::filesystem::create_directory(path()));
  const auto opened = open_sqlite_state(path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kInvalid);
  EXPECT_TRUE(mentions(opened.error(), "is a folder")) << opened.error().text();
  EXPECT_TRUE(std::filesystem::is_directory(path()));
}

TEST_F(SqliteFile, AFolderThatIsMissingIsRefusedWithWhatToDo) {
  const auto opened = open_sqlite_state(folder_.file("nowhere/state.db"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kDenied);
  EXPECT_TRUE(mentions(opened.error(), "is the folder there")) << opened.error().text();
}

TEST_F(SqliteFile, AFolderThatCannotBeWrittenIsRefusedWithWhatToDo) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  // Root may write anywhere: it asks as somebody else.
  const uid_t user = geteuid();
  if (user == 0) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto opened = open_sqlite_state(path());
  ASSERT_EQ(seteuid(user), 0);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kDenied);
  EXPECT_TRUE(mentions(opened.error(), "may this user write")) << opened.error().text();
}

TEST_F(SqliteFile, AFullDiskFailsTheCommitAndLaterOnesWorkAgain) {
  const auto store = open();
  ASSERT_TRUE(store->commit({.incidents = {incident("before", 1)}}));
  // The limit on file size stands in for the end of the disk: the write fails in the same place.
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = usual;
  small.rlim_cur = 256 * 1024;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto full = store->commit(
      {.incidents = {incident("during", 2)}, .blobs = {{"large", std::string(2'000'000, 'x')}}});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &usual), 0);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::kUnavailable) << full.error().text();
  EXPECT_FALSE(*store->incident("during"));
  EXPECT_FALSE(*store->blob("large"));
  EXPECT_TRUE(store->commit({.incidents = {incident("after", 3)}}));
  EXPECT_EQ(store->incidents({})->total, 2U);
}

TEST_F(SqliteFile, AnIncidentThatCouldNotBeReadBackIsRefusedAtOnce) {
  const auto store = open();
  auto i = incident("a", 1);
  i.last_bad_at = kNever;
  const auto done = store->commit({.incidents = {i}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().text(), "incident a: last_bad_at: must be an RFC 3339 time");
  EXPECT_EQ(store->incidents({})->total, 0U);
}

TEST_F(SqliteFile, TextIsFoundByTheStemOfItsWords) {
  const auto store = open();
  ASSERT_TRUE(store->put_runbook({.id = "rb", .title = "Pool exhausted"}));
  ASSERT_TRUE(store->put_runbook({.id = "other", .title = "Something else"}));
  const auto found = store->search_runbooks({.text = "exhausting"});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().reasons, std::vector<std::string>{"text: other forms of its words"});
}

}  // namespace
}  // namespace sentinel::state
