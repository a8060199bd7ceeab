// What was judged, what was asked, and named snapshots.
#include <algorithm>

#include "state/sqlite/sqlite_tables.hpp"

namespace sentinel::state {

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

}  // namespace sentinel::state
