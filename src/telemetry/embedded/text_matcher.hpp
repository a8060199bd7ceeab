// Whether messages contain a text, whatever the case of ASCII letters.
#pragma once

#include <string>
#include <string_view>

namespace sentinel::telemetry {

// For one text and many messages. Not thread-safe.
class TextMatcher {
 public:
  explicit TextMatcher(std::string_view text);
  bool in(std::string_view message);

 private:
  std::string wanted_;  // folded
  std::string folded_;  // of the message at hand
};

}  // namespace sentinel::telemetry
