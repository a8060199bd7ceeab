// Whether a row has a field with a value, as EventQuery::fields asks. Known names are columns (with the names
// that answers use); any other is looked up in the row's JSON, dotted and nested spellings being the same.
#pragma once

#include <string>
#include <string_view>

#include "model/document.hpp"

namespace sentinel::telemetry {

// The row's own column of that name as text; null when the name is no column.
const char* column_of(std::string_view field);
// "/a.b" and "/a/b" for "a.b": JSON pointers to both spellings. Equal when there is no dot.
std::string dotted_pointer(std::string_view field);
std::string nested_pointer(std::string_view field);

bool has_field(const model::LogRow& row, std::string_view field, std::string_view value);

}  // namespace sentinel::telemetry
