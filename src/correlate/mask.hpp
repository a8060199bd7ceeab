// The variable parts of a log message that can be told by their looks alone.
#pragma once

#include <string>
#include <string_view>

namespace sentinel::correlate {

// "user 42 from 10.0.0.1" -> "user <num> from <ip>". Placeholders: <num> <ip> <hex> <uuid> <path> <str> <url>
// <email> <time> <dur> <id>. One pass over the text by hand, because std::regex is two orders too slow here.
std::string mask(std::string_view message);
// The same into a buffer that is reused.
void mask(std::string_view message, std::string& into);

}  // namespace sentinel::correlate
