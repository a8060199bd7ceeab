#include "state/sqlite/schema.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>

#include "state/sqlite/statement.hpp"

namespace sentinel::state {
namespace {

// An incident is kept as its JSON (model/json.hpp), beside the columns that queries filter by. Times are
// microseconds.
constexpr std::array<const char*, 5> kSteps = {R"(
CREATE TABLE incident(
  id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, state TEXT NOT NULL, severity INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX incident_by_time ON incident(created_at DESC, id DESC);
CREATE INDEX incident_active ON incident(state) WHERE state <> 'resolved';
CREATE TABLE incident_service(
  service TEXT NOT NULL, incident_id TEXT NOT NULL REFERENCES incident(id), PRIMARY KEY(service, incident_id)) WITHOUT ROWID;
CREATE INDEX incident_service_by_incident ON incident_service(incident_id);
CREATE TABLE event(
  incident_id TEXT NOT NULL REFERENCES incident(id), number INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
  actor TEXT NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY(incident_id, number)) WITHOUT ROWID;
CREATE TABLE outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, incident_id TEXT NOT NULL,
  event_number INTEGER NOT NULL, payload TEXT NOT NULL, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL, last_error TEXT NOT NULL, status INTEGER NOT NULL);
CREATE INDEX outbox_by_status ON outbox(status, id);
CREATE TABLE silence(
  id TEXT PRIMARY KEY, service TEXT NOT NULL, metric TEXT NOT NULL, severities TEXT NOT NULL, starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runbook(id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
CREATE VIRTUAL TABLE runbook_text USING fts5(id UNINDEXED, text, tokenize='porter unicode61');
CREATE TABLE ledger(
  slice INTEGER PRIMARY KEY, coverage TEXT NOT NULL, judged_at INTEGER NOT NULL, docs INTEGER NOT NULL,
  late_docs INTEGER NOT NULL, note TEXT NOT NULL);
CREATE TABLE blob(name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
)",
                                               // The whole silence as JSON (model/silence_json.hpp); rows of
                                               // before have none, and are what their columns say.
                                               R"(
ALTER TABLE silence ADD COLUMN body TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_by_channel ON outbox(channel, status, id);
)",
                                               R"(
CREATE TABLE analysis(
  id TEXT PRIMARY KEY, incident_id TEXT NOT NULL, asked_at INTEGER NOT NULL, answered_at INTEGER, provider TEXT NOT NULL,
  model TEXT NOT NULL, outcome TEXT NOT NULL, occasion TEXT NOT NULL, fingerprint TEXT NOT NULL, sent TEXT NOT NULL,
  received TEXT NOT NULL, input_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, estimated_usd REAL NOT NULL, usd REAL NOT NULL,
  note TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX analysis_by_time ON analysis(asked_at);
CREATE INDEX analysis_by_incident ON analysis(incident_id, asked_at);
)",
                                               R"(
CREATE TABLE answer(
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX answer_by_time ON answer(at);
)",
                                               R"(
CREATE INDEX outbox_by_incident ON outbox(incident_id, channel);
)"};

constexpr auto kNewest = static_cast<std::int64_t>(kSteps.size());

Result<std::int64_t> known_version(sqlite3* db) {
  // In one statement, so that both are of the same moment: another process may be at migrate().
  SENTINEL_ASSIGN(
      auto ask,
      Statement::prepare(
          db, "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)"));
  SENTINEL_TRY(ask.step());
  const std::int64_t version = ask.integer(0);
  const std::int64_t tables = ask.integer(1);
  if (version > kNewest || version < 0) {
    return fail(ErrorKind::kInvalid, fmt::format("its format is version {}, this program knows {}: use the "
                                                 "newer program, or give it another folder",
                                                 version, kNewest));
  }
  // A file of ours has its version from the moment it has tables.
  if (version == 0 && tables > 0) {
    return fail(ErrorKind::kInvalid,
                "it is the database of another program: move it away, or use another folder");
  }
  return version;
}

Result<void> exec(sqlite3* db, const std::string& sql, const std::string& doing) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::unexpected<Error>(sqlite_error(db, doing));
}

}  // namespace

Result<void> require_known(sqlite3* db) {
  return known_version(db).map([](std::int64_t) {});
}

Result<void> require_newest(sqlite3* db) {
  SENTINEL_ASSIGN(const auto version, known_version(db));
  if (version == kNewest) return {};
  return fail(ErrorKind::kInvalid, fmt::format("its format is version {}, this program reads {}: start the "
                                               "service once, it brings the file up to date",
                                               version, kNewest));
}

Result<void> migrate(sqlite3* db) {
  for (;;) {
    // The version is read under the write lock: another process may have taken the same step meanwhile.
    SENTINEL_TRY(exec(db, "BEGIN IMMEDIATE", "locking the file"));
    const auto step = [&]() -> Result<bool> {
      SENTINEL_ASSIGN(const auto version, known_version(db));
      if (version == kNewest) return false;
      const std::string doing = fmt::format("bringing it to version {}", version + 1);
      SENTINEL_TRY(exec(db, kSteps[static_cast<std::size_t>(version)], doing));
      SENTINEL_TRY(exec(db, fmt::format("PRAGMA user_version={}", version + 1), doing));
      return true;
    }();
    if (!step || !*step) {
      sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
      return step.map([](bool) {});
    }
    if (auto done = exec(db, "COMMIT", "bringing it up to date"); !done) {
      sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
      return done;
    }
  }
}

}  // namespace sentinel::state
