#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "analyze/scan.hpp"
#include "analyze/sensitive.hpp"
#include "base/base64.hpp"

namespace sentinel::analyze {
namespace {

constexpr std::string_view kSecret = "secret";

// Tokens that name their issuer. `tail`: least characters behind the prefix.
struct Prefix {
  std::string_view text;
  std::size_t tail;
  std::string_view more;  // characters beside letters and digits
};
constexpr std::array kPrefixes = {
    Prefix{"AKIA", 12, ""},       Prefix{"ASIA", 12, ""},         Prefix{"AROA", 12, ""},
    Prefix{"AIDA", 12, ""},       Prefix{"ABIA", 12, ""},         Prefix{"ghp_", 16, "_"},
    Prefix{"gho_", 16, "_"},      Prefix{"ghu_", 16, "_"},        Prefix{"ghs_", 16, "_"},
    Prefix{"ghr_", 16, "_"},      Prefix{"github_pat_", 16, "_"}, Prefix{"glpat-", 12, "_-."},
    Prefix{"gldt-", 12, "_-"},    Prefix{"glrt-", 12, "_-"},      Prefix{"xoxa-", 8, "-"},
    Prefix{"xoxb-", 8, "-"},      Prefix{"xoxp-", 8, "-"},        Prefix{"xoxr-", 8, "-"},
    Prefix{"xoxs-", 8, "-"},      Prefix{"xapp-", 8, "-"},        Prefix{"xoxe.", 8, "-."},
    Prefix{"sk-", 16, "_-"},      Prefix{"sk_live_", 8, "_"},     Prefix{"sk_test_", 8, "_"},
    Prefix{"rk_live_", 8, "_"},   Prefix{"rk_test_", 8, "_"},     Prefix{"pk_live_", 8, "_"},
    Prefix{"whsec_", 8, "_-+/="}, Prefix{"AIza", 28, "_-"},       Prefix{"ya29.", 16, "_-."},
    Prefix{"SG.", 30, "_-."},     Prefix{"npm_", 30, ""},         Prefix{"pypi-", 30, "_-"},
    Prefix{"dop_v1_", 30, ""},    Prefix{"doo_v1_", 30, ""},      Prefix{"shpat_", 20, ""},
    Prefix{"shpss_", 20, ""},     Prefix{"shppa_", 20, ""},       Prefix{"hf_", 28, ""},
    Prefix{"glsa_", 20, "_"},     Prefix{"glc_", 20, "_-+/="},    Prefix{"hvs.", 16, "_-"},
    Prefix{"hvb.", 16, "_-"},     Prefix{"NRAK-", 16, ""},        Prefix{"dckr_pat_", 16, "_-"},
    Prefix{"lin_api_", 16, ""},   Prefix{"figd_", 16, "_-"},      Prefix{"sntrys_", 20, "_+/=."},
    Prefix{"sntryu_", 20, "_"},   Prefix{"ATATT3", 20, "_-="},    Prefix{"AGE-SECRET-KEY-1", 20, ""},
    Prefix{"sq0atp-", 16, "_-"},  Prefix{"sq0csp-", 16, "_-"},    Prefix{"PMAK-", 16, "-"},
    Prefix{"rubygems_", 16, ""},  Prefix{"xkeysib-", 20, "-"},    Prefix{"pul-", 30, ""},
    Prefix{"dapi", 28, "-"},      Prefix{"key-", 28, ""},         Prefix{"EAACEdEose0cBA", 8, ""},
    Prefix{"ntn_", 24, ""},       Prefix{"secret_", 30, ""},      Prefix{"amzn.mws.", 20, "-"},
    Prefix{"eyJ", 16, "_-.="},
};

void add(std::vector<Sensitive>& found, std::size_t begin, std::size_t end) {
  if (begin < end) found.push_back({begin, end, kSecret});
}

void find_prefixed(std::string_view text, std::vector<Sensitive>& found) {
  for (const Prefix& prefix : kPrefixes) {
    for (auto at_ = text.find(prefix.text); at_ != std::string_view::npos;
         at_ = text.find(prefix.text, at_ + 1)) {
      if (is_alnum(before(text, at_))) continue;
      std::size_t end = at_ + prefix.text.size();
      bool digit = false;
      while (end < text.size() && (is_alnum(text[end]) || prefix.more.find(text[end]) != prefix.more.npos)) {
        digit = digit || is_digit(text[end]) || is_upper(text[end]);
        ++end;
      }
      while (end > at_ && text[end - 1] == '.') --end;  // a full stop behind it
      if (end - at_ >= prefix.text.size() + prefix.tail && digit) add(found, at_, end);
    }
  }
}

void find_private_keys(std::string_view text, std::vector<Sensitive>& found) {
  constexpr std::string_view kBegin = "-----BEGIN";
  for (auto begin = text.find(kBegin); begin != std::string_view::npos;
       begin = text.find(kBegin, begin + 1)) {
    const auto head = text.find("-----", begin + kBegin.size());
    const auto title = text.substr(begin, head == std::string_view::npos ? head : head - begin);
    if (title.find("PRIVATE KEY") == std::string_view::npos) continue;
    const auto tail = text.find("-----END", begin + kBegin.size());
    const auto close = tail == std::string_view::npos ? tail : text.find("-----", tail + 8);
    // Cut off somewhere: all that is left belongs to it.
    add(found, begin, close == std::string_view::npos ? text.size() : close + 5);
  }
  if (const auto putty = text.find("PuTTY-User-Key-File"); putty != std::string_view::npos)
    add(found, putty, text.size());
}

// "scheme://user:password@host", and "user:password@host" without a scheme.
void find_userinfo(std::string_view text, std::vector<Sensitive>& found) {
  for (auto mark = text.find("://"); mark != std::string_view::npos; mark = text.find("://", mark + 1)) {
    const std::size_t begin = mark + 3;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n\"'<>`", begin), text.size());
    const std::string_view rest = text.substr(begin, end - begin);
    const auto authority = rest.substr(0, rest.find_first_of("/?#"));
    auto sign = authority.rfind('@');
    if (sign == std::string_view::npos) {
      // A password may hold the slash that should end the host: then what follows the colon is no port.
      const auto colon = authority.find(':');
      const bool port =
          colon == std::string_view::npos ||
          std::all_of(authority.begin() + static_cast<std::ptrdiff_t>(colon) + 1, authority.end(), is_digit);
      if (!port) sign = rest.rfind('@');
    }
    if (sign != std::string_view::npos) add(found, begin, begin + sign);
  }
  for (auto sign = text.find('@'); sign != std::string_view::npos; sign = text.find('@', sign + 1)) {
    std::size_t begin = sign;
    while (begin > 0 && !is_blank(text[begin - 1]) &&
           std::string_view("\"'<>(),;=[]{}").find(text[begin - 1]) == std::string_view::npos)
      --begin;
    const auto colon = text.substr(begin, sign - begin).find(':');
    if (colon == std::string_view::npos || colon == 0 || begin + colon + 1 >= sign) continue;
    if (text.substr(begin + colon).starts_with("://")) continue;  // found above
    if (is_alnum(at(text, sign + 1))) add(found, begin, sign);
  }
  const auto oracle = text.find("thin:");
  if (oracle != std::string_view::npos) {
    const auto sign = text.find('@', oracle);
    if (sign != std::string_view::npos &&
        text.substr(oracle, sign - oracle).find(' ') == std::string_view::npos)
      add(found, oracle + 5, sign);
  }
}

