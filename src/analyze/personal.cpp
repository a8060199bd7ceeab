#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "analyze/scan.hpp"
#include "analyze/sensitive.hpp"

namespace sentinel::analyze {
namespace {

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// "%40" stands for the sign in URLs.
void find_emails(std::string_view text, std::vector<Sensitive>& found) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t width = 0;
    if (text[i] == '@') width = 1;
    if (to_lower(text.substr(i, 3)) == "%40") width = 3;
    if (width == 0) continue;
    std::size_t begin = i;
    if (before(text, i) == '"') {  // "john doe"@example.com
      const auto open = i >= 2 ? text.rfind('"', i - 2) : std::string_view::npos;
      if (open != std::string_view::npos && i - open < 66) begin = open;
    }
    while (begin > 0 && (is_alnum(text[begin - 1]) || is_high(text[begin - 1]) ||
                         std::string_view("._%+-'").find(text[begin - 1]) != std::string_view::npos))
      --begin;
    while (begin < i && (text[begin] == '\'' || text[begin] == '.')) ++begin;
    std::size_t end = i + width;
    std::size_t dot = 0;
    while (end < text.size() &&
           (is_alnum(text[end]) || is_high(text[end]) || text[end] == '-' || text[end] == '.')) {
      if (text[end] == '.' && (end == i + width || text[end - 1] == '.')) break;
      if (text[end] == '.') dot = end;
      ++end;
    }
    if (end > 0 && text[end - 1] == '.') {  // a full stop behind it
      --end;
      dot = text.substr(0, end).rfind('.');
      if (dot == std::string_view::npos || dot < i) dot = 0;
    }
    const auto top = dot == 0 ? std::string_view() : text.substr(dot + 1, end - dot - 1);
    const bool letters = top.size() >= 2 && std::none_of(top.begin(), top.end(), is_digit);
    if (begin < i && letters) found.push_back({begin, end, "email"});
  }
}

// Four numbers up to 255; the length of the text they take, or none.
std::optional<std::size_t> four_octets(std::string_view text, std::size_t from, char separator,
                                       std::array<int, 4>& octets) {
  std::size_t i = from;
  for (std::size_t n = 0; n < 4; ++n) {
    if (n > 0 && at(text, i++) != separator) return std::nullopt;
    const std::size_t begin = i;
    int value = 0;
    while (is_digit(at(text, i)) && i - begin < 4) value = value * 10 + (text[i++] - '0');
    if (i == begin || i - begin > 3 || value > 255) return std::nullopt;
    octets[n] = value;
  }
  if (is_digit(at(text, i)) || (at(text, i) == separator && is_digit(at(text, i + 1)))) return std::nullopt;
  return i - from;
}

void find_ipv4(std::string_view text, std::vector<Sensitive>& found) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i])) continue;
    const char previous = before(text, i);
    const bool dashed = i >= 3 && to_lower(text.substr(i - 3, 3)) == "ip-";
    std::array<int, 4> octets{};
    const auto length = four_octets(text, i, dashed ? '-' : '.', octets);
    const bool inside = is_digit(previous) || (previous == '.' && i >= 2 && is_digit(text[i - 2])) ||
                        is_alpha(previous) || previous == '_';
    if (!length || (inside && !dashed)) continue;
    const std::size_t end = i + *length;
    // "version 1.2.3.4", "1.2.3.4-SNAPSHOT", "v1.2.3.4" are no addresses.
    const std::string head = to_lower(text.substr(i >= 9 ? i - 9 : 0, std::min<std::size_t>(i, 9)));
    const bool version = head.ends_with("version ") || head.ends_with("version=") ||
                         head.ends_with("version: ") || head.ends_with("version:") ||
                         head.ends_with("release ");
    const bool build =
        !dashed && ((at(text, end) == '-' && is_alpha(at(text, end + 1))) || at(text, end) == '_');
    const bool nobody = octets[0] == 127 || octets == std::array<int, 4>{0, 0, 0, 0} ||
                        octets == std::array<int, 4>{255, 255, 255, 255};
    if (!version && !build && !nobody) found.push_back({i, end, "ip"});
    i = end - 1;
  }
}

