// docs/openapi.yaml as JSON, compiled in.
#pragma once

#include <string_view>

namespace sentinel::api {

std::string_view openapi_json();

}  // namespace sentinel::api
