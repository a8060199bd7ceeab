#include "state/sqlite/sqlite_state.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "model/json.hpp"
#include "model/silence_json.hpp"
#include "state/admission.hpp"
#include "state/ranking.hpp"
#include "state/sqlite/schema.hpp"
#include "state/sqlite/statement.hpp"

namespace sentinel::state {
namespace {

struct CloseDb {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Db = std::unique_ptr<sqlite3, CloseDb>;

std::string dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<model::Incident> incident_of(const std::string& body) {
  SENTINEL_ASSIGN(const auto json, model::parse_json(body));
  return model::incident_from_json(json);
}

// SQLite counts with a sign, and takes a negative limit for none.
std::int64_t row_count(std::size_t count) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  return std::cmp_greater(count, kMost) ? kMost : static_cast<std::int64_t>(count);
}

// Rolls back unless commit() was reached.
class Transaction {
 public:
  static Result<Transaction> begin(sqlite3* db) {
    SENTINEL_ASSIGN(auto statement, Statement::prepare(db, "BEGIN IMMEDIATE"));
    SENTINEL_TRY(statement.run());
    return Transaction(db);
  }
  Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Transaction(const Transaction&) = delete;
  ~Transaction() {
    if (db_ != nullptr) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Result<void> commit() {
    SENTINEL_ASSIGN(auto statement, Statement::prepare(db_, "COMMIT"));
    SENTINEL_TRY(statement.run());
    db_ = nullptr;
    return {};
  }

 private:
  explicit Transaction(sqlite3* db) : db_(db) {}
  sqlite3* db_;
};

class SqliteState final : public StateStore {
 public:
  SqliteState(Db writer, Db reader) : writer_(std::move(writer)), reader_(std::move(reader)) {}

  Result<void> commit(const Change& change) override;
  Result<IncidentPage> incidents(const IncidentQuery& query) override;
  Result<std::optional<model::Incident>> incident(const std::string& id) override;
  Result<std::vector<model::IncidentEvent>> timeline(const std::string& incident_id) override;
  Result<void> put_silence(const model::Silence& silence) override;
  Result<std::vector<model::Silence>> silences() override;
  Result<void> put_runbook(const model::Runbook& runbook) override;
  Result<bool> remove_runbook(const std::string& id) override;
  Result<std::vector<model::Runbook>> runbooks() override;
  Result<std::vector<model::RunbookMatch>> search_runbooks(const RunbookQuery& query) override;
  Result<std::vector<OutboxRow>> outbox(std::optional<OutboxRow::Status> status, std::size_t limit) override;
  Result<std::vector<OutboxRow>> pending_outbox(const std::string& channel, std::size_t limit) override;
  Result<std::optional<OutboxRow>> outbox_row(std::int64_t id) override;
  Result<void> update_outbox(const OutboxRow& row) override;
  Result<std::vector<model::LedgerEntry>> ledger(model::TimeRange range) override;
  Result<std::optional<model::LedgerEntry>> newest_ledger_entry() override;
  Result<std::optional<std::string>> blob(const std::string& name) override;
  Result<std::vector<std::string>> blob_names(const std::string& prefix) override;
  Result<std::vector<model::AnalysisRecord>> analyses(const AnalysisQuery& query) override;
  Result<void> keep_answer(const KeptAnswer& answer) override;
  Result<std::optional<KeptAnswer>> kept_answer(const std::string& key) override;
  Result<void> forget_answer(const std::string& key) override;
  Result<void> forget_answers(Time before, std::size_t most) override;

 private:
  Result<void> put_incident(const model::Incident& incident);
  Result<void> add_event(const model::IncidentEvent& event);
  Result<void> add_outbox(const OutboxRow& row);
  Result<void> put_analysis(const model::AnalysisRecord& record);
  Result<std::vector<model::LedgerEntry>> read_ledger(Statement statement);