enum class Name : std::uint8_t { kNone, kSoft, kHard, kLine };

// What a name says about the value beside it. Soft names are words of ordinary sentences too.
Name name_class(std::string_view name) {
  const std::string plain = plain_name(name);
  const auto ends = [&](std::initializer_list<std::string_view> list) {
    return std::any_of(list.begin(), list.end(), [&](auto end) { return plain.ends_with(end); });
  };
  const auto holds = [&](std::initializer_list<std::string_view> list) {
    return std::any_of(list.begin(), list.end(),
                       [&](auto part) { return plain.find(part) != std::string::npos; });
  };
  const auto is = [&](std::initializer_list<std::string_view> list) {
    return std::any_of(list.begin(), list.end(), [&](auto word) { return plain == word; });
  };
  if (is({"cookie", "setcookie", "authorization", "proxyauthorization"})) return Name::kLine;
  if (ends({"name",      "arn",     "version",  "count",  "length", "type",     "policy",
            "expired",   "expires", "expiry",   "ttl",    "valid",  "attempts", "failures",
            "changed",   "errors",  "status",   "url",    "path",   "file",     "expiresin",
            "algorithm", "method",  "provider", "header", "field",  "hashes",   "store"}))
    return Name::kNone;
  if (holds({"password", "passwd", "passphrase", "passwort", "motdepasse", "contrasena"}) || ends({"pwd"}) ||
      is({"pw", "pin", "otp", "cvv", "cvc", "cvv2"}))
    return Name::kHard;
  if (holds({"secret", "apikey", "accesskey", "privatekey", "credential", "accountkey", "sharedaccesskey",
             "encryptionkey", "signingkey", "masterkey", "connectionstring", "sessionkey", "licensekey"}))
    return Name::kSoft;
  if (ends({"token", "sessionid", "sessid", "signature", "authkey", "authcode", "jwt"}) ||
      is({"auth", "sid", "sig", "pass", "session", "nonce", "xauth"}))
    return Name::kSoft;
  return Name::kNone;
}

