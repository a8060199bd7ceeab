#include "analyze/redact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "analyze/scan.hpp"
#include "analyze/sensitive.hpp"
#include "base/hash.hpp"

namespace sentinel::analyze {
namespace {

constexpr std::size_t kMatchedAtOnce = 2000;  // std::regex needs stack by the byte

bool is_word(char c) { return is_alnum(c) || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

}  // namespace

struct Redactor::Impl {
  std::string key;
  std::vector<std::regex> patterns;
  std::vector<std::string> user_id_fields;
  struct Name {
    std::string lower;
    std::string kind;
  };
  std::vector<Name> names;
  std::map<std::string, std::string> by_value;  // kind and value to placeholder
  struct Known {
    std::string kind;
    std::string value;
  };
  std::map<std::string, Known> by_placeholder;

  const std::string& placeholder(std::string_view kind, std::string_view value) {
    auto& known = by_value[fmt::format("{}\n{}", kind, value)];
    if (!known.empty()) return known;
    const std::string digest = sha256_hex(fmt::format("{}\n{}\n{}\n{}", key, kind, value, key));
    for (std::size_t length = 6; known.empty(); ++length) {
      const std::string name = fmt::format("[{}-{}]", kind, digest.substr(0, length));
      if (by_placeholder.contains(name)) continue;
      by_placeholder[name] = {std::string(kind), std::string(value)};
      known = name;
    }
    return known;
  }

  std::vector<Sensitive> find(std::string_view text) const {
    std::vector<Sensitive> found;
    find_credentials(text, found);
    for (std::size_t from = 0; from < text.size(); from += kMatchedAtOnce) {
      const auto piece = text.substr(from, kMatchedAtOnce);
      for (const auto& pattern : patterns) {
        for (std::cregex_iterator it(piece.data(), piece.data() + piece.size(), pattern), end; it != end;
             ++it) {
          const auto begin = from + static_cast<std::size_t>(it->position());
          if (it->length() > 0)
            found.push_back({begin, begin + static_cast<std::size_t>(it->length()), "pattern"});
        }
      }
    }
    find_personal(text, found);
    find_named(text, user_id_fields, "user", found);
    const std::string lower = to_lower(text);
    for (const auto& name : names) {
      for (auto i = lower.find(name.lower); i != std::string::npos; i = lower.find(name.lower, i + 1)) {
        if (!is_word(before(lower, i)) && !is_word(at(lower, i + name.lower.size())))
          found.push_back({i, i + name.lower.size(), name.kind});
      }
    }
    return found;
  }
};

Redactor::Redactor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Redactor::Redactor(Redactor&&) noexcept = default;
Redactor& Redactor::operator=(Redactor&&) noexcept = default;
Redactor::~Redactor() = default;

Result<Redactor> Redactor::make(RedactionRules rules) {
  auto impl = std::make_unique<Impl>();
  impl->key = std::move(rules.key);
  impl->user_id_fields = std::move(rules.user_id_fields);
  for (const auto& text : rules.patterns) {
    try {
      impl->patterns.emplace_back(text, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error&) {
      return fail(ErrorKind::kInvalid, fmt::format("'{}' is no regular expression", one_line(text, 80)));
    }
  }
  return Redactor(std::move(impl));
}

void Redactor::add_name(std::string_view name, std::string_view kind) {
  if (name.empty()) return;
  impl_->names.push_back({to_lower(name), std::string(kind)});
  // Longest first: "payment-service-db" is not the service with something behind it.
  std::stable_sort(impl_->names.begin(), impl_->names.end(),
                   [](const auto& a, const auto& b) { return a.lower.size() > b.lower.size(); });
}

std::string Redactor::redact(std::string_view text) {
  auto found = impl_->find(text);
  // What overlaps is replaced as one; the kind is the credential's, else the first's.
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t done = 0;
  for (std::size_t i = 0; i < found.size();) {
    Sensitive whole = found[i];
    std::size_t j = i + 1;
    for (; j < found.size() && found[j].begin < whole.end; ++j) {
      whole.end = std::max(whole.end, found[j].end);
      if (is_credential(found[j].kind) && !is_credential(whole.kind)) whole.kind = found[j].kind;
    }
    out += text.substr(done, whole.begin - done);
    out += impl_->placeholder(whole.kind, text.substr(whole.begin, whole.end - whole.begin));
    done = whole.end;
    i = j;
  }
  return out + std::string(text.substr(done));
}

std::string Redactor::restore(std::string_view text) const {
  std::string out;
  std::size_t done = 0;
  for (auto open = text.find('['); open != std::string_view::npos; open = text.find('[', open + 1)) {
    const auto close = text.find(']', open);
    if (close == std::string_view::npos) break;
    const auto known = impl_->by_placeholder.find(std::string(text.substr(open, close - open + 1)));
    if (known == impl_->by_placeholder.end() || is_credential(known->second.kind)) continue;
    out += text.substr(done, open - done);
    out += known->second.value;
    done = close + 1;
  }
  return out + std::string(text.substr(done));
}

std::size_t Redactor::replaced() const { return impl_->by_placeholder.size(); }

}  // namespace sentinel::analyze
