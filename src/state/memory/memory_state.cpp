#include "state/memory/memory_state.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "state/admission.hpp"
#include "state/ranking.hpp"

namespace sentinel::state {
namespace {

bool matches(const IncidentQuery& query, const model::Incident& incident) {
  if (query.state && incident.state != *query.state) return false;
  if (query.active_only && !incident.is_active()) return false;
  if (query.min_severity && model::worse(*query.min_severity, incident.severity)) return false;
  if (!query.service.empty() &&
      std::find(incident.services.begin(), incident.services.end(), query.service) == incident.services.end())
    return false;
  if (query.created_from && incident.created_at < *query.created_from) return false;
  return !query.created_to || incident.created_at < *query.created_to;
}

// Robertson and Zaragoza's BM25 with the constants of SQLite's FTS5 (k1 = 1.2, b = 0.75).
class Bm25 {
 public:
  explicit Bm25(const std::map<std::string, model::Runbook>& runbooks) {
    double total = 0;
    for (const auto& [id, runbook] : runbooks) {
      auto& document = documents_[id];
      for (const auto& word : words_of(searchable_text(runbook))) ++document.counts[word], ++document.length;
      for (const auto& [word, count] : document.counts) ++frequency_[word];
      total += document.length;
    }
    average_ = documents_.empty() ? 1 : std::max(1.0, total / static_cast<double>(documents_.size()));
  }
  double rank(const std::string& id, const std::set<std::string>& words,
              std::vector<std::string>& found) const {
    const auto& document = documents_.at(id);
    double sum = 0;
    for (const auto& word : words) {
      const auto it = document.counts.find(word);
      if (it == document.counts.end()) continue;
      found.push_back(word);
      const double n = frequency_.at(word);
      const double idf =
          std::max(1e-6, std::log((static_cast<double>(documents_.size()) - n + 0.5) / (n + 0.5)));
      sum += idf * it->second * 2.2 / (it->second + 1.2 * (0.25 + 0.75 * document.length / average_));
    }
    return sum;
  }

 private:
  struct Document {
    std::map<std::string, double> counts;
    double length = 0;
  };
  std::map<std::string, Document> documents_;
  std::map<std::string, double> frequency_;
  double average_ = 1;
};

}  // namespace

Result<void> MemoryState::commit(const Change& change) {
  SENTINEL_TRY(admit(change));
  const std::lock_guard lock(mutex_);
  for (const auto& event : change.events) {
    const bool known = incidents_.contains(event.incident_id) ||
                       std::any_of(change.incidents.begin(), change.incidents.end(),
                                   [&](const auto& i) { return i.id == event.incident_id; });
    if (!known)
      return fail(ErrorKind::kInvalid, "event of incident " + event.incident_id + ", which does not exist");
  }
  for (const auto& incident : change.incidents) incidents_[incident.id] = incident;
  for (auto event : change.events) {
    auto& timeline = timelines_[event.incident_id];
    event.number = static_cast<std::int64_t>(timeline.size()) + 1;
    timeline.push_back(std::move(event));
  }
  for (auto row : change.outbox) {
    if (std::any_of(outbox_.begin(), outbox_.end(), [&](const auto& r) { return r.key == row.key; }))
      continue;
    row.id = ++newest_message_;
    outbox_.push_back(std::move(row));
  }
  for (const auto& row : change.outbox_updates) {
    for (auto& known : outbox_) {
      if (known.id != row.id) continue;
      known.status = row.status;
      known.attempts = row.attempts;
      known.due_at = row.due_at;
      known.last_error = row.last_error;
    }
  }
  for (const auto& entry : change.ledger) ledger_[entry.slice] = entry;
  for (const auto& [name, bytes] : change.blobs) blobs_[name] = bytes;
  for (const auto& record : change.analyses) analyses_[record.id] = record;
  return {};
}

Result<IncidentPage> MemoryState::incidents(const IncidentQuery& query) {
  const std::lock_guard lock(mutex_);
  std::vector<const model::Incident*> found;
  for (const auto& [id, incident] : incidents_) {
    if (matches(query, incident)) found.push_back(&incident);
  }
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
    return a->created_at != b->created_at ? a->created_at > b->created_at : a->id > b->id;
  });
  IncidentPage page{.total = found.size()};
  for (std::size_t i = query.offset; i < found.size() && page.incidents.size() < query.limit; ++i)
    page.incidents.push_back(*found[i]);
  return page;
}

