// Replaces what must not leave the host by placeholders, and puts it back for display.
//
// A placeholder ("[email-3f9a21]") is a keyed digest of the value: the same value has the same one in every
// request of this installation, and nobody without the key can try values against it. One object per request;
// not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace sentinel::analyze {

struct RedactionRules {
  std::string key;                          // secret of this installation
  std::vector<std::string> patterns;        // regular expressions (ECMAScript), whatever they match
  std::vector<std::string> user_id_fields;  // names whose values are user ids
};

class Redactor {
 public:
  // kInvalid: a pattern that is none, with its text.
  static Result<Redactor> make(RedactionRules rules);
  Redactor(Redactor&&) noexcept;
  Redactor& operator=(Redactor&&) noexcept;
  ~Redactor();

  // Whole words to replace wherever they stand ("host", "service").
  void add_name(std::string_view name, std::string_view kind);

  std::string redact(std::string_view text);
  // Credentials stay placeholders: nobody needs them to read an explanation, which is passed on.
  std::string restore(std::string_view text) const;
  std::size_t replaced() const;  // different values

 private:
  struct Impl;
  explicit Redactor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::analyze
