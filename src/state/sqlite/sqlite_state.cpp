#include "state/sqlite/sqlite_state.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "model/json.hpp"
#include "model/silence_json.hpp"
#include "state/admission.hpp"
#include "state/sqlite/schema.hpp"
#include "state/sqlite/sqlite_tables.hpp"

namespace sentinel::state {
namespace {

Result<model::Incident> incident_of(const std::string& body) {
  SENTINEL_ASSIGN(const auto json, model::parse_json(body));
  return model::incident_from_json(json);
}

}  // namespace

std::string dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::int64_t row_count(std::size_t count) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  return std::cmp_greater(count, kMost) ? kMost : static_cast<std::int64_t>(count);
}

Result<void> SqliteState::put_incident(const model::Incident& incident) {
  const auto json = model::to_json(incident);
  // One that cannot be read back (a time beyond the calendar) would later fail every listing it is part of.
  if (auto readable = model::incident_from_json(json); !readable)
    return fail(std::move(readable).error(), "incident " + incident.id);
  SENTINEL_ASSIGN(
      auto put,
      Statement::prepare(
          writer_.get(),
          "INSERT INTO incident(id, created_at, state, severity, body) VALUES(?,?,?,?,?) ON CONFLICT(id) DO "
          "UPDATE SET created_at=excluded.created_at, state=excluded.state, severity=excluded.severity, "
          "body=excluded.body"));
  put.bind(incident.id)
      .bind(micros(incident.created_at))
      .bind(model::to_string(incident.state))
      .bind(static_cast<std::int64_t>(incident.severity))
      .bind(dump(json));
  SENTINEL_TRY(put.run());
  SENTINEL_ASSIGN(auto clear,
                  Statement::prepare(writer_.get(), "DELETE FROM incident_service WHERE incident_id=?"));
  SENTINEL_TRY(clear.bind(incident.id).run());
  for (const auto& service : std::set<std::string>(incident.services.begin(), incident.services.end())) {
    SENTINEL_ASSIGN(
        auto link,
        Statement::prepare(writer_.get(), "INSERT INTO incident_service(service, incident_id) VALUES(?,?)"));
    SENTINEL_TRY(link.bind(service).bind(incident.id).run());
  }
  return {};
}

Result<void> SqliteState::add_event(const model::IncidentEvent& event) {
  SENTINEL_ASSIGN(
      auto add, Statement::prepare(
                    writer_.get(),
                    "INSERT INTO event(incident_id, number, at, kind, actor, text, data) VALUES(?1, (SELECT "
                    "coalesce(max(number), 0) + 1 FROM event WHERE incident_id=?1), ?2, ?3, ?4, ?5, ?6)"));
  add.bind(event.incident_id)
      .bind(micros(event.at))
      .bind(event.kind)
      .bind(event.actor)
      .bind(event.text)
      .bind(event.data);
  auto done = add.run();
  if (!done && done.error().kind == ErrorKind::kInvalid) {
    return fail(ErrorKind::kInvalid, "event of incident " + event.incident_id + ", which does not exist");
  }
  return done;
}

Result<void> SqliteState::commit(const Change& change) {
  SENTINEL_TRY(admit(change));
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto transaction, Transaction::begin(writer_.get()));
  for (const auto& incident : change.incidents) SENTINEL_TRY(put_incident(incident));
  for (const auto& event : change.events) SENTINEL_TRY(add_event(event));
  for (const auto& row : change.outbox) SENTINEL_TRY(add_outbox(row));
  for (const auto& row : change.outbox_updates) SENTINEL_TRY(settle_outbox(row));
  for (const auto& entry : change.ledger) {
    SENTINEL_ASSIGN(auto put, Statement::prepare(writer_.get(),
                                                 "INSERT OR REPLACE INTO ledger(slice, coverage, judged_at, "
                                                 "docs, late_docs, note) VALUES(?,?,?,?,?,?)"));
    put.bind(micros(entry.slice)).bind(model::to_string(entry.coverage)).bind(micros(entry.judged_at));
    put.bind(static_cast<std::int64_t>(entry.docs))
        .bind(static_cast<std::int64_t>(entry.late_docs))
        .bind(entry.note);
    SENTINEL_TRY(put.run());
  }
  for (const auto& [name, bytes] : change.blobs) {
    SENTINEL_ASSIGN(
        auto put, Statement::prepare(writer_.get(), "INSERT OR REPLACE INTO blob(name, bytes) VALUES(?,?)"));
    SENTINEL_TRY(put.bind(name).bind_blob(bytes).run());
  }
  for (const auto& record : change.analyses) SENTINEL_TRY(put_analysis(record));
  return transaction.commit();
}

