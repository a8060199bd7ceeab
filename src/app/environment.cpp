#include <fmt/format.h>

#include <algorithm>

#include "app/config.hpp"
#include "app/text_file.hpp"
#include "base/text.hpp"

extern char** environ;

namespace sentinel::app {
namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// What stands behind the equals sign. A comment begins with a blank and '#', so that a value may hold a '#'.
Result<std::string> read_value(std::string_view text) {
  const std::string_view start = trim(text);
  if (start.empty() || (start.front() != '"' && start.front() != '\'')) {
    for (std::size_t at = text.find('#'); at != std::string_view::npos; at = text.find('#', at + 1)) {
      if (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t'))
        return std::string(trim(text.substr(0, at)));
    }
    return std::string(start);
  }
  const char quote = start.front();
  std::string value;
  for (std::size_t i = 1; i < start.size(); ++i) {
    if (start[i] == quote) {
      const std::string_view rest = trim(start.substr(i + 1));
      if (!rest.empty() && rest.front() != '#')
        return fail(ErrorKind::kInvalid, "text after the closing quote");
      return value;
    }
    if (quote == '"' && start[i] == '\\' && i + 1 < start.size()) {
      ++i;
      value += start[i] == 'n' ? '\n' : start[i];
    } else {
      value += start[i];
    }
  }
  return fail(ErrorKind::kInvalid, "the quote is not closed");
}

}  // namespace

std::string Environment::get(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

Result<std::map<std::string, std::string>> parse_dotenv(std::string_view text) {
  std::map<std::string, std::string> values;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int number = 0;
  for (const auto raw : split(text, '\n')) {
    ++number;
    std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ") || line.starts_with("export\t")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || !is_name(trim(line.substr(0, equals))))
      return fail(ErrorKind::kInvalid, fmt::format("line {}: must be NAME=value", number));
    auto value = read_value(line.substr(equals + 1));
    if (!value) return fail(std::move(value).error(), fmt::format("line {}", number));
    values[std::string(trim(line.substr(0, equals)))] = std::move(*value);
  }
  return values;
}

Result<Environment> load_environment(const std::string& dotenv_path) {
  Environment environment;
  constexpr std::size_t kMost = 1 << 20;
  auto text = read_text_file(dotenv_path, kMost);
  if (!text && text.error().kind != ErrorKind::kNotFound)
    return tl::unexpected<Error>(std::move(text).error());
  if (text) {
    auto values = parse_dotenv(*text);
    if (!values) return fail(std::move(values).error(), dotenv_path);
    environment.values = std::move(*values);
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const auto equals = variable.find('=');
    if (equals != std::string_view::npos)
      environment.values[std::string(variable.substr(0, equals))] = variable.substr(equals + 1);
  }
  return environment;
}

}  // namespace sentinel::app