Result<std::optional<model::Incident>> MemoryState::incident(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = incidents_.find(id);
  return found == incidents_.end() ? std::nullopt : std::optional(found->second);
}

Result<std::vector<model::IncidentEvent>> MemoryState::timeline(const std::string& incident_id) {
  const std::lock_guard lock(mutex_);
  const auto found = timelines_.find(incident_id);
  return found == timelines_.end() ? std::vector<model::IncidentEvent>() : found->second;
}

Result<void> MemoryState::put_silence(const model::Silence& silence) {
  const std::lock_guard lock(mutex_);
  silences_[silence.id] = silence;
  return {};
}

Result<std::vector<model::Silence>> MemoryState::silences() {
  const std::lock_guard lock(mutex_);
  std::vector<model::Silence> all;
  for (const auto& [id, silence] : silences_) all.push_back(silence);
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.starts_at < b.starts_at; });
  return all;
}

Result<void> MemoryState::put_runbook(const model::Runbook& runbook) {
  SENTINEL_TRY(admit(runbook));
  const std::lock_guard lock(mutex_);
  runbooks_[runbook.id] = runbook;
  return {};
}

Result<bool> MemoryState::remove_runbook(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return runbooks_.erase(id) > 0;
}

Result<std::vector<model::Runbook>> MemoryState::runbooks() {
  const std::lock_guard lock(mutex_);
  std::vector<model::Runbook> all;
  for (const auto& [id, runbook] : runbooks_) all.push_back(runbook);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.title < b.title; });
  return all;
}

Result<std::vector<model::RunbookMatch>> MemoryState::search_runbooks(const RunbookQuery& query) {
  const std::lock_guard lock(mutex_);
  const Bm25 bm25(runbooks_);
  std::set<std::string> words;
  for (auto& word : words_of(query.text)) words.insert(std::move(word));
  std::vector<model::RunbookMatch> found;
  for (const auto& [id, runbook] : runbooks_) {
    Merits merit = merits(runbook, query);
    std::vector<std::string> seen;
    merit.score += bm25.rank(id, words, seen);
    if (!seen.empty()) {
      std::string text = "text:";
      for (const auto& word : seen) text += " " + word;
      merit.reasons.push_back(std::move(text));
    }
    if (!merit.reasons.empty()) found.push_back({runbook, merit.score, std::move(merit.reasons)});
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.score != b.score ? a.score > b.score : a.runbook.title < b.runbook.title;
  });
  if (found.size() > query.limit) found.resize(query.limit);
  return found;
}

Result<std::vector<OutboxRow>> MemoryState::outbox(std::optional<OutboxRow::Status> status,
                                                   std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<OutboxRow> rows;
  for (const auto& row : outbox_) {
    if (rows.size() < limit && (!status || row.status == *status)) rows.push_back(row);
  }
  return rows;
}

Result<std::vector<OutboxRow>> MemoryState::pending_outbox(const std::string& channel, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<OutboxRow> rows;
  for (const auto& row : outbox_) {
    if (rows.size() < limit && row.channel == channel && row.status == OutboxRow::Status::kPending)
      rows.push_back(row);
  }
  return rows;
}

