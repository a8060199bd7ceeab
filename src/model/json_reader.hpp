// Reading JSON from outside into the model's types: every field by its name, its type checked, the first
// wrong one told with its path. Heavy (the JSON library): for source files only.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel::model {

// Whether the value is a whole number that fits; sets `out` only then. A float is refused even where it is
// whole: no writer of ours makes one, and the cast of a large one would be undefined.
template <class Int>
bool read_whole(const nlohmann::json& value, Int& out) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (!std::in_range<Int>(number)) return false;
    out = static_cast<Int>(number);
    return true;
  }
  if (!value.is_number_integer()) return false;
  const auto number = value.get<std::int64_t>();
  if (!std::in_range<Int>(number)) return false;
  out = static_cast<Int>(number);
  return true;
}

// Reads fields of one object. The first wrong type is remembered with its path and ends the reading;
// finish() tells of it. A field that is missing or null leaves what the caller had.
class JsonReader {
 public:
  JsonReader(const nlohmann::json& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object_.is_object()) refuse("", "an object");
  }

  const nlohmann::json* find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  void read(const char* name, std::string& out) {
    if (const nlohmann::json* v = find(name))
      v->is_string() ? void(out = v->get_ref<const std::string&>()) : refuse(name, "a string");
  }
  void read(const char* name, double& out) {
    if (const nlohmann::json* v = find(name))
      v->is_number() ? void(out = v->get<double>()) : refuse(name, "a number");
  }
  void read(const char* name, bool& out) {
    if (const nlohmann::json* v = find(name))
      v->is_boolean() ? void(out = v->get<bool>()) : refuse(name, "true or false");
  }
  template <class Int>
  requires std::is_integral_v<Int>
  void read(const char* name, Int& out) {
    if (const nlohmann::json* v = find(name))
      read_whole(*v, out) ? void() : refuse(name, "a whole number in its range");
  }
  void read(const char* name, std::optional<double>& out) {
    if (find(name) == nullptr) return;
    double value = 0;
    read(name, value);
    out = value;
  }
  void read(const char* name, Time& out) {
    const nlohmann::json* v = find(name);
    if (v == nullptr) return;
    const auto time = v->is_string() ? parse_rfc3339(v->get_ref<const std::string&>()) : std::nullopt;
    time ? void(out = *time) : refuse(name, "an RFC 3339 time");
  }
  void read(const char* name, std::optional<Time>& out) {
    if (find(name) == nullptr) return;
    Time time{};
    read(name, time);
    out = time;
  }
  void read(const char* name, Duration& out) {
    if (find(name) == nullptr) return;
    constexpr double kMost = 1e12;  // seconds: 30,000 years, well inside what a Duration can hold
    double value = 0;
    read(name, value);
    if (!(std::abs(value) <= kMost)) return refuse(name, "a number of seconds, 1e12 at most");
    out = Duration(static_cast<std::int64_t>(std::llround(value * 1e6)));
  }
  void read(const char* name, std::vector<std::string>& out) {
    const nlohmann::json* v = find(name);
    if (v == nullptr) return;
    if (!v->is_array()) return refuse(name, "a list of strings");
    out.clear();
    for (const nlohmann::json& item : *v) {
      if (!item.is_string()) return refuse(name, "a list of strings");
      out.push_back(item.get<std::string>());
    }
  }
  // A word of a fixed set, by its parser.
  template <class T, class Parse>
  void read_word(const char* name, T& out, Parse parse, const char* what) {
    std::string word;
    if (find(name) == nullptr) return;
    read(name, word);
    if (const auto value = parse(word)) {
      out = *value;
    } else {
      refuse(name, what);
    }
  }
  template <class T, class Parse>
  void read_list(const char* name, std::vector<T>& out, Parse parse) {
    const nlohmann::json* v = find(name);
    if (v == nullptr) return;
    if (!v->is_array()) return refuse(name, "a list");
    for (std::size_t i = 0; i < v->size() && !error_; ++i) {
      Result<T> item = parse((*v)[i], fmt::format("{}{}[{}]", path_, name, i));
      if (item) {
        out.push_back(std::move(*item));
      } else {
        error_ = std::move(item).error();
      }
    }
  }
  void keep(Result<void> result) {
    if (!result && !error_) error_ = std::move(result).error();
  }
  void refuse(const char* name, const char* what) {
    if (!error_)
      error_ = Error{ErrorKind::kInvalid, fmt::format("{}{}: must be {}", path_, name, what), nullptr};
  }
  const std::string& path() const { return path_; }

  template <class T>
  Result<T> finish(T value) && {
    if (error_) return tl::unexpected<Error>(std::move(*error_));
    return value;
  }

 private:
  const nlohmann::json& object_;
  std::string path_;
  std::optional<Error> error_;
};

}  // namespace sentinel::model