  // One connection writes, one reads: in WAL a reader never waits for the writer.
  std::mutex write_mutex_;
  std::mutex read_mutex_;
  Db writer_;
  Db reader_;
};

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

Result<void> SqliteState::add_outbox(const OutboxRow& row) {
  SENTINEL_ASSIGN(
      auto add,
      Statement::prepare(writer_.get(),
                         "INSERT INTO outbox(key, channel, incident_id, event_number, payload, created_at, "
                         "due_at, attempts, "
                         "last_error, status) VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(key) DO NOTHING"));
  add.bind(row.key).bind(row.channel).bind(row.incident_id).bind(row.event_number).bind(row.payload);
  add.bind(micros(row.created_at))
      .bind(micros(row.due_at))
      .bind(static_cast<std::int64_t>(row.attempts))
      .bind(row.last_error)
      .bind(static_cast<std::int64_t>(row.status));
  return add.run();
}

Result<void> SqliteState::commit(const Change& change) {
  SENTINEL_TRY(admit(change));
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto transaction, Transaction::begin(writer_.get()));
  for (const auto& incident : change.incidents) SENTINEL_TRY(put_incident(incident));
  for (const auto& event : change.events) SENTINEL_TRY(add_event(event));
  for (const auto& row : change.outbox) SENTINEL_TRY(add_outbox(row));
  for (const auto& row : change.outbox_updates) {
    SENTINEL_ASSIGN(
        auto put,
        Statement::prepare(writer_.get(),
                           "UPDATE outbox SET status=?, attempts=?, due_at=?, last_error=? WHERE id=?"));
    put.bind(static_cast<std::int64_t>(row.status))
        .bind(static_cast<std::int64_t>(row.attempts))
        .bind(micros(row.due_at))
        .bind(row.last_error)
        .bind(row.id);
    SENTINEL_TRY(put.run());
  }
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

Result<void> SqliteState::put_runbook(const model::Runbook& runbook) {
  SENTINEL_TRY(admit(runbook));
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto transaction, Transaction::begin(writer_.get()));
  SENTINEL_ASSIGN(
      auto put,
      Statement::prepare(writer_.get(), "INSERT OR REPLACE INTO runbook(id, title, body) VALUES(?,?,?)"));
  SENTINEL_TRY(put.bind(runbook.id).bind(runbook.title).bind(dump(model::to_json(runbook))).run());
  SENTINEL_ASSIGN(auto clear, Statement::prepare(writer_.get(), "DELETE FROM runbook_text WHERE id=?"));
  SENTINEL_TRY(clear.bind(runbook.id).run());
  SENTINEL_ASSIGN(auto index,
                  Statement::prepare(writer_.get(), "INSERT INTO runbook_text(id, text) VALUES(?,?)"));
  SENTINEL_TRY(index.bind(runbook.id).bind(searchable_text(runbook)).run());
  return transaction.commit();
}

Result<bool> SqliteState::remove_runbook(const std::string& id) {
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto transaction, Transaction::begin(writer_.get()));
  SENTINEL_ASSIGN(auto clear, Statement::prepare(writer_.get(), "DELETE FROM runbook_text WHERE id=?"));
  SENTINEL_TRY(clear.bind(id).run());
  SENTINEL_ASSIGN(auto drop, Statement::prepare(writer_.get(), "DELETE FROM runbook WHERE id=?"));
  SENTINEL_TRY(drop.bind(id).run());
  const bool had = sqlite3_changes(writer_.get()) > 0;
  SENTINEL_TRY(transaction.commit());
  return had;
}

Result<std::vector<model::Runbook>> SqliteState::runbooks() {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto rows,
                  Statement::prepare(reader_.get(), "SELECT body FROM runbook ORDER BY title, id"));
  std::vector<model::Runbook> all;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    SENTINEL_ASSIGN(const auto json, model::parse_json(rows.text(0)));
    SENTINEL_ASSIGN(auto runbook, model::runbook_from_json(json));
    all.push_back(std::move(runbook));
  }
}

