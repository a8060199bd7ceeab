// The double of the state store: everything in maps, gone with the object. Replays and tests use it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "state/store.hpp"

namespace sentinel::state {

class MemoryState final : public StateStore {
 public:
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
  std::mutex mutex_;
  std::map<std::string, model::Incident> incidents_;
  std::map<std::string, std::vector<model::IncidentEvent>> timelines_;
  std::map<std::string, model::Silence> silences_;
  std::map<std::string, model::Runbook> runbooks_;
  std::vector<OutboxRow> outbox_;
  std::int64_t newest_message_ = 0;
  std::map<Time, model::LedgerEntry> ledger_;
  std::map<std::string, std::string> blobs_;
  std::map<std::string, model::AnalysisRecord> analyses_;
  std::map<std::string, KeptAnswer> answers_;
};

}  // namespace sentinel::state
