#include <fmt/format.h>

#include <fstream>

#include "app/config.hpp"
#include "base/text.hpp"

extern char** environ;

namespace sentinel::app {

std::string Environment::get(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

Result<std::map<std::string, std::string>> parse_dotenv(std::string_view text) {
  std::map<std::string, std::string> values;
  int number = 0;
  for (const auto raw : split(text, '\n')) {
    ++number;
    std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return fail(ErrorKind::kInvalid, fmt::format("line {}: must be NAME=value", number));
    const std::string_view name = trim(line.substr(0, equals));
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) {
      const auto end = value.find(value.front(), 1);
      if (end == std::string_view::npos)
        return fail(ErrorKind::kInvalid,
                    fmt::format("line {}: the quote of {} is not closed", number, one_line(name, 60)));
      value = value.substr(1, end - 1);
    } else if (const auto comment = value.find(" #"); comment != std::string_view::npos) {
      value = trim(value.substr(0, comment));
    }
    values[std::string(name)] = value;
  }
  return values;
}

Result<Environment> load_environment(const std::string& dotenv_path) {
  Environment environment;
  std::ifstream file(dotenv_path, std::ios::binary);
  if (file) {
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    auto values = parse_dotenv(text);
    if (!values) return fail(std::move(values).error(), dotenv_path);
    environment.values = std::move(*values);
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      environment.values[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  return environment;
}

}  // namespace sentinel::app
