// The JSON object that a write brings, read strictly: a missing field, a wrong type or a text that is too
// long is refused with the field's name and what would be right. Unknown fields are ignored.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/server.hpp"

namespace sentinel::api {

class Body {
 public:
  // kInvalid when it is no JSON object. An empty body is an empty object. A body must say that it is JSON:
  // another page's form cannot.
  static Result<Body> read(const net::Request& request);
  ~Body();
  Body(Body&&) noexcept;

  // Absent gives the fallback; `least` 1 refuses empty (and blank) texts.
  Result<std::string> text(const char* name, std::size_t most, std::size_t least = 0,
                           std::string fallback = "") const;
  Result<std::string> required_text(const char* name, std::size_t most) const;
  Result<std::optional<std::int64_t>> integer(const char* name, std::int64_t least, std::int64_t most) const;
  Result<std::vector<std::string>> texts(const char* name, std::size_t most_items, std::size_t most) const;
  bool has(const char* name) const;
  const nlohmann::json& object() const { return *json_; }

 private:
  explicit Body(std::unique_ptr<nlohmann::json> object);
  std::unique_ptr<nlohmann::json> json_;
};

}  // namespace sentinel::api
