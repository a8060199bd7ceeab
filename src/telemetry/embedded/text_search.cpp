#include "telemetry/embedded/text_search.hpp"

#include <optional>

#include "telemetry/embedded/text_matcher.hpp"

namespace sentinel::telemetry {
namespace {

std::string_view view(duckdb_string_t& text) {
  return {duckdb_string_t_data(&text), duckdb_string_t_length(text)};
}

// DuckDB gives flat vectors and takes care of NULL.
void has_text(duckdb_function_info /*info*/, duckdb_data_chunk input, duckdb_vector output) {
  auto* messages =
      static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
  auto* texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 1)));
  auto* validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(input, 0));
  auto* found = static_cast<bool*>(duckdb_vector_get_data(output));
  std::optional<TextMatcher> matcher;
  std::string_view wanted;
  for (idx_t i = 0; i < duckdb_data_chunk_get_size(input); ++i) {
    found[i] = false;
    if (validity != nullptr && !duckdb_validity_row_is_valid(validity, i)) continue;
    const std::string_view text = view(texts[i]);
    if (!matcher || text != wanted) {
      matcher.emplace(text);
      wanted = text;
    }
    found[i] = matcher->in(view(messages[i]));
  }
}

}  // namespace

Result<void> register_text_search(const duck::Connection& connection) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  duckdb_logical_type truth = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  duckdb_scalar_function_set_name(function, kHasText);
  duckdb_scalar_function_add_parameter(function, text);
  duckdb_scalar_function_add_parameter(function, text);
  duckdb_scalar_function_set_return_type(function, truth);
  duckdb_scalar_function_set_function(function, has_text);
  const bool fine = duckdb_register_scalar_function(connection.raw(), function) == DuckDBSuccess;
  duckdb_destroy_logical_type(&text);
  duckdb_destroy_logical_type(&truth);
  duckdb_destroy_scalar_function(&function);
  if (!fine) return fail(ErrorKind::kInternal, "DuckDB does not take the function that searches text");
  return {};
}

}  // namespace sentinel::telemetry
