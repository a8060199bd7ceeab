#include "telemetry/embedded/duck.hpp"

#include "base/text.hpp"

namespace sentinel::telemetry::duck {
namespace {

bool says(std::string_view message, std::string_view word) {
  return to_lower(message).find(word) != std::string::npos;
}

Error take_error(duckdb_result* result, std::string_view doing) {
  const char* message = duckdb_result_error(result);
  Error error = error_of(message != nullptr ? message : "unknown failure", doing);
  duckdb_destroy_result(result);
  return error;
}

}  // namespace

Error error_of(std::string_view message, std::string_view doing) {
  ErrorKind kind = ErrorKind::kInternal;
  for (const char* word : {"no space", "could not write", "disk", "i/o", "io error", "invalidated",
                           "out of memory", "failed to write", "could not fsync"}) {
    if (says(message, word)) kind = ErrorKind::kUnavailable;
  }
  for (const char* word : {"corrupt", "checksum", "not a valid duckdb", "serialization error"}) {
    if (says(message, word)) kind = ErrorKind::kCorrupt;
  }
  return Error{kind, std::string(doing) + ": " + one_line(message, 400), nullptr};
}

Result<Database> Database::open(const std::vector<std::pair<std::string, std::string>>& settings) {
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(config, name.c_str(), value.c_str()) != DuckDBSuccess) {
      duckdb_destroy_config(&config);
      return fail(ErrorKind::kInternal, "DuckDB refuses the setting " + name + "=" + value);
    }
  }
  duckdb_database raw = nullptr;
  char* message = nullptr;
  const bool fine = duckdb_open_ext(nullptr, &raw, config, &message) == DuckDBSuccess;
  duckdb_destroy_config(&config);
  Database database;
  database.handle_.reset(raw);
  if (!fine) {
    Error error = error_of(message != nullptr ? message : "unknown failure", "starting DuckDB");
    duckdb_free(message);
    return tl::unexpected<Error>(std::move(error));
  }
  return database;
}

Rows::~Rows() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  duckdb_destroy_result(&result_);
}

bool Rows::next() {
  if (chunk_ != nullptr && ++row_ < size_) return true;
  for (;;) {
    if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
    chunk_ = duckdb_fetch_chunk(result_);
    if (chunk_ == nullptr) return false;
    size_ = duckdb_data_chunk_get_size(chunk_);
    if (size_ > 0) break;
  }
  row_ = 0;
  columns_.clear();
  for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(chunk_); ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, i);
    columns_.push_back({duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)});
  }
  return true;
}

bool Rows::is_null(std::size_t column) const {
  return columns_[column].validity != nullptr &&
         !duckdb_validity_row_is_valid(columns_[column].validity, row_);
}

std::string_view Rows::text(std::size_t column) const {
  auto* string = &static_cast<duckdb_string_t*>(columns_[column].data)[row_];
  return {duckdb_string_t_data(string), duckdb_string_t_length(*string)};
}

Result<Connection> Connection::open(const Database& database) {
  duckdb_connection raw = nullptr;
  if (duckdb_connect(database.raw(), &raw) != DuckDBSuccess)
    return fail(ErrorKind::kInternal, "DuckDB gives no connection");
  Connection connection;
  connection.handle_.reset(raw);
  return connection;
}

Result<void> Connection::run(const std::string& sql) const {
  duckdb_result result{};
  if (duckdb_query(handle_.get(), sql.c_str(), &result) != DuckDBSuccess)
    return tl::unexpected<Error>(take_error(&result, "telemetry store"));
  duckdb_destroy_result(&result);
  return {};
}

Result<Rows> Connection::query(const std::string& sql) const {
  duckdb_result result{};
  if (duckdb_query(handle_.get(), sql.c_str(), &result) != DuckDBSuccess)
    return tl::unexpected<Error>(take_error(&result, "telemetry store"));
  return Rows(result);
}

Result<Statement> Statement::prepare(const Connection& connection, const std::string& sql) {
  duckdb_prepared_statement raw = nullptr;
  const bool fine = duckdb_prepare(connection.raw(), sql.c_str(), &raw) == DuckDBSuccess;
  Statement statement;
  statement.handle_.reset(raw);
  if (!fine) {
    const char* message = duckdb_prepare_error(raw);
    return tl::unexpected<Error>(
        error_of(message != nullptr ? message : "unknown failure", "telemetry store, preparing a query"));
  }
  return statement;
}

Statement& Statement::bind(std::int64_t value) {
  duckdb_bind_int64(handle_.get(), ++bound_, value);
  return *this;
}
Statement& Statement::bind(std::string_view value) {
  duckdb_bind_varchar_length(handle_.get(), ++bound_, value.data() != nullptr ? value.data() : "",
                             value.size());
  return *this;
}

Result<Rows> Statement::execute() const {
  duckdb_result result{};
  if (duckdb_execute_prepared(handle_.get(), &result) != DuckDBSuccess)
    return tl::unexpected<Error>(take_error(&result, "telemetry store"));
  return Rows(result);
}

std::string quoted(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'') literal += '\'';
    literal += c;
  }
  return literal + "'";
}

}  // namespace sentinel::telemetry::duck