Result<std::vector<OutboxRow>> MemoryState::due_outbox(const std::string& channel, Time now,
                                                       std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto waits = [&](const OutboxRow& row) {
    return row.channel == channel && row.status == OutboxRow::Status::kPending;
  };
  std::map<std::string, std::int64_t> oldest;  // by incident
  std::set<std::string> due;
  for (const auto& row : outbox_) {
    if (!waits(row)) continue;
    oldest.emplace(row.incident_id, row.id);
    if (row.due_at <= now) due.insert(row.incident_id);
  }
  std::vector<OutboxRow> rows;
  for (const auto& row : outbox_) {
    if (waits(row) && due.contains(row.incident_id)) rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(), [&](const OutboxRow& a, const OutboxRow& b) {
    return oldest.at(a.incident_id) < oldest.at(b.incident_id);
  });
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

Result<std::size_t> MemoryState::forget_messages(Time before, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::set<std::pair<std::string, std::string>> gone;  // channel, incident
  std::size_t count = 0;
  std::erase_if(outbox_, [&](const OutboxRow& row) {
    const bool finished =
        row.status == OutboxRow::Status::kDelivered || row.status == OutboxRow::Status::kCoalesced;
    const auto incident = incidents_.find(row.incident_id);
    const bool active = incident != incidents_.end() && incident->second.is_active();
    if (!finished || active || row.created_at >= before || count == limit) return false;
    ++count;
    gone.emplace(row.channel, row.incident_id);
    return true;
  });
  for (const auto& key : gone) {
    const bool left = std::any_of(outbox_.begin(), outbox_.end(), [&](const OutboxRow& row) {
      return row.channel == key.first && row.incident_id == key.second;
    });
    if (!left) blobs_.erase("notify/" + key.first + "/" + key.second);
  }
  return count;
}

Result<std::optional<OutboxRow>> MemoryState::outbox_row(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  for (const auto& row : outbox_) {
    if (row.id == id) return std::optional(row);
  }
  return std::optional<OutboxRow>();
}

Result<void> MemoryState::update_outbox(const OutboxRow& row) {
  const std::lock_guard lock(mutex_);
  for (auto& known : outbox_) {
    if (known.id != row.id) continue;
    known.status = row.status;
    known.attempts = row.attempts;
    known.due_at = row.due_at;
    known.last_error = row.last_error;
    return {};
  }
  return fail(ErrorKind::kNotFound, "outbox row " + std::to_string(row.id) + " not found");
}

Result<std::vector<model::LedgerEntry>> MemoryState::ledger(model::TimeRange range) {
  const std::lock_guard lock(mutex_);
  std::vector<model::LedgerEntry> entries;
  for (auto it = ledger_.lower_bound(range.from); it != ledger_.end() && it->first < range.to; ++it)
    entries.push_back(it->second);
  return entries;
}

Result<std::optional<model::LedgerEntry>> MemoryState::newest_ledger_entry() {
  const std::lock_guard lock(mutex_);
  return ledger_.empty() ? std::nullopt : std::optional(ledger_.rbegin()->second);
}

Result<std::optional<std::string>> MemoryState::blob(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(name);
  return found == blobs_.end() ? std::nullopt : std::optional(found->second);
}

Result<std::vector<std::string>> MemoryState::blob_names(const std::string& prefix) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (auto it = blobs_.lower_bound(prefix); it != blobs_.end() && it->first.starts_with(prefix); ++it)
    names.push_back(it->first);
  return names;
}

Result<std::vector<model::AnalysisRecord>> MemoryState::analyses(const AnalysisQuery& query) {
  const std::lock_guard lock(mutex_);
  std::vector<model::AnalysisRecord> found;
  for (const auto& [id, record] : analyses_) {
    if (!query.incident_id.empty() && record.incident_id != query.incident_id) continue;
    if ((query.from && record.asked_at < *query.from) || (query.to && record.asked_at >= *query.to)) continue;
    found.push_back(record);
    if (!query.bodies) found.back().sent = found.back().received = "";
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.asked_at < b.asked_at; });
  if (found.size() > query.limit)
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(query.limit));
  return found;
}

Result<void> MemoryState::keep_answer(const KeptAnswer& answer) {
  const std::lock_guard lock(mutex_);
  answers_[answer.key] = answer;
  return {};
}

Result<std::optional<KeptAnswer>> MemoryState::kept_answer(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(key);
  return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> MemoryState::forget_answer(const std::string& key) {
  const std::lock_guard lock(mutex_);
  answers_.erase(key);
  return {};
}

Result<void> MemoryState::forget_answers(Time before, std::size_t most) {
  const std::lock_guard lock(mutex_);
  std::erase_if(answers_, [&](const auto& item) { return item.second.at < before; });
  while (answers_.size() > most) {
    answers_.erase(std::min_element(answers_.begin(), answers_.end(),
                                    [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
  }
  return {};
}

}  // namespace sentinel::state
