// The SQLite adapter of the state store, inside: one class, its parts in one file each (incidents and
// silences, outbox, runbooks, records of what was judged and asked).
#pragma once

#include <sqlite3.h>

#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "state/sqlite/statement.hpp"
#include "state/store.hpp"

namespace sentinel::state {

struct CloseDb {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Db = std::unique_ptr<sqlite3, CloseDb>;

std::string dump(const nlohmann::json& json);
// SQLite counts with a sign, and takes a negative limit for none.
std::int64_t row_count(std::size_t count);

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
  Result<std::vector<OutboxRow>> due_outbox(const std::string& channel, Time now, std::size_t limit) override;
  Result<std::size_t> forget_messages(Time before, std::size_t limit) override;
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
  Result<bool> settle_outbox(const OutboxRow& row);  // whether there is one
  Result<void> put_analysis(const model::AnalysisRecord& record);
  Result<std::vector<model::LedgerEntry>> read_ledger(Statement statement);

  // One connection writes, one reads: in WAL a reader never waits for the writer.
  std::mutex write_mutex_;
  std::mutex read_mutex_;
  Db writer_;
  Db reader_;
};

}  // namespace sentinel::state
