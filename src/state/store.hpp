// The port of what the product itself must remember: incidents and their history, silences, runbooks, outbox,
// coverage ledger, baselines. Adapters: sqlite/ (the real one), memory/ (the double); one contract suite runs
// on both (tests/contract/state_contract.hpp). All calls block and are safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/analysis_record.hpp"
#include "model/incident.hpp"
#include "model/ledger.hpp"
#include "model/runbook.hpp"
#include "model/silence.hpp"

namespace sentinel::state {

// One message that must reach one channel, at least once. `key` makes a second delivery harmless and is
// unique.
struct OutboxRow {
  std::int64_t id = 0;  // given by the store
  std::string key;      // incident id + event number + channel
  std::string channel;
  std::string incident_id;
  std::int64_t event_number = 0;
  std::string payload;  // JSON
  Time created_at;
  Time due_at;
  int attempts = 0;
  std::string last_error;
  enum class Status : std::uint8_t { kPending, kDelivered, kParked, kCoalesced } status = Status::kPending;
};

// Everything one decision changes; commits as a whole or not at all.
struct Change {
  std::vector<model::Incident> incidents;    // inserted or replaced by id
  std::vector<model::IncidentEvent> events;  // appended; numbers are given in order, per incident
  std::vector<OutboxRow> outbox;             // appended; a row whose key exists is left as it is
  std::vector<OutboxRow>
      outbox_updates;  // by id: status, attempts, due_at, last_error; unknown ids are ignored
  std::vector<model::LedgerEntry> ledger;  // inserted or replaced by slice
  std::vector<std::pair<std::string, std::string>>
      blobs;  // named snapshots (baselines, patterns), replaced by name
  std::vector<model::AnalysisRecord> analyses = {};  // inserted or replaced by id
  bool empty() const {
    return incidents.empty() && events.empty() && outbox.empty() && outbox_updates.empty() &&
           ledger.empty() && blobs.empty() && analyses.empty();
  }
};

struct IncidentQuery {
  std::optional<model::IncidentState> state;
  bool active_only = false;                     // open or acknowledged
  std::optional<model::Severity> min_severity;  // this or worse
  std::string service;                          // one of its services; empty: any
  std::optional<Time> created_from;
  std::optional<Time> created_to;  // exclusive
  std::size_t limit = 50;
  std::size_t offset = 0;
};

struct IncidentPage {
  std::uint64_t total = 0;                 // that match, whatever limit and offset
  std::vector<model::Incident> incidents;  // newest first (created_at, then id)
};

struct RunbookQuery {
  std::vector<std::string> services;  // runbooks naming one of them rank higher
  std::vector<std::string> tags;      // the same for tags
  std::string text;                   // free words, ranked by BM25; operators have no meaning in it
  std::size_t limit = 5;
};

struct AnalysisQuery {
  std::string incident_id = {};  // empty: any
  std::optional<Time> from = {};
  std::optional<Time> to = {};  // exclusive
  bool bodies = false;          // with what was sent and received
  std::size_t limit = 10'000;   // the newest of them
};

// What became of a client's write that had a key (Idempotency-Key), so that asking again does it once.
struct KeptAnswer {
  std::string key;          // unique
  std::string fingerprint;  // of the request
  Time at;
  int status = 0;       // of HTTP; 0: begun, and nobody has heard how it ended
  std::string headers;  // "Name: value\n" each
  std::string body;
  friend bool operator==(const KeptAnswer&, const KeptAnswer&) = default;
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // kInvalid: an event of an unknown incident, an incident without id, a message without key; nothing
  // changed.
  virtual Result<void> commit(const Change& change) = 0;

  virtual Result<IncidentPage> incidents(const IncidentQuery& query) = 0;
  virtual Result<std::optional<model::Incident>> incident(const std::string& id) = 0;
  virtual Result<std::vector<model::IncidentEvent>> timeline(
      const std::string& incident_id) = 0;  // by number

  virtual Result<void> put_silence(const model::Silence& silence) = 0;
  virtual Result<std::vector<model::Silence>> silences() = 0;  // by start

  // Inserted or replaced by id; kInvalid without id or title.
  virtual Result<void> put_runbook(const model::Runbook& runbook) = 0;
  virtual Result<bool> remove_runbook(const std::string& id) = 0;  // whether there was one
  virtual Result<std::vector<model::Runbook>> runbooks() = 0;      // by title
  // Best first. Empty conditions match nothing; a runbook matches when a service, a tag or a word does. The
  // score is the BM25 of the text, plus 3 for each service and 2 for each tag of the query (ranking.hpp).
  virtual Result<std::vector<model::RunbookMatch>> search_runbooks(const RunbookQuery& query) = 0;

  virtual Result<std::vector<OutboxRow>> outbox(std::optional<OutboxRow::Status> status,
                                                std::size_t limit) = 0;  // by id
  virtual Result<std::vector<OutboxRow>> pending_outbox(const std::string& channel,
                                                        std::size_t limit) = 0;  // of one channel, by id
  // Of one channel: all that wait of each incident of which one is due by `now`, incident after incident in
  // the order of the oldest of each. What is not due yet, however much, stands in no one's way.
  virtual Result<std::vector<OutboxRow>> due_outbox(const std::string& channel, Time now,
                                                    std::size_t limit) = 0;
  // Forgets up to `limit` messages, the oldest first, that are delivered or coalesced, were made before
  // `before` and belong to no active incident; with the last of an incident goes what the channel kept of it
  // (the blob "notify/CHANNEL/INCIDENT"). How many messages went.
  virtual Result<std::size_t> forget_messages(Time before, std::size_t limit) = 0;
  virtual Result<std::optional<OutboxRow>> outbox_row(std::int64_t id) = 0;
  virtual Result<void> update_outbox(
      const OutboxRow& row) = 0;  // by id: status, attempts, due_at, last_error

  virtual Result<std::vector<model::LedgerEntry>> ledger(model::TimeRange range) = 0;  // by slice
  virtual Result<std::optional<model::LedgerEntry>> newest_ledger_entry() = 0;
  virtual Result<std::optional<std::string>> blob(const std::string& name) = 0;
  // Names that begin so, sorted.
  virtual Result<std::vector<std::string>> blob_names(const std::string& prefix) = 0;

  virtual Result<std::vector<model::AnalysisRecord>> analyses(
      const AnalysisQuery& query) = 0;  // oldest first (asked_at, then id)

  virtual Result<void> keep_answer(const KeptAnswer& answer) = 0;  // inserted or replaced by key
  virtual Result<std::optional<KeptAnswer>> kept_answer(const std::string& key) = 0;
  virtual Result<void> forget_answer(const std::string& key) = 0;
  // Those from before `before`, and the oldest while there are more than `most`.
  virtual Result<void> forget_answers(Time before, std::size_t most) = 0;
};

}  // namespace sentinel::state
