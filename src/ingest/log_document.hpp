// The document that a shipper would have written for a row: DocumentParser reads the row back from it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "model/document.hpp"

namespace sentinel::ingest {

// The schema of the original, literal dotted names, beside the fields of the row's `extra`.
nlohmann::json log_document(const model::LogRow& row);

}  // namespace sentinel::ingest