Result<IncidentPage> SqliteState::incidents(const IncidentQuery& query) {
  const std::lock_guard lock(read_mutex_);
  std::string where = "1=1";
  if (query.state) where += " AND state=:state";
  if (query.active_only) where += " AND state<>'resolved'";
  if (query.min_severity) where += " AND severity<=:severity";
  if (!query.service.empty())
    where += " AND id IN (SELECT incident_id FROM incident_service WHERE service=:service)";
  if (query.created_from) where += " AND created_at>=:from";
  if (query.created_to) where += " AND created_at<:to";
  const auto bind = [&](Statement& statement) {
    // Named parameters get their number in the order of first use, which is the order above.
    if (query.state) statement.bind(model::to_string(*query.state));
    if (query.min_severity) statement.bind(static_cast<std::int64_t>(*query.min_severity));
    if (!query.service.empty()) statement.bind(query.service);
    if (query.created_from) statement.bind(micros(*query.created_from));
    if (query.created_to) statement.bind(micros(*query.created_to));
  };
  IncidentPage page;
  SENTINEL_ASSIGN(auto total,
                  Statement::prepare(reader_.get(), "SELECT count(*) FROM incident WHERE " + where));
  bind(total);
  SENTINEL_TRY(total.step());
  page.total = static_cast<std::uint64_t>(total.integer(0));
  SENTINEL_ASSIGN(auto rows,
                  Statement::prepare(reader_.get(),
                                     "SELECT body FROM incident WHERE " + where +
                                         " ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset"));
  bind(rows);
  rows.bind(row_count(query.limit)).bind(row_count(query.offset));
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return page;
    SENTINEL_ASSIGN(auto incident, incident_of(rows.text(0)));
    page.incidents.push_back(std::move(incident));
  }
}

Result<std::optional<model::Incident>> SqliteState::incident(const std::string& id) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto row, Statement::prepare(reader_.get(), "SELECT body FROM incident WHERE id=?"));
  row.bind(id);
  SENTINEL_ASSIGN(const bool found, row.step());
  if (!found) return std::optional<model::Incident>();
  SENTINEL_ASSIGN(auto incident, incident_of(row.text(0)));
  return std::optional(std::move(incident));
}

Result<std::vector<model::IncidentEvent>> SqliteState::timeline(const std::string& incident_id) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(
      auto rows,
      Statement::prepare(
          reader_.get(),
          "SELECT number, at, kind, actor, text, data FROM event WHERE incident_id=? ORDER BY number"));
  rows.bind(incident_id);
  std::vector<model::IncidentEvent> events;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return events;
    events.push_back({incident_id, rows.integer(0), time_from_micros(rows.integer(1)), rows.text(2),
                      rows.text(3), rows.text(4), rows.text(5)});
  }
}

Result<void> SqliteState::put_silence(const model::Silence& silence) {
  const std::lock_guard lock(write_mutex_);
  std::string severities;
  for (const auto severity : silence.severities) severities += model::to_string(severity);
  SENTINEL_ASSIGN(auto put,
                  Statement::prepare(writer_.get(),
                                     "INSERT OR REPLACE INTO silence(id, service, metric, severities, "
                                     "starts_at, ends_at, author, reason, body) VALUES(?,?,?,?,?,?,?,?,?)"));
  put.bind(silence.id)
      .bind(silence.service)
      .bind(silence.metric)
      .bind(severities)
      .bind(micros(silence.starts_at))
      .bind(micros(silence.ends_at));
  return put.bind(silence.author).bind(silence.reason).bind(dump(model::to_json(silence))).run();
}

Result<std::vector<model::Silence>> SqliteState::silences() {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto rows, Statement::prepare(reader_.get(),
                                                "SELECT id, service, metric, severities, starts_at, ends_at, "
                                                "author, reason, body FROM silence ORDER BY starts_at, id"));
  std::vector<model::Silence> all;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    if (const std::string body = rows.text(8); !body.empty()) {
      SENTINEL_ASSIGN(const auto json, model::parse_json(body));
      SENTINEL_ASSIGN(auto whole, model::silence_from_json(json));
      all.push_back(std::move(whole));
      continue;
    }
    model::Silence silence{rows.text(0),
                           rows.text(1),
                           rows.text(2),
                           {},
                           time_from_micros(rows.integer(4)),
                           time_from_micros(rows.integer(5)),
                           rows.text(6),
                           rows.text(7)};
    const std::string severities = rows.text(3);
    for (std::size_t i = 0; i + 1 < severities.size(); i += 2) {
      if (const auto severity = model::parse_severity(severities.substr(i, 2)))
        silence.severities.push_back(*severity);
    }
    all.push_back(std::move(silence));
  }
}