// Whether the text is one IPv6 address, also with an IPv4 tail.
bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool gap = false;
  std::size_t i = 0;
  if (text.starts_with("::")) {
    gap = true;
    i = 2;
  }
  while (i < text.size()) {
    std::size_t end = i;
    while (is_hex(at(text, end))) ++end;
    if (at(text, end) == '.') {
      std::array<int, 4> octets{};
      const auto length = four_octets(text, i, '.', octets);
      groups += 2;
      if (!length || i + *length != text.size()) return false;
      break;
    }
    if (end == i || end - i > 4) return false;
    ++groups;
    if (end == text.size()) break;
    if (at(text, end) != ':') return false;
    i = end + 1;
    if (at(text, i) == ':') {
      if (gap) return false;
      gap = true;
      ++i;
    } else if (i == text.size()) {
      return false;
    }
  }
  return gap ? groups >= 1 && groups <= 7 : groups == 8;
}

void find_ipv6(std::string_view text, std::vector<Sensitive>& found) {
  const auto part = [](char c) { return is_hex(c) || c == ':' || c == '.'; };
  for (std::size_t i = 0; i < text.size();) {
    if (!part(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && part(text[end])) ++end;
    const bool alone = !is_alnum(before(text, i)) && !is_alnum(at(text, end)) && before(text, i) != '_';
    std::size_t begin = i;
    std::size_t stop = end;
    while (stop > begin && (text[stop - 1] == '.' || (text[stop - 1] == ':' && at(text, stop - 2) != ':')))
      --stop;
    // "addr:2001:db8::1": what stands before may be a name's colon.
    if (at(text, begin) == ':' && at(text, begin + 1) != ':') ++begin;
    const auto word = text.substr(begin, stop - begin);
    const auto colons = std::count(word.begin(), word.end(), ':');
    const bool digit = std::any_of(word.begin(), word.end(), is_digit);
    if (alone && colons >= 2 && (digit || colons >= 4) && word != "::1" && is_ipv6(word))
      found.push_back({begin, stop, "ip"});
    i = end;
  }
}

void find_macs(std::string_view text, std::vector<Sensitive>& found) {
  constexpr std::size_t kLength = 17;
  for (std::size_t i = 0; i + kLength <= text.size(); ++i) {
    const char separator = text[i + 2];
    if ((separator != ':' && separator != '-') || is_hex(before(text, i)) || before(text, i) == separator)
      continue;
    bool fits = true;
    bool letter = false;
    for (std::size_t n = 0; n < kLength && fits; ++n) {
      fits = n % 3 == 2 ? text[i + n] == separator : is_hex(text[i + n]);
      letter = letter || is_alpha(text[i + n]);
    }
    const char behind = at(text, i + kLength);
    if (fits && !is_alnum(behind) && behind != separator && (letter || separator == ':'))
      found.push_back({i, i + kLength, "mac"});
  }
  constexpr std::size_t kDotted = 14;  // 001a.2b3c.4d5e
  for (std::size_t i = 0; i + kDotted <= text.size(); ++i) {
    if (text[i + 4] != '.' || text[i + 9] != '.' || is_alnum(before(text, i)) || before(text, i) == '.')
      continue;
    bool fits = true;
    bool letter = false;
    for (std::size_t n = 0; n < kDotted && fits; ++n) {
      fits = n % 5 == 4 ? text[i + n] == '.' : is_hex(text[i + n]);
      letter = letter || is_alpha(text[i + n]);
    }
    if (fits && letter && !is_alnum(at(text, i + kDotted)) && at(text, i + kDotted) != '.')
      found.push_back({i, i + kDotted, "mac"});
  }
}

// Luhn's checksum (ISO/IEC 7812).
bool luhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int d = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) d = d * 2 > 9 ? d * 2 - 9 : d * 2;
    sum += d;
  }
  return sum % 10 == 0;
}

