// How an expected failure travels: Result<T> carries a value or an Error with its chain of causes.
// Programmer errors are assertions, never an Error. Absence is std::optional, a decision an enum.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace sentinel {

// What kind of thing went wrong, as far as a caller can act on it.
enum class ErrorKind : std::uint8_t {
  kInvalid,      // the input is wrong; trying again changes nothing
  kNotFound,     // the thing asked for does not exist
  kConflict,     // it exists already, or somebody else holds it
  kDenied,       // credentials missing, wrong or not sufficient
  kUnavailable,  // the other side cannot be reached or says it is ill; may heal
  kTimeout,      // the deadline passed
  kOverloaded,   // the other side (or a queue of ours) asks to come back later
  kCorrupt,      // stored data or an answer is not what its format says
  kInternal,     // anything else, a bug among them
};

std::string_view to_string(ErrorKind kind);

struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;                 // lowercase, no full stop; names the place and the value
  std::shared_ptr<const Error> cause;  // what it was made from, if anything

  // Whether the same call may succeed later without anybody changing anything.
  bool is_transient() const {
    return kind == ErrorKind::kUnavailable || kind == ErrorKind::kTimeout || kind == ErrorKind::kOverloaded;
  }
  // "opening the store: cannot lock /x: held by pid 12": the message and its causes, outermost first.
  std::string text() const;
  // The same failure seen from one level up: keeps the kind, puts `context` in front.
  Error in(std::string context) &&;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message), nullptr});
}
// Passes a failure on with context: `return fail(std::move(r).error(), "reading runbooks/seed.json");`
inline tl::unexpected<Error> fail(Error error, std::string context) {
  return tl::unexpected<Error>(std::move(error).in(std::move(context)));
}

}  // namespace sentinel

#define SENTINEL_CONCAT_(a, b) a##b
#define SENTINEL_CONCAT(a, b) SENTINEL_CONCAT_(a, b)
// SENTINEL_TRY(expr): for an expression that is a Result; returns its error from the enclosing function.
#define SENTINEL_TRY(expr) SENTINEL_TRY_(SENTINEL_CONCAT(sentinel_try_, __LINE__), expr)
#define SENTINEL_TRY_(tmp, expr)                                                                   \
  do {                                                                                             \
    if (auto tmp = (expr); !tmp) return tl::unexpected<::sentinel::Error>(std::move(tmp).error()); \
  } while (false)
// SENTINEL_ASSIGN(auto value, expr): declares `value` from a Result or returns its error.
#define SENTINEL_ASSIGN(decl, expr) SENTINEL_ASSIGN_(SENTINEL_CONCAT(sentinel_result_, __LINE__), decl, expr)
#define SENTINEL_ASSIGN_(tmp, decl, expr)                                     \
  auto tmp = (expr);                                                          \
  if (!tmp) return tl::unexpected<::sentinel::Error>(std::move(tmp).error()); \
  decl = std::move(*tmp)