// Words that follow such a name in a sentence instead of a value.
bool is_prose(std::string_view value) {
  static constexpr std::array<std::string_view, 78> kWords = {
      "true",      "false",    "null",         "none",       "nil",
      "undefined", "empty",    "missing",      "invalid",    "incorrect",
      "wrong",     "expired",  "required",     "failed",     "failure",
      "rejected",  "denied",   "mismatch",     "error",      "ok",
      "success",   "unset",    "not",          "is",         "has",
      "was",       "must",     "cannot",       "could",      "should",
      "does",      "too",      "and",          "or",         "for",
      "of",        "in",       "at",           "on",         "to",
      "the",       "a",        "an",           "no",         "by",
      "from",      "with",     "unauthorized", "forbidden",  "unknown",
      "disabled",  "enabled",  "revoked",      "malformed",  "refresh",
      "refreshed", "rotated",  "reset",        "changed",    "length",
      "yes",       "be",       "can",          "will",       "authentication",
      "already",   "accepted", "verified",     "validation", "weak",
      "strong",    "short",    "bad",          "user",       "please",
      "stale",     "issued",   "redacted"};
  const std::string word = to_lower(value);
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool is_masked(std::string_view value) {
  if (value.empty()) return true;
  if (std::all_of(value.begin(), value.end(), [](char c) { return c == '*' || c == '.' || c == '-'; }))
    return true;
  const std::string lower = to_lower(value);
  return std::all_of(lower.begin(), lower.end(), [](char c) { return c == 'x'; }) ||
         (lower.starts_with('[') &&
          (lower.find("redacted") != std::string::npos || lower.find("filtered") != std::string::npos ||
           lower.starts_with("[secret-"))) ||
         lower.starts_with("<redacted") || lower.starts_with("<masked") || lower == "<num" ||
         lower == "<hex" || lower.starts_with("${") || lower.starts_with("%{") || lower.starts_with("{{");
}

struct Value {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool quoted = false;
};

// The value that begins at `from` (blanks skipped): quoted, also with escaped quotes, or up to a delimiter
// behind which the next thing begins.
Value value_at(std::string_view text, std::size_t from) {
  while (from < text.size() && is_blank(text[from])) ++from;
  std::size_t slashes = from;
  while (slashes < text.size() && text[slashes] == '\\') ++slashes;
  const char quote = at(text, slashes);
  if (quote == '"' || quote == '\'' || quote == '`') {
    const std::size_t begin = slashes + 1;
    const bool escaped = slashes > from;
    for (std::size_t i = begin; i < text.size(); ++i) {
      if (!escaped && text[i] == '\\') {
        ++i;
        continue;
      }
      if (text[i] == quote && (!escaped || before(text, i) == '\\'))
        return {begin, escaped ? i - (slashes - from) : i, true};
    }
    return {begin, text.size(), true};
  }
  std::size_t end = from;
  for (; end < text.size() && !is_blank(text[end]); ++end) {
    const char c = text[end];
    if (c == '"' || c == '\'' || c == '<' || c == '>' || c == '\\') break;
    if (c == '[' && end == from) {  // a placeholder or a masked value
      const auto close = text.find(']', end);
      return {from, close == std::string_view::npos ? text.size() : close + 1, false};
    }
    if (c != ',' && c != ';' && c != '&' && c != '|' && c != ')' && c != '}' && c != ']') continue;
    std::size_t next = end + 1;
    while (next < text.size() &&
           (is_alnum(text[next]) || text[next] == '_' || text[next] == '-' || text[next] == '.'))
      ++next;
    const char behind = at(text, end + 1);
    const bool ends = behind == '\0' || is_blank(behind) || behind == '"' || behind == '\'' ||
                      behind == ',' || behind == ';' || behind == ')' || behind == '}' || behind == ']' ||
                      behind == '\\' || (next > end + 1 && (at(text, next) == '=' || at(text, next) == ':'));
    if (ends) break;
  }
  return {from, end, false};
}

bool looks_random(std::string_view value) {
  const bool digit = std::any_of(value.begin(), value.end(), is_digit);
  const bool inner_upper = value.size() > 1 && std::any_of(value.begin() + 1, value.end(), is_upper) &&
                           std::any_of(value.begin(), value.end(), is_lower);
  return digit || inner_upper || value.size() >= 24;
}

// The place behind `name` where its value begins; none when it has none. `prose`: the sign is one that
// sentences use too.
std::optional<std::size_t> behind_name(std::string_view text, std::size_t begin, std::size_t end,
                                       bool& prose) {
  std::size_t i = end;
  while (i < text.size() && (text[i] == '\\' || text[i] == '"' || text[i] == '\'' || text[i] == ']')) ++i;
  const bool closed = i > end;
  std::size_t sign = i;
  while (sign < text.size() && is_blank(text[sign])) ++sign;
  prose = false;
  const char c = at(text, sign);
  if (c == '=' || (c == ':' && at(text, sign + 1) == '=')) {
    std::size_t next = sign + 1;
    while (at(text, next) == '=' || at(text, next) == '>') ++next;
    return next;
  }
  if (c == ':' && at(text, sign + 1) != ':') {
    prose = !closed && is_blank(at(text, sign + 1));
    return sign + 1;
  }
  if (c == '>' && sign == end && before(text, begin) == '<') return end + 1;  // <password>value
  if (at(text, sign) == '%' && to_lower(text.substr(sign, 3)) == "%3d") return sign + 3;
  if (begin >= 2 && text.substr(begin - 2, 2) == "--" && sign > end) return sign;  // --password value
  if (text.substr(sign, 3) == "is " || text.substr(sign, 4) == "was ") {
    prose = true;
    return sign + (text[sign] == 'i' ? 3 : 4);
  }
  return std::nullopt;
}

bool is_name_char(char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; }

// Calls `take(name, begin, end)` for every word that may be a name.
template <class Take>
void each_name(std::string_view text, const Take& take) {
  for (std::size_t i = 0; i < text.size();) {
    if (!is_alpha(text[i]) && text[i] != '_') {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_name_char(text[end])) ++end;
    take(text.substr(i, end - i), i, end);
    i = end;
  }
}

void find_named_secrets(std::string_view text, std::vector<Sensitive>& found) {
  each_name(text, [&](std::string_view name, std::size_t begin, std::size_t end) {
    const Name what = name_class(name);
    if (what == Name::kNone) return;
    bool prose = false;
    const auto from = behind_name(text, begin, end, prose);
    if (!from) return;
    Value value = value_at(text, *from);
    std::string_view word = text.substr(value.begin, value.end - value.begin);
    if (what == Name::kLine) {
      if (word.empty() || is_prose(word)) return;
      if (!value.quoted) {
        if (prose && !looks_random(word) && word.find('=') == std::string_view::npos) {
          // "Authorization: Bearer abc": a scheme, then the value.
          const Value next = value_at(text, value.end);
          const auto second = text.substr(next.begin, next.end - next.begin);
          if (second.empty() || is_prose(second) || !looks_random(second)) return;
        }
        // Cookies go on behind each semicolon.
        const auto stop = text.find_first_of("\"'\\\n", value.begin);
        value.end = plain_name(name).ends_with("cookie") ? std::min(stop, text.size())
                                                         : value_at(text, value.end).end;
        if (value.end < value.begin + word.size()) value.end = value.begin + word.size();
      }
      return add(found, value.begin, value.end);
    }
    if (is_masked(word)) return;
    const std::string lower = to_lower(word);
    if (lower == "null" || lower == "none" || lower == "nil" || lower == "true" || lower == "false" ||
        lower == "undefined" || lower == "''")
      return;
    if (prose && !value.quoted) {
      while (value.end > value.begin && (text[value.end - 1] == '.' || text[value.end - 1] == ':'))
        --value.end;
      word = text.substr(value.begin, value.end - value.begin);
      if (is_prose(word) || word.empty()) return;
      if (what == Name::kSoft && !looks_random(word)) return;
    }
    const bool number = std::all_of(word.begin(), word.end(), is_digit);
    if (what == Name::kSoft && number && word.size() < 4) return;
    add(found, value.begin, value.end);
  });
}

// "Bearer abc123", "Basic dXNlcjpwdw==" anywhere.
void find_schemes(std::string_view text, std::vector<Sensitive>& found) {
  each_name(text, [&](std::string_view name, std::size_t, std::size_t end) {
    const std::string word = to_lower(name);
    const bool basic = word == "basic";
    if (!basic && word != "bearer" && word != "apikey" && word != "digest") return;
    std::size_t begin = end;
    while (at(text, begin) == ' ' || at(text, begin) == ':') ++begin;
    if (begin == end) return;
    std::size_t stop = begin;
    while (stop < text.size() &&
           (is_alnum(text[stop]) || std::string_view("._~+/=-").find(text[stop]) != std::string_view::npos))
      ++stop;
    const auto token = text.substr(begin, stop - begin);
    if (token.size() < 6) return;
    if (basic ? from_base64(token, Base64Alphabet::kStandardOrUrl).bytes.find(':') != std::string::npos
              : (std::any_of(token.begin(), token.end(), is_digit) ||
                 (token.size() >= 12 && looks_random(token))))
      add(found, begin, stop);
  });
}

// Passwords on command lines: `mysql -uroot -pS3cret`, `curl -u user:password`.
void find_arguments(std::string_view text, std::vector<Sensitive>& found) {
  const auto word_end = [&](std::size_t i) {
    while (i < text.size() && !is_blank(text[i])) ++i;
    return i;
  };
  for (const std::string_view program : {"mysql", "mariadb", "sshpass"}) {
    const auto program_at = text.find(program);
    if (program_at == std::string_view::npos) continue;
    for (auto i = text.find(" -p", program_at); i != std::string_view::npos; i = text.find(" -p", i + 1)) {
      std::size_t begin = i + 3;
      if (program == "sshpass" && at(text, begin) == ' ') ++begin;
      if (begin < text.size() && !is_blank(text[begin])) add(found, begin, word_end(begin));
    }
  }
  for (const std::string_view flag : {" -u ", " --user ", " --proxy-user "}) {
    for (auto i = text.find(flag); i != std::string_view::npos; i = text.find(flag, i + 1)) {
      const std::size_t begin = i + flag.size();
      const auto word = text.substr(begin, word_end(begin) - begin);
      if (word.find(':') != std::string_view::npos) add(found, begin, begin + word.size());
    }
  }
}

// A long word that no person wrote: letters of both cases and digits, thoroughly mixed.
void find_random(std::string_view text, std::vector<Sensitive>& found) {
  constexpr std::size_t kLeast = 32;
  for (std::size_t i = 0; i < text.size();) {
    const auto is_part = [&](char c) { return is_alnum(c) || c == '+' || c == '/' || c == '_' || c == '-'; };
    if (!is_part(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    int upper = 0;
    int lower = 0;
    int digits = 0;
    int turns = 0;
    std::array<int, 256> counts{};
    for (; end < text.size() && is_part(text[end]); ++end) {
      const char c = text[end];
      upper += is_upper(c) ? 1 : 0;
      lower += is_lower(c) ? 1 : 0;
      digits += is_digit(c) ? 1 : 0;
      turns += end > i && is_digit(c) != is_digit(text[end - 1]) ? 1 : 0;
      ++counts[static_cast<unsigned char>(c)];
    }
    const auto length = static_cast<double>(end - i);
    double entropy = 0;
    for (const int n : counts) {
      if (n > 0) entropy -= n / length * std::log2(n / length);
    }
    // Paths and class names have few digits or repeat their letters.
    const bool all = upper >= 3 && lower >= 3 && digits >= 3 && turns >= 5;
    const auto word = text.substr(i, end - i);
    const auto parts = std::count(word.begin(), word.end(), '/') + std::count(word.begin(), word.end(), '-') +
                       std::count(word.begin(), word.end(), '_');
    if (end - i >= kLeast && all && entropy >= 4.1 && parts <= 4) {
      while (at(text, end) == '=') ++end;
      add(found, i, end);
    }
    i = end;
  }
}

}  // namespace

void find_credentials(std::string_view text, std::vector<Sensitive>& found) {
  find_private_keys(text, found);
  find_prefixed(text, found);
  find_userinfo(text, found);
  find_named_secrets(text, found);
  find_schemes(text, found);
  find_arguments(text, found);
  find_random(text, found);
}

void find_named(std::string_view text, std::span<const std::string> names, std::string_view kind,
                std::vector<Sensitive>& found) {
  std::vector<std::string> plain;
  for (const auto& name : names) plain.push_back(plain_name(name));
  each_name(text, [&](std::string_view name, std::size_t begin, std::size_t end) {
    if (std::find(plain.begin(), plain.end(), plain_name(name)) == plain.end()) return;
    bool prose = false;
    auto from = behind_name(text, begin, end, prose);
    if (!from && is_blank(at(text, end))) {
      // "user_id 4711": only what has a digit is a value there.
      const Value next = value_at(text, end);
      const auto word = text.substr(next.begin, next.end - next.begin);
      if (std::any_of(word.begin(), word.end(), is_digit)) from = end;
    }
    if (!from) return;
    const Value value = value_at(text, *from);
    const auto word = text.substr(value.begin, value.end - value.begin);
    if (is_masked(word) || is_prose(word) || word.starts_with('[')) return;
    found.push_back({value.begin, value.end, kind});
  });
}

bool is_credential(std::string_view kind) { return kind == kSecret || kind == "card" || kind == "pattern"; }

}  // namespace sentinel::analyze
