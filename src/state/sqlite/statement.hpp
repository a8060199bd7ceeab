// A thin owner of SQLite's handles: what fails becomes an Error with the SQL's purpose in front.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace sentinel::state {

// The Error that SQLite's newest failure on this connection is.
Error sqlite_error(sqlite3* db, std::string_view doing);

// A prepared statement; parameters are bound in order, 1 being the first. Not thread-safe.
class Statement {
 public:
  static Result<Statement> prepare(sqlite3* db, std::string_view sql);

  Statement& bind(std::string_view text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind(std::int64_t number);
  Statement& bind(double number);
  Statement& bind_null();

  // The next row; false when there is none.
  Result<bool> step();
  Result<void> run();  // to its end, for statements without rows

  std::string text(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

}  // namespace sentinel::state
