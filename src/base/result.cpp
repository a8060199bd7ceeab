#include "base/result.hpp"

namespace sentinel {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kOverloaded:
      return "overloaded";
    case ErrorKind::kCorrupt:
      return "corrupt";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

std::string Error::text() const {
  std::string all = message;
  for (const Error* inner = cause.get(); inner != nullptr; inner = inner->cause.get()) {
    all += ": ";
    all += inner->message;
  }
  return all;
}

Error Error::in(std::string context) && {
  const ErrorKind same = kind;
  return Error{same, std::move(context), std::make_shared<const Error>(std::move(*this))};
}

}  // namespace sentinel
