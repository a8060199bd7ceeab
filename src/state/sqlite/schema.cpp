#include "state/sqlite/schema.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>

#include "state/sqlite/statement.hpp"

namespace sentinel::state {
namespace {

// An incident is kept as its JSON (model/json.hpp), beside the columns that queries filter by. Times are
// microseconds.
constexpr std::array<const char*, 1> kSteps = {R"(
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
)"};

}  // namespace

Result<void> migrate(sqlite3* db) {
  SENTINEL_ASSIGN(auto ask, Statement::prepare(db, "PRAGMA user_version"));
  SENTINEL_ASSIGN(const bool has, ask.step());
  const std::int64_t version = has ? ask.integer(0) : 0;
  const auto newest = static_cast<std::int64_t>(kSteps.size());
  if (version > newest) {
    return fail(ErrorKind::kInvalid, fmt::format("its format is version {}, this program knows {}: use the "
                                                 "newer program, or give it another folder",
                                                 version, newest));
  }
  for (std::int64_t step = version; step < newest; ++step) {
    const std::string sql = fmt::format("BEGIN IMMEDIATE;{};PRAGMA user_version={};COMMIT",
                                        kSteps[static_cast<std::size_t>(step)], step + 1);
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      auto error = sqlite_error(db, fmt::format("bringing it to version {}", step + 1));
      sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
      return tl::unexpected<Error>(std::move(error));
    }
  }
  return {};
}

}  // namespace sentinel::state