Result<std::vector<model::RunbookMatch>> SqliteState::search_runbooks(const RunbookQuery& query) {
  std::set<std::string> words;
  for (auto& word : words_of(query.text)) words.insert(std::move(word));
  // Each word is quoted: operators of the query language have no meaning in a log message.
  std::string expression;
  for (const auto& word : words) expression += (expression.empty() ? "\"" : " OR \"") + word + "\"";

  SENTINEL_ASSIGN(const auto all, runbooks());
  std::map<std::string, double> ranks;
  if (!expression.empty()) {
    const std::lock_guard lock(read_mutex_);
    SENTINEL_ASSIGN(
        auto rows,
        Statement::prepare(reader_.get(),
                           "SELECT id, -bm25(runbook_text) FROM runbook_text WHERE runbook_text MATCH ?"));
    rows.bind(expression);
    for (;;) {
      SENTINEL_ASSIGN(const bool more, rows.step());
      if (!more) break;
      ranks[rows.text(0)] = rows.real(1);
    }
  }
  std::vector<model::RunbookMatch> found;
  for (const auto& runbook : all) {
    Merits merit = merits(runbook, query);
    if (const auto rank = ranks.find(runbook.id); rank != ranks.end()) {
      merit.score += rank->second;
      std::string seen;
      const auto present = words_of(searchable_text(runbook));
      for (const auto& word : words) {
        if (std::find(present.begin(), present.end(), word) != present.end()) seen += " " + word;
      }
      // FTS5 matches by stem: "exhaustion" finds "exhausted", which is no word of the question.
      merit.reasons.push_back("text:" + (seen.empty() ? std::string(" other forms of its words") : seen));
    }
    if (!merit.reasons.empty()) found.push_back({runbook, merit.score, std::move(merit.reasons)});
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.score != b.score ? a.score > b.score : a.runbook.title < b.runbook.title;
  });
  if (found.size() > query.limit) found.resize(query.limit);
  return found;
}

namespace {

constexpr const char* kOutboxColumns =
    "SELECT id, key, channel, incident_id, event_number, payload, created_at, due_at, attempts, last_error, "
    "status FROM outbox ";

OutboxRow outbox_row_of(const Statement& row) {
  return {row.integer(0),
          row.text(1),
          row.text(2),
          row.text(3),
          row.integer(4),
          row.text(5),
          time_from_micros(row.integer(6)),
          time_from_micros(row.integer(7)),
          static_cast<int>(row.integer(8)),
          row.text(9),
          static_cast<OutboxRow::Status>(row.integer(10))};
}

}  // namespace

Result<std::vector<OutboxRow>> SqliteState::pending_outbox(const std::string& channel, std::size_t limit) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto rows,
                  Statement::prepare(reader_.get(), std::string(kOutboxColumns) +
                                                        "WHERE channel=? AND status=? ORDER BY id LIMIT ?"));
  rows.bind(channel).bind(static_cast<std::int64_t>(OutboxRow::Status::kPending)).bind(row_count(limit));
  std::vector<OutboxRow> all;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    all.push_back(outbox_row_of(rows));
  }
}

Result<std::optional<OutboxRow>> SqliteState::outbox_row(std::int64_t id) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto row, Statement::prepare(reader_.get(), std::string(kOutboxColumns) + "WHERE id=?"));
  row.bind(id);
  SENTINEL_ASSIGN(const bool found, row.step());
  return found ? std::optional(outbox_row_of(row)) : std::nullopt;
}

Result<std::vector<OutboxRow>> SqliteState::outbox(std::optional<OutboxRow::Status> status,
                                                   std::size_t limit) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(
      auto rows,
      Statement::prepare(reader_.get(),
                         std::string("SELECT id, key, channel, incident_id, event_number, payload, "
                                     "created_at, due_at, attempts, last_error, status FROM outbox ") +
                             (status ? "WHERE status=? " : "") + "ORDER BY id LIMIT ?"));
  if (status) rows.bind(static_cast<std::int64_t>(*status));
  rows.bind(row_count(limit));
  std::vector<OutboxRow> all;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    all.push_back({rows.integer(0), rows.text(1), rows.text(2), rows.text(3), rows.integer(4), rows.text(5),
                   time_from_micros(rows.integer(6)), time_from_micros(rows.integer(7)),
                   static_cast<int>(rows.integer(8)), rows.text(9),
                   static_cast<OutboxRow::Status>(rows.integer(10))});
  }
}