// The first digits that issuers have, with the lengths of their numbers: other runs of digits that happen to
// have the checksum are ids and counters.
bool is_card(std::string_view d) {
  int four = 0;
  std::from_chars(d.data(), d.data() + 4, four);
  const int two = four / 100;
  const std::size_t n = d.size();
  const bool issuer = (d[0] == '4' && (n == 13 || n == 16 || n == 19)) ||
                      (two >= 51 && two <= 55 && n == 16) || (four >= 2221 && four <= 2720 && n == 16) ||
                      ((two == 34 || two == 37) && n == 15) ||
                      ((two == 36 || two == 38 || two == 39 || (four >= 3000 && four <= 3059)) && n == 14) ||
                      ((four == 6011 || (four >= 6440 && four <= 6599)) && n >= 16) ||
                      (four >= 3528 && four <= 3589 && n >= 16) || (two == 62 && n >= 16) ||
                      ((two == 50 || (two >= 56 && two <= 58) || two == 63 || two == 67) && n >= 13);
  return issuer && n <= 19 && luhn(d);
}

void find_cards(std::string_view text, std::vector<Sensitive>& found) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i]) || is_digit(before(text, i)) || is_hex(before(text, i))) continue;
    if (before(text, i) == '.' && i >= 2 && is_digit(text[i - 2]) && at(text, i + 4) != '.') continue;
    std::string digits;
    std::size_t end = i;
    std::size_t match = 0;
    while (end < text.size() && digits.size() <= 19) {
      if (is_digit(text[end])) {
        digits += text[end++];
        const bool whole = !is_digit(at(text, end)) && !is_hex(at(text, end));
        if (whole && digits.size() >= 13 && is_card(digits)) match = end;
      } else if ((text[end] == ' ' || text[end] == '-' || text[end] == '.') && is_digit(at(text, end + 1))) {
        ++end;
      } else {
        break;
      }
    }
    if (match > 0) found.push_back({i, match, "card"});
  }
}

void find_ibans(std::string_view text, std::vector<Sensitive>& found) {
  for (std::size_t i = 0; i + 15 <= text.size(); ++i) {
    if (!is_upper(text[i]) || !is_upper(text[i + 1]) || !is_digit(text[i + 2]) || !is_digit(text[i + 3]) ||
        is_alnum(before(text, i)))
      continue;
    std::string plain;
    std::size_t end = i;
    while (end < text.size() && plain.size() < 34) {
      if (is_upper(text[end]) || is_digit(text[end])) {
        plain += text[end++];
      } else if (text[end] == ' ' && plain.size() % 4 == 0 &&
                 (is_upper(at(text, end + 1)) || is_digit(at(text, end + 1)))) {
        ++end;
      } else {
        break;
      }
      if (plain.size() < 15 || is_alnum(at(text, end))) continue;
      // ISO 7064 mod 97: the first four characters go to the end, letters count from 10.
      int rest = 0;
      for (std::size_t n = 0; n < plain.size(); ++n) {
        const char c = plain[(n + 4) % plain.size()];
        rest = is_digit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
      }
      if (rest == 1) {
        found.push_back({i, end, "iban"});
        break;
      }
    }
  }
}

// Digits with single separators from `i`, as a phone number is written: how many, where it ends.
struct Run {
  std::string digits;
  std::size_t end = 0;
  int separators = 0;
};
Run phone_run(std::string_view text, std::size_t i) {
  Run run{.end = i};
  for (std::size_t n = i; n < text.size() && run.digits.size() < 16; ++n) {
    if (is_digit(text[n])) {
      run.digits += text[n];
      run.end = n + 1;
    } else if (std::string_view(" -.()/").find(text[n]) != std::string_view::npos) {
      std::size_t next = n;
      while (std::string_view(" -.()/").find(at(text, next)) != std::string_view::npos && next < n + 2 &&
             next < text.size())
        ++next;
      if (!is_digit(at(text, next))) break;
      ++run.separators;
      n = next - 1;
    } else {
      break;
    }
  }
  return run;
}

