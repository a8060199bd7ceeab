// Every key of config.yaml as a row: where it stands, what it takes, what it is for. The reader, the
// messages, the printed configuration and the tests all come from this table.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/config.hpp"

namespace sentinel::app {

struct Key {
  std::string path;   // "polling.interval_seconds"
  std::string about;  // one line
  enum class Type : std::uint8_t {
    kInteger,
    kNumber,
    kText,
    kBoolean,
    kTexts,
    kMetrics,
    kTopology
  } type = Type::kText;
  double least = 0;  // numbers
  double most = 0;
  std::vector<std::string> choices;  // texts; empty: any
  // Where the value lives; the one that fits `type` is set.
  std::function<int*(Config&)> integer;
  std::function<double*(Config&)> number;
  std::function<std::string*(Config&)> text;
  std::function<bool*(Config&)> boolean;
  std::function<std::vector<std::string>*(Config&)> texts;
};

const std::vector<Key>& config_keys();

// A URL from the environment may carry a password: what is printed ends in tickets and chats.
std::string without_password(const std::string& url);

// Names of secrets and the variable each belongs in; a key of such a name in the file is refused.
struct SecretName {
  std::string key;
  std::string variable;
};
const std::vector<SecretName>& secret_names();

}  // namespace sentinel::app