Result<void> SqliteState::update_outbox(const OutboxRow& row) {
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto put, Statement::prepare(
                                writer_.get(),
                                "UPDATE outbox SET status=?, attempts=?, due_at=?, last_error=? WHERE id=?"));
  put.bind(static_cast<std::int64_t>(row.status))
      .bind(static_cast<std::int64_t>(row.attempts))
      .bind(micros(row.due_at))
      .bind(row.last_error)
      .bind(row.id);
  SENTINEL_TRY(put.run());
  if (sqlite3_changes(writer_.get()) == 0)
    return fail(ErrorKind::kNotFound, fmt::format("outbox row {} not found", row.id));
  return {};
}

Result<std::vector<model::LedgerEntry>> SqliteState::read_ledger(Statement statement) {
  std::vector<model::LedgerEntry> entries;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, statement.step());
    if (!more) return entries;
    entries.push_back({time_from_micros(statement.integer(0)),
                       model::parse_coverage(statement.text(1)).value_or(model::Coverage::kGap),
                       time_from_micros(statement.integer(2)),
                       static_cast<std::uint64_t>(statement.integer(3)),
                       static_cast<std::uint64_t>(statement.integer(4)), statement.text(5)});
  }
}

Result<std::vector<model::LedgerEntry>> SqliteState::ledger(model::TimeRange range) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto rows, Statement::prepare(reader_.get(),
                                                "SELECT slice, coverage, judged_at, docs, late_docs, note "
                                                "FROM ledger WHERE slice>=? AND slice<? ORDER BY slice"));
  rows.bind(micros(range.from)).bind(micros(range.to));
  return read_ledger(std::move(rows));
}

Result<std::optional<model::LedgerEntry>> SqliteState::newest_ledger_entry() {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto rows, Statement::prepare(reader_.get(),
                                                "SELECT slice, coverage, judged_at, docs, late_docs, note "
                                                "FROM ledger ORDER BY slice DESC LIMIT 1"));
  SENTINEL_ASSIGN(auto entries, read_ledger(std::move(rows)));
  return entries.empty() ? std::nullopt : std::optional(entries.front());
}

Result<std::optional<std::string>> SqliteState::blob(const std::string& name) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto row, Statement::prepare(reader_.get(), "SELECT bytes FROM blob WHERE name=?"));
  row.bind(name);
  SENTINEL_ASSIGN(const bool found, row.step());
  return found ? std::optional(row.text(0)) : std::nullopt;
}

Result<std::vector<std::string>> SqliteState::blob_names(const std::string& prefix) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto rows, Statement::prepare(reader_.get(),
                                                "SELECT name FROM blob WHERE substr(name, 1, length(?1))=?1 "
                                                "ORDER BY name"));
  rows.bind(prefix);
  std::vector<std::string> names;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return names;
    names.push_back(rows.text(0));
  }
}

