#include "correlate/mask.hpp"

#include <array>
#include <cstdint>

namespace sentinel::correlate {
namespace {

enum Class : std::uint8_t { kOther = 0, kDigit = 1, kHexLetter = 2, kLetter = 4, kSpace = 8, kPathMark = 16 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = kDigit;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = kLetter;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = kLetter;
  for (int c = 'a'; c <= 'f'; ++c) table[static_cast<std::size_t>(c)] = kLetter | kHexLetter;
  for (int c = 'A'; c <= 'F'; ++c) table[static_cast<std::size_t>(c)] = kLetter | kHexLetter;
  for (const char c : {' ', '\t', '\n', '\r', '\v', '\f'}) table[static_cast<std::size_t>(c)] = kSpace;
  for (const char c : {'/', '.', '_', '-', '~', '%', '+', '@', '$'})
    table[static_cast<std::size_t>(c)] = kPathMark;
  for (std::size_t c = 128; c < 256; ++c) table[c] = kLetter;  // any byte of a multi-byte code point
  return table;
}
constexpr auto kClasses = make_classes();

constexpr bool is(char c, int classes) { return (kClasses[static_cast<unsigned char>(c)] & classes) != 0; }
constexpr bool is_alnum(char c) { return is(c, kDigit | kLetter); }
constexpr bool is_hex(char c) { return is(c, kDigit | kHexLetter); }

class Scanner {
 public:
  Scanner(std::string_view text, std::string& out) : text_(text), out_(out) { out_.clear(); }

