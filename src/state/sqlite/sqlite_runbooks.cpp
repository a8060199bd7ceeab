#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "model/json.hpp"
#include "state/admission.hpp"
#include "state/ranking.hpp"
#include "state/sqlite/sqlite_tables.hpp"

namespace sentinel::state {

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

}  // namespace sentinel::state
