// The JSON of a silence, as the API shows it and the state store keeps it. Times are RFC 3339, a recurrence
// is {rule, minutes, zone}.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "model/silence.hpp"

namespace sentinel::model {

nlohmann::json to_json(const Silence& silence);
// Refuses wrong types with the field's name.
Result<Silence> silence_from_json(const nlohmann::json& json);

}  // namespace sentinel::model
