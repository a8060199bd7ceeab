// Owners of DuckDB's C handles. What fails becomes an Error; nothing here throws.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace sentinel::telemetry::duck {

// The kind that a DuckDB message stands for: disk trouble is kUnavailable, damage kCorrupt.
Error error_of(std::string_view message, std::string_view doing);

class Database {
 public:
  // An in-memory main database; files are attached to it.
  static Result<Database> open(const std::vector<std::pair<std::string, std::string>>& settings);
  duckdb_database raw() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(duckdb_database db) const { duckdb_close(&db); }
  };
  std::unique_ptr<std::remove_pointer_t<duckdb_database>, Close> handle_;
};

// The rows of a finished query, chunk by chunk.
class Rows {
 public:
  explicit Rows(duckdb_result result) : result_(result) {}
  Rows(Rows&& other) noexcept
      : result_(std::exchange(other.result_, {})),
        chunk_(std::exchange(other.chunk_, nullptr)),
        size_(other.size_),
        row_(other.row_),
        columns_(std::move(other.columns_)) {}
  Rows(const Rows&) = delete;
  ~Rows();

  bool next();  // to the next row; false at the end
  bool is_null(std::size_t column) const;
  std::int64_t int64(std::size_t column) const {
    return static_cast<const std::int64_t*>(columns_[column].data)[row_];
  }
  double real(std::size_t column) const { return static_cast<const double*>(columns_[column].data)[row_]; }
  std::string_view text(std::size_t column) const;  // until next()

 private:
  struct Column {
    void* data;
    std::uint64_t* validity;
  };
  duckdb_result result_;
  duckdb_data_chunk chunk_ = nullptr;
  idx_t size_ = 0;
  idx_t row_ = 0;
  std::vector<Column> columns_;
};

// One at a time per thread.
class Connection {
 public:
  static Result<Connection> open(const Database& database);
  Result<void> run(const std::string& sql) const;
  Result<Rows> query(const std::string& sql) const;
  duckdb_connection raw() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(duckdb_connection connection) const { duckdb_disconnect(&connection); }
  };
  std::unique_ptr<std::remove_pointer_t<duckdb_connection>, Close> handle_;
};

// Parameters are bound in order; text is never spliced into SQL.
class Statement {
 public:
  static Result<Statement> prepare(const Connection& connection, const std::string& sql);
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view value);
  Result<Rows> execute() const;

 private:
  struct Close {
    void operator()(duckdb_prepared_statement statement) const { duckdb_destroy_prepare(&statement); }
  };
  std::unique_ptr<std::remove_pointer_t<duckdb_prepared_statement>, Close> handle_;
  idx_t bound_ = 0;
};

std::string quoted(std::string_view text);  // as an SQL string literal, for paths in ATTACH

}  // namespace sentinel::telemetry::duck
