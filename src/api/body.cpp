#include "api/body.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

const json* find(const json& object, const char* name) {
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

tl::unexpected<Error> refuse(const char* name, const std::string& what) {
  return fail(ErrorKind::kInvalid, fmt::format("field {}: must be {}", name, what));
}

// Characters, as the document's maxLength counts them.
std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return count;
}

}  // namespace

Body::Body(std::unique_ptr<nlohmann::json> object) : json_(std::move(object)) {}
Body::~Body() = default;
Body::Body(Body&&) noexcept = default;

Result<Body> Body::read(const net::Request& request) {
  if (trim(request.body).empty()) return Body(std::make_unique<json>(json::object()));
  const auto type = request.headers.get("Content-Type").value_or("");
  if (!to_lower(type.substr(0, type.find(';'))).ends_with("json")) {
    return fail(ErrorKind::kInvalid,
                fmt::format("Content-Type: '{}' is not application/json", one_line(type, 60)));
  }
  SENTINEL_ASSIGN(auto value, model::parse_json(request.body));
  if (!value.is_object()) return fail(ErrorKind::kInvalid, "the body must be a JSON object");
  return Body(std::make_unique<json>(std::move(value)));
}

bool Body::has(const char* name) const { return find(*json_, name) != nullptr; }

Result<std::string> Body::text(const char* name, std::size_t most, std::size_t least,
                               std::string fallback) const {
  const json* value = find(*json_, name);
  if (value == nullptr) return fallback;
  if (!value->is_string()) return refuse(name, "a text");
  const auto& text = value->get_ref<const std::string&>();
  if (characters(text) > most || text.size() < least)
    return refuse(name, fmt::format("a text of {} to {} characters", least, most));
  return text;
}

Result<std::string> Body::required_text(const char* name, std::size_t most) const {
  if (!has(name)) return fail(ErrorKind::kInvalid, fmt::format("field {} is missing", name));
  return text(name, most, 1);
}

Result<std::optional<std::int64_t>> Body::integer(const char* name, std::int64_t least,
                                                  std::int64_t most) const {
  const json* value = find(*json_, name);
  if (value == nullptr) return std::optional<std::int64_t>();
  const std::string what = fmt::format("a whole number from {} to {}", least, most);
  // 5.0 is a whole number to JSON Schema.
  if (value->is_number_float()) {
    const double number = value->get<double>();
    if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) ||
        number != static_cast<double>(static_cast<std::int64_t>(number)))
      return refuse(name, what);
    return std::optional(static_cast<std::int64_t>(number));
  }
  if (!value->is_number_integer()) return refuse(name, what);
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(most))
    return refuse(name, what);
  const auto number = value->get<std::int64_t>();
  if (number < least || number > most) return refuse(name, what);
  return std::optional(number);
}

Result<std::vector<std::string>> Body::texts(const char* name, std::size_t most_items,
                                             std::size_t most) const {
  const json* value = find(*json_, name);
  std::vector<std::string> all;
  if (value == nullptr) return all;
  const std::string what =
      fmt::format("a list of at most {} texts of at most {} characters", most_items, most);
  if (!value->is_array() || value->size() > most_items) return refuse(name, what);
  for (const json& item : *value) {
    if (!item.is_string() || characters(item.get_ref<const std::string&>()) > most) return refuse(name, what);
    all.push_back(item.get<std::string>());
  }
  return all;
}

}  // namespace sentinel::api