  void run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_alnum(c)) {
        word();
      } else if (c == '/' && opens() && path()) {
      } else if ((c == '"' || c == '\'') && opens() && quoted(c)) {
      } else if ((c == '-' || c == '+') && (opens() || text_[at_ - 1] == '_') && is(peek(1), kDigit)) {
        ++at_;  // a sign belongs to its number
      } else {
        out_.push_back(c);
        ++at_;
      }
    }
  }

 private:
  char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  // At the beginning of a value: after nothing, a blank or a mark that introduces one.
  bool opens() const {
    if (at_ == 0) return true;
    const char before = text_[at_ - 1];
    return is(before, kSpace) || before == '=' || before == ':' || before == '(' || before == '[' ||
           before == '{' || before == ',' || before == '"' || before == '\'' || before == '<' ||
           before == '|';
  }
  void put(std::string_view placeholder, std::size_t length) {
    out_.append(placeholder);
    at_ += length;
  }
  std::size_t run_of(std::size_t from, int classes) const {
    std::size_t end = from;
    while (end < text_.size() && is(text_[end], classes)) ++end;
    return end - from;
  }

  bool path() {
    const std::size_t length = run_of(at_, kDigit | kLetter | kPathMark);
    if (length < 2) return false;
    // "/10.0.0.1:80" is how Java prints an address.
    if (is(peek(1), kDigit)) {
      ++at_;
      if (const std::size_t ip = ip_length(); ip > 0) {
        out_.push_back('/');
        put("<ip>", ip);
        return true;
      }
      --at_;
    }
    std::size_t used = length;
    while (used > 2 && text_[at_ + used - 1] == '.') --used;  // the full stop of the sentence
    put("<path>", used);
    return true;
  }

  // A quoted word is a value; a quoted sentence keeps its words.
  bool quoted(char quote) {
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos || end - at_ > 80) return false;
    const auto inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside.empty() || inside.find(' ') != std::string_view::npos) return false;
    if (end + 1 < text_.size() && is_alnum(text_[end + 1])) return false;
    put("<str>", end + 1 - at_);
    return true;
  }

  std::size_t ip_length() const {
    std::size_t i = at_;
    for (int part = 0; part < 4; ++part) {
      const std::size_t digits = run_of(i, kDigit);
      if (digits == 0 || digits > 3) return 0;
      i += digits;
      if (part < 3) {
        if (i >= text_.size() || text_[i] != '.') return 0;
        ++i;
      }
    }
    if (i + 1 < text_.size() && text_[i] == ':' && is(text_[i + 1], kDigit)) i += 1 + run_of(i + 1, kDigit);
    if (i < text_.size() &&
        (is(text_[i], kLetter) || (text_[i] == '.' && i + 1 < text_.size() && is(text_[i + 1], kDigit))))
      return 0;
    return i - at_;
  }

  std::size_t uuid_length() const {
    constexpr std::array<std::size_t, 5> kGroups = {8, 4, 4, 4, 12};
    std::size_t i = at_;
    for (std::size_t g = 0; g < kGroups.size(); ++g) {
      for (std::size_t k = 0; k < kGroups[g]; ++k, ++i)
        if (i >= text_.size() || !is_hex(text_[i])) return 0;
      if (g + 1 < kGroups.size()) {
        if (i >= text_.size() || text_[i] != '-') return 0;
        ++i;
      }
    }
    return i < text_.size() && is_alnum(text_[i]) ? 0 : i - at_;
  }

  // Dates and times of day: digit groups joined by the same marks, "2026-02-20T19:20:27,123Z", "19:20:27.5".
  std::size_t time_length() const {
    std::size_t i = at_;
    int groups = 0;
    int colons = 0;
    int dashes = 0;
    while (i < text_.size() && is(text_[i], kDigit)) {
      const std::size_t digits = run_of(i, kDigit);
      if (digits > 9) return 0;
      i += digits;
      ++groups;
      if (i + 1 >= text_.size()) break;
      const char mark = text_[i];
      const bool digit_next = is(text_[i + 1], kDigit);
      if (mark == ':' && digit_next) {
        ++colons;
      } else if ((mark == '-' || mark == '/') && digit_next && colons == 0) {
        ++dashes;
      } else if ((mark == 'T' || mark == ' ') && digit_next && dashes == 2 && groups == 3 &&
                 time_follows(i + 1)) {
      } else if ((mark == '.' || mark == ',') && digit_next && colons == 2) {
      } else if ((mark == '+' || mark == '-') && digit_next && colons >= 2) {
      } else {
        break;
      }
      ++i;
    }
    if (!(colons >= 2 || dashes == 2)) return 0;
    if (i < text_.size() && text_[i] == 'Z') ++i;
    return i < text_.size() && is_alnum(text_[i]) ? 0 : i - at_;
  }
  bool time_follows(std::size_t i) const {
    const std::size_t digits = run_of(i, kDigit);
    return digits == 2 && i + 2 < text_.size() && text_[i + 2] == ':';
  }

  void word() {
    // Inside a word ("v2", "blk_12") only digits are looked at.
    const bool begins = at_ == 0 || !is_alnum(text_[at_ - 1]);
    if (begins && is_hex(text_[at_]))
      if (const std::size_t n = uuid_length(); n > 0) return put("<uuid>", n);
    if (is(text_[at_], kDigit)) return number();

    const std::size_t length = run_of(at_, kDigit | kLetter);
    if (const std::size_t n = url_or_email_length(length); n > 0) return;
    bool all_hex = true;
    bool digits = false;
    for (std::size_t k = 0; k < length; ++k) {
      all_hex = all_hex && is_hex(text_[at_ + k]);
      digits = digits || is(text_[at_ + k], kDigit);
    }
    if (!digits) {
      out_.append(text_.substr(at_, length));
      at_ += length;
    } else if (all_hex && length >= 6) {
      put("<hex>", length);
    } else if (length >= 16) {
      put("<id>", length);  // letters and digits at this length are nobody's word
    } else {
      letters_with_digits(length);
    }
  }

  void letters_with_digits(std::size_t length) {
    const std::size_t end = at_ + length;
    while (at_ < end) {
      const std::size_t digits = run_of(at_, kDigit);
      if (digits > 0) {
        put("<num>", digits);
      } else {
        out_.push_back(text_[at_++]);
      }
    }
  }

  // Writes the placeholder itself; returns 0 when the word begins neither.
  std::size_t url_or_email_length(std::size_t word) {
    std::size_t i = at_ + word;
    if (text_.substr(i, 3) == "://") {
      while (i < text_.size() && !is(text_[i], kSpace) && text_[i] != '"' && text_[i] != '\'' &&
             text_[i] != ')' && text_[i] != ']' && text_[i] != ',' && text_[i] != '>')
        ++i;
      const std::size_t length = i - at_;
      put("<url>", length);
      return length;
    }
    i = at_;
    while (i < text_.size() &&
           (is_alnum(text_[i]) || text_[i] == '.' || text_[i] == '_' || text_[i] == '-' || text_[i] == '+'))
      ++i;
    if (i >= text_.size() || text_[i] != '@') return 0;
    bool dot = false;
    std::size_t end = i + 1;
    while (end < text_.size() && (is_alnum(text_[end]) || text_[end] == '.' || text_[end] == '-')) {
      dot = dot || (text_[end] == '.' && end + 1 < text_.size() && is_alnum(text_[end + 1]));
      ++end;
    }
    if (!dot) return 0;
    while (text_[end - 1] == '.' || text_[end - 1] == '-') --end;
    const std::size_t length = end - at_;
    put("<email>", length);
    return length;
  }

  void number() {
    if (text_[at_] == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hex(peek(2))) {
      std::size_t i = at_ + 2;
      while (i < text_.size() && is_hex(text_[i])) ++i;
      return put("<hex>", i - at_);
    }
    if (const std::size_t n = ip_length(); n > 0) return put("<ip>", n);
    if (const std::size_t n = time_length(); n > 0) return put("<time>", n);
    std::size_t i = at_ + run_of(at_, kDigit);
    // A word that begins with a digit: "5c66d57d", "3com".
    const std::size_t word = run_of(at_, kDigit | kLetter);
    const std::size_t digits = i - at_;
    if (word > digits) {
      const std::size_t letters = word - digits;
      if (letters <= 2 && is_unit(text_.substr(i, letters))) return put("<dur>", word);
      bool all_hex = true;
      for (std::size_t k = 0; k < word; ++k) all_hex = all_hex && is_hex(text_[at_ + k]);
      if (all_hex && word >= 6) return put("<hex>", word);
      if (word >= 16) return put("<id>", word);
      return letters_with_digits(word);
    }
    // Decimals, thousands, versions: digit groups joined by dots or commas are one number.
    while (i + 1 < text_.size() && (text_[i] == '.' || text_[i] == ',') && is(text_[i + 1], kDigit))
      i += 1 + run_of(i + 1, kDigit);
    const std::size_t letters = run_of(i, kLetter);
    if (letters > 0 && letters <= 2 && is_unit(text_.substr(i, letters)))
      return put("<dur>", i + letters - at_);
    put("<num>", i - at_);
  }

  static bool is_unit(std::string_view u) {
    return u == "ms" || u == "us" || u == "ns" || u == "s" || u == "m" || u == "h" || u == "d";
  }

  std::string_view text_;
  std::string& out_;
  std::size_t at_ = 0;
};

}  // namespace

void mask(std::string_view message, std::string& into) { Scanner(message, into).run(); }

std::string mask(std::string_view message) {
  std::string masked;
  mask(message, masked);
  return masked;
}

}  // namespace sentinel::correlate
