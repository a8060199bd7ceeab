#include "state/sqlite/statement.hpp"

#include <sqlite3.h>

namespace sentinel::state {

Error sqlite_error(sqlite3* db, std::string_view doing) {
  const int code = sqlite3_errcode(db) & 0xff;
  ErrorKind kind = ErrorKind::kInternal;
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) kind = ErrorKind::kCorrupt;
  if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_BUSY || code == SQLITE_LOCKED)
    kind = ErrorKind::kUnavailable;
  if (code == SQLITE_CONSTRAINT) kind = ErrorKind::kInvalid;
  if (code == SQLITE_READONLY || code == SQLITE_PERM || code == SQLITE_AUTH || code == SQLITE_CANTOPEN)
    kind = ErrorKind::kDenied;
  return Error{kind, std::string(doing) + ": " + sqlite3_errmsg(db), nullptr};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<Statement> Statement::prepare(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK) {
    return tl::unexpected<Error>(sqlite_error(db, "preparing a statement of the state store"));
  }
  return Statement(db, raw);
}

// SQLITE_TRANSIENT copies: callers may pass temporaries.
Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_.get(), ++bound_, text.empty() ? "" : text.data(), text.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}
Statement& Statement::bind_blob(std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), ++bound_, bytes.empty() ? "" : bytes.data(), bytes.size(),
                      SQLITE_TRANSIENT);
  return *this;
}
Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), ++bound_, number);
  return *this;
}
Statement& Statement::bind(double number) {
  sqlite3_bind_double(statement_.get(), ++bound_, number);
  return *this;
}
Statement& Statement::bind_null() {
  sqlite3_bind_null(statement_.get(), ++bound_);
  return *this;
}

Result<bool> Statement::step() {
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return tl::unexpected<Error>(sqlite_error(db_, "state store"));
  }
}

Result<void> Statement::run() {
  for (;;) {
    SENTINEL_ASSIGN(const bool more, step());
    if (!more) return {};
  }
}

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

}  // namespace sentinel::state
