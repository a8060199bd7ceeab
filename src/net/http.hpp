// The words of HTTP that client and server share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentinel::net {

// Header fields in order of arrival; names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);                // replaces all of that name
  std::optional<std::string_view> get(std::string_view name) const;  // the first
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// "%41%20b" -> "A b"; a broken escape stays as it is. `plus`: '+' means a blank (queries).
std::string percent_decode(std::string_view text, bool plus = false);
std::string percent_encode(std::string_view text);  // all but unreserved characters

}  // namespace sentinel::net
