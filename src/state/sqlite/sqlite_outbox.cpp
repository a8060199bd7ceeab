#include <fmt/format.h>

#include <set>

#include "state/sqlite/sqlite_tables.hpp"

namespace sentinel::state {
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

Result<bool> SqliteState::settle_outbox(const OutboxRow& row) {
  SENTINEL_ASSIGN(auto put, Statement::prepare(
                                writer_.get(),
                                "UPDATE outbox SET status=?, attempts=?, due_at=?, last_error=? WHERE id=?"));
  put.bind(static_cast<std::int64_t>(row.status))
      .bind(static_cast<std::int64_t>(row.attempts))
      .bind(micros(row.due_at))
      .bind(row.last_error)
      .bind(row.id);
  SENTINEL_TRY(put.run());
  return sqlite3_changes(writer_.get()) > 0;
}

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

Result<std::vector<OutboxRow>> SqliteState::due_outbox(const std::string& channel, Time now,
                                                       std::size_t limit) {
  const std::lock_guard lock(read_mutex_);
  SENTINEL_ASSIGN(
      auto rows,
      Statement::prepare(reader_.get(), std::string(kOutboxColumns) +
                                            "JOIN (SELECT incident_id, min(id) AS first FROM outbox WHERE "
                                            "channel=?1 AND status=?2 GROUP BY incident_id HAVING "
                                            "min(due_at)<=?3) USING (incident_id) WHERE channel=?1 AND "
                                            "status=?2 ORDER BY first, id LIMIT ?4"));
  rows.bind(channel)
      .bind(static_cast<std::int64_t>(OutboxRow::Status::kPending))
      .bind(micros(now))
      .bind(row_count(limit));
  std::vector<OutboxRow> all;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    all.push_back(outbox_row_of(rows));
  }
}

Result<std::size_t> SqliteState::forget_messages(Time before, std::size_t limit) {
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(auto transaction, Transaction::begin(writer_.get()));
  SENTINEL_ASSIGN(
      auto drop,
      Statement::prepare(writer_.get(),
                         "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE status IN (?,?) AND "
                         "created_at<? AND incident_id NOT IN (SELECT id FROM incident WHERE "
                         "state<>'resolved') ORDER BY id LIMIT ?) RETURNING channel, incident_id"));
  drop.bind(static_cast<std::int64_t>(OutboxRow::Status::kDelivered))
      .bind(static_cast<std::int64_t>(OutboxRow::Status::kCoalesced))
      .bind(micros(before))
      .bind(row_count(limit));
  std::set<std::pair<std::string, std::string>> gone;
  std::size_t count = 0;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, drop.step());
    if (!more) break;
    ++count;
    gone.emplace(drop.text(0), drop.text(1));
  }
  for (const auto& [channel, incident] : gone) {
    SENTINEL_ASSIGN(auto forget,
                    Statement::prepare(writer_.get(),
                                       "DELETE FROM blob WHERE name=?1 AND NOT EXISTS (SELECT 1 FROM outbox "
                                       "WHERE incident_id=?2 AND channel=?3)"));
    forget.bind("notify/" + channel + "/" + incident).bind(incident).bind(channel);
    SENTINEL_TRY(forget.run());
  }
  SENTINEL_TRY(transaction.commit());
  return count;
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
  SENTINEL_ASSIGN(auto rows, Statement::prepare(reader_.get(), std::string(kOutboxColumns) +
                                                                   (status ? "WHERE status=? " : "") +
                                                                   "ORDER BY id LIMIT ?"));
  if (status) rows.bind(static_cast<std::int64_t>(*status));
  rows.bind(row_count(limit));
  std::vector<OutboxRow> all;
  for (;;) {
    SENTINEL_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    all.push_back(outbox_row_of(rows));
  }
}

Result<void> SqliteState::update_outbox(const OutboxRow& row) {
  const std::lock_guard lock(write_mutex_);
  SENTINEL_ASSIGN(const bool known, settle_outbox(row));
  if (!known) return fail(ErrorKind::kNotFound, fmt::format("outbox row {} not found", row.id));
  return {};
}

}  // namespace sentinel::state
