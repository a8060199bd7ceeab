// runbooks/seed.json, compiled in.
#pragma once

#include <string_view>

namespace sentinel::runbooks {

std::string_view seed_text();

}  // namespace sentinel::runbooks