namespace {

constexpr int kBusyTimeoutMs = 5000;  // how long one waits for another process's write

Result<Db> connect(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_FULLMUTEX, nullptr);
  Db db(raw);
  if (code != SQLITE_OK) return tl::unexpected<Error>(sqlite_error(raw, "cannot open it"));
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  sqlite3_extended_result_codes(raw, 0);
  return db;
}

Result<void> pragma(sqlite3* db, const char* text) {
  SENTINEL_ASSIGN(auto statement, Statement::prepare(db, text));
  return statement.run();
}

Result<std::unique_ptr<StateStore>> open_beside(const std::string& path) {
  // A reader of a WAL file needs the right to write to its -shm file; query_only keeps it from all else.
  Db connections[2];
  for (Db& db : connections) {
    SENTINEL_ASSIGN(db, connect(path, SQLITE_OPEN_READWRITE));
    SENTINEL_TRY(pragma(db.get(), "PRAGMA query_only=ON"));
  }
  SENTINEL_TRY(require_newest(connections[0].get()));
  return std::make_unique<SqliteState>(std::move(connections[0]), std::move(connections[1]));
}

// SQLite does not wait its busy timeout when two switch a new file to WAL at once: the second is told at
// once.
Result<void> switch_to_wal(sqlite3* db) {
  constexpr int kPauseMs = 10;
  for (int waited = 0;; waited += kPauseMs) {
    auto done = pragma(db, "PRAGMA journal_mode=WAL");
    if (done || done.error().kind != ErrorKind::kUnavailable || waited >= kBusyTimeoutMs) return done;
    sqlite3_sleep(kPauseMs);
  }
}

// A function of its own: a statement that is still open holds on to its view of the file, and the migration
// after it would be told that the file is locked.
Result<void> require_sound(sqlite3* db) {
  SENTINEL_ASSIGN(auto check, Statement::prepare(db, "PRAGMA quick_check(1)"));
  SENTINEL_TRY(check.step());
  if (check.text(0) != "ok") return fail(ErrorKind::kCorrupt, "the file is damaged: " + check.text(0));
  return {};
}

Result<std::unique_ptr<StateStore>> open_own(const std::string& path) {
  SENTINEL_ASSIGN(auto writer, connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  // Before the first pragma that writes: what is not ours stays as it is.
  SENTINEL_TRY(require_known(writer.get()));
  SENTINEL_TRY(switch_to_wal(writer.get()));
  for (const char* setting :
       {"PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", "PRAGMA wal_autocheckpoint=1000"}) {
    SENTINEL_TRY(pragma(writer.get(), setting));
  }
  SENTINEL_TRY(require_sound(writer.get()));
  SENTINEL_TRY(migrate(writer.get()));
  SENTINEL_ASSIGN(auto reader, connect(path, SQLITE_OPEN_READWRITE));
  SENTINEL_TRY(pragma(reader.get(), "PRAGMA query_only=ON"));
  return std::make_unique<SqliteState>(std::move(writer), std::move(reader));
}

// SQLite says "unable to open database file" to all of these.
Result<void> require_file(const std::string& path, OpenMode mode) {
  std::error_code unknown;  // then SQLite's own answer is the best there is
  if (std::filesystem::is_directory(path, unknown))
    return fail(ErrorKind::kInvalid, "is a folder; must be a file in it");
  if (mode == OpenMode::kRead && !std::filesystem::exists(path, unknown) && !unknown)
    return fail(ErrorKind::kNotFound, "is not there; the service makes it when it first runs");
  return {};
}

}  // namespace

Result<std::unique_ptr<StateStore>> open_sqlite_state(const std::string& path, OpenMode mode) {
  auto opened = require_file(path, mode).and_then([&] {
    return mode == OpenMode::kRead ? open_beside(path) : open_own(path);
  });
  if (opened) return opened;
  std::string advice = "state store " + path;
  if (opened.error().kind == ErrorKind::kCorrupt)
    advice += " (restore it from a backup, or move the file away to start with an empty one)";
  if (opened.error().kind == ErrorKind::kDenied)
    advice += " (is the folder there, and may this user write to it?)";
  return fail(std::move(opened).error(), advice);
}

}  // namespace sentinel::state