Result<void> SqliteState::put_analysis(const model::AnalysisRecord& r) {
  SENTINEL_ASSIGN(
      auto put,
      Statement::prepare(
          writer_.get(),
          "INSERT OR REPLACE INTO analysis(id, incident_id, asked_at, answered_at, provider, model, outcome, "
          "occasion, fingerprint, sent, received, input_tokens, cache_write_tokens, cache_read_tokens, "
          "output_tokens, estimated_usd, usd, note) "
          "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  put.bind(r.id).bind(r.incident_id).bind(micros(r.asked_at));
  r.answered_at ? put.bind(micros(*r.answered_at)) : put.bind_null();
  put.bind(r.provider)
      .bind(r.model)
      .bind(r.outcome)
      .bind(r.occasion)
      .bind(r.fingerprint)
      .bind(r.sent)
      .bind(r.received);
  put.bind(r.input_tokens).bind(r.cache_write_tokens).bind(r.cache_read_tokens).bind(r.output_tokens);
  return put.bind(r.estimated_usd).bind(r.usd).bind(r.note).run();
}

Result<std::vector<model::AnalysisRecord>> SqliteState::analyses(const AnalysisQuery& query) {
  const std::lock_guard lock(read_mutex_);
  std::string where = "1=1";
  if (!query.incident_id.empty()) where += " AND incident_id=:incident";
  if (query.from) where += " AND asked_at>=:from";
  if (query.to) where += " AND asked_at<:to";
  const std::string bodies = query.bodies ? "sent, received" : "'', ''";
  SENTINEL_ASSIGN(
      auto rows,
      Statement::prepare(
          reader_.get(),
          "SELECT id, incident_id, asked_at, answered_at, provider, model, outcome, "
          "occasion, fingerprint, " +
              bodies +
              ", input_tokens, cache_write_tokens, cache_read_tokens, output_tokens, estimated_usd, usd, "
              "note FROM analysis WHERE " +
              where + " ORDER BY asked_at DESC, id DESC LIMIT :limit"));
  // In the order of first use, as above.
  if (!query.incident_id.empty()) rows.bind(query.incident_id);
  if (query.from) rows.bind(micros(*query.from));
  if (query.to) rows.bind(micros(*query.to));
  rows.bind(row_count(query.limit));
  std::vector<model::AnalysisRecord> found;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) break;
    model::AnalysisRecord r;
    r.id = rows.text(0);
    r.incident_id = rows.text(1);
    r.asked_at = time_from_micros(rows.integer(2));
    if (!rows.is_null(3)) r.answered_at = time_from_micros(rows.integer(3));
    r.provider = rows.text(4);
    r.model = rows.text(5);
    r.outcome = rows.text(6);
    r.occasion = rows.text(7);
    r.fingerprint = rows.text(8);
    r.sent = rows.text(9);
    r.received = rows.text(10);
    r.input_tokens = rows.integer(11);
    r.cache_write_tokens = rows.integer(12);
    r.cache_read_tokens = rows.integer(13);
    r.output_tokens = rows.integer(14);
    r.estimated_usd = rows.real(15);
    r.usd = rows.real(16);
    r.note = rows.text(17);
    found.push_back(std::move(r));
  }
  std::reverse(found.begin(), found.end());
  return found;
}

Result<void> SqliteState::keep_answer(const KeptAnswer& answer) {
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto put, Statement::prepare(writer_.get(),
                                               "INSERT OR REPLACE INTO answer(key, fingerprint, at, status, "
                                               "headers, body) VALUES(?,?,?,?,?,?)"));
  put.bind(answer.key).bind(answer.fingerprint).bind(micros(answer.at));
  put.bind(static_cast<std::int64_t>(answer.status)).bind(answer.headers).bind(answer.body);
  return put.run();
}

Result<std::optional<KeptAnswer>> SqliteState::kept_answer(const std::string& key) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(auto row, Statement::prepare(reader_.get(),
                                               "SELECT fingerprint, at, status, headers, body FROM answer "
                                               "WHERE key=?"));
  SENTINEL_ASSIGN(const bool found, row.bind(key).step());
  if (!found) return std::nullopt;
  return KeptAnswer{.key = key,
                    .fingerprint = row.text(0),
                    .at = time_from_micros(row.integer(1)),
                    .status = static_cast<int>(row.integer(2)),
                    .headers = row.text(3),
                    .body = row.text(4)};
}

Result<void> SqliteState::forget_answer(const std::string& key) {
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto remove, Statement::prepare(writer_.get(), "DELETE FROM answer WHERE key=?"));
  return remove.bind(key).run();
}

Result<void> SqliteState::forget_answers(Time before, std::size_t most) {
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto remove,
                  Statement::prepare(writer_.get(),
                                     "DELETE FROM answer WHERE at<? OR key IN (SELECT key FROM answer ORDER "
                                     "BY at DESC LIMIT -1 OFFSET ?)"));
  return remove.bind(micros(before)).bind(row_count(most)).run();
}

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