void find_phones(std::string_view text, std::vector<Sensitive>& found) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char previous = before(text, i);
    if (c == '+' && at(text, i + 1) >= '1' && at(text, i + 1) <= '9' && !is_alnum(previous)) {
      const Run run = phone_run(text, i + 1);
      if (run.digits.size() >= 8 && run.digits.size() <= 15 && !is_alpha(at(text, run.end))) {
        found.push_back({i, run.end, "phone"});
        i = run.end - 1;
      }
      continue;
    }
    if (is_alnum(previous) || previous == '.' || previous == '-' || previous == ':' || previous == '_') {
      if (!(previous == ':' && i >= 4 && to_lower(text.substr(i - 4, 4)) == "tel:")) continue;
    }
    const auto three = [&](std::size_t k) {
      return at(text, k) >= '2' && at(text, k) <= '9' && is_digit(at(text, k + 1)) &&
             is_digit(at(text, k + 2));
    };
    // (212) 555-1234, 212-555-1234, 1-212-555-1234, 212.555.1234
    std::size_t k = i;
    if (c == '1' && (at(text, i + 1) == '-' || at(text, i + 1) == ' ') &&
        (at(text, i + 2) == '(' || text.substr(i, 6).find_last_of("-.") == 5))
      k = i + 2;
    const bool bracket = at(text, k) == '(';
    if (bracket) ++k;
    if (three(k)) {
      std::size_t m = k + 3;
      if (bracket && at(text, m) == ')') ++m;
      const char separator = at(text, m);
      const bool separated = separator == '-' || separator == '.' || (bracket && separator == ' ');
      if (separated) ++m;
      if ((separated || (bracket && at(text, m - 1) == ')')) && three(m) &&
          (at(text, m + 3) == '-' || at(text, m + 3) == '.' || (bracket && at(text, m + 3) == ' '))) {
        const std::size_t last = m + 4;
        bool four = true;
        for (std::size_t n = 0; n < 4; ++n) four = four && is_digit(at(text, last + n));
        const char behind = at(text, last + 4);
        const bool more = (behind == '.' || behind == '-') && is_digit(at(text, last + 5));
        if (four && !is_alnum(behind) && !more) {
          found.push_back({i, last + 4, "phone"});
          i = last + 3;
          continue;
        }
      }
    }
    // 0049 170 1234567, 0171 2345678, 020 7946 0958
    if (c == '0' && is_digit(at(text, i + 1))) {
      const Run run = phone_run(text, i);
      const bool abroad = run.digits.starts_with("00") && run.digits.size() >= 11 && run.separators >= 1 &&
                          run.digits[2] != '0';
      const bool national = !run.digits.starts_with("00") && run.digits.size() >= 10 &&
                            run.digits.size() <= 12 && run.separators >= 1 && run.separators <= 3 &&
                            at(text, i + 2) != '-' && at(text, i + 2) != '.' && at(text, i + 2) != '/';
      if ((abroad || national) && !is_alnum(at(text, run.end))) {
        found.push_back({i, run.end, "phone"});
        i = run.end - 1;
      }
    }
  }
  static const std::vector<std::string> kNames = {"phone",       "mobile",    "tel", "telephone",   "msisdn",
                                                  "phonenumber", "cellphone", "fax", "mobilenumber"};
  std::vector<Sensitive> named;
  find_named(text, kNames, "phone", named);
  for (auto& span : named) {
    // The value goes on over blanks: "phone: 555 12 34".
    const Run run = phone_run(text, at(text, span.begin) == '+' ? span.begin + 1 : span.begin);
    span.end = std::max(span.end, run.end);
    if (run.digits.size() >= 6) found.push_back(span);
  }
}

void find_social_security(std::string_view text, std::vector<Sensitive>& found) {
  constexpr std::size_t kLength = 11;
  for (std::size_t i = 0; i + kLength <= text.size(); ++i) {
    bool fits = !is_alnum(before(text, i)) && before(text, i) != '-' && before(text, i) != '.';
    for (std::size_t n = 0; n < kLength && fits; ++n)
      fits = n == 3 || n == 6 ? text[i + n] == '-' : is_digit(text[i + n]);
    if (fits && !is_alnum(at(text, i + kLength)) && at(text, i + kLength) != '-')
      found.push_back({i, i + kLength, "ssn"});
  }
}

}  // namespace

void find_personal(std::string_view text, std::vector<Sensitive>& found) {
  find_emails(text, found);
  find_ipv4(text, found);
  find_ipv6(text, found);
  find_macs(text, found);
  find_cards(text, found);
  find_ibans(text, found);
  find_phones(text, found);
  find_social_security(text, found);
}

}  // namespace sentinel::analyze
