#include "model/runbook.hpp"

#include "base/hash.hpp"

namespace sentinel::model {

std::string runbook_id(std::string_view title) { return "rb-" + sha256_hex(title).substr(0, 12); }

}  // namespace sentinel::model
