#include "analyze/redact.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/rng.hpp"
#include "base/text.hpp"

namespace sentinel::analyze {
namespace {

RedactionRules rules() {
  return {.key = "key of the tests",
          .patterns = {R"(EMP-\d{5})"},
          .user_id_fields = {"user_id", "uid", "user.id", "customer_id", "username"}};
}
Redactor redactor() { return std::move(*Redactor::make(rules())); }

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream file("tests/data/redaction/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('#')) lines.push_back(line);
  }
  return lines;
}

// "{B36}" becomes 36 random letters and digits; see the head of sensitive.txt.
std::string with_random(const std::string& text, Rng& rng) {
  const std::string digits = "0123456789";
  const std::string upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string lower = "abcdefghijklmnopqrstuvwxyz";
  const std::map<char, std::string> sets = {{'U', upper + digits},
                                            {'B', upper + lower + digits},
                                            {'W', upper + lower + digits + "-_"},
                                            {'H', "0123456789abcdef"},
                                            {'D', digits}};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto close = text.find('}', i);
    if (text[i] == '{' && i + 2 < text.size() && sets.contains(text[i + 1]) && close != std::string::npos &&
        close - i <= 4 && text[i + 2] >= '0' && text[i + 2] <= '9') {
      const auto& set = sets.at(text[i + 1]);
      // Ends in a digit and a capital, so that no draw is by chance an ordinary word.
      for (int n = std::stoi(text.substr(i + 2, close - i - 2)); n > 0; --n)
        out += n == 1
                   ? set.back()
                   : set[static_cast<std::size_t>(rng.integer(0, static_cast<std::int64_t>(set.size()) - 1))];
      i = close;
    } else {
      out += text[i];
    }
  }
  return out;
}

constexpr std::string_view kOpen = "\xE2\x9F\xA6";
constexpr std::string_view kClose = "\xE2\x9F\xA7";

TEST(Redactor, NothingOfTheCorpusStaysReadable) {
  const auto lines = lines_of("sensitive.txt");
  ASSERT_GE(lines.size(), 300U);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Rng rng(seed);
    for (const auto& marked : lines) {
      std::string line = with_random(marked, rng);
      std::vector<std::string> secrets;
      for (auto open = line.find(kOpen); open != std::string::npos; open = line.find(kOpen)) {
        const auto close = line.find(kClose, open);
        ASSERT_NE(close, std::string::npos) << marked;
        secrets.push_back(line.substr(open + kOpen.size(), close - open - kOpen.size()));
        line = line.substr(0, open) + secrets.back() + line.substr(close + kClose.size());
      }
      ASSERT_FALSE(secrets.empty()) << marked;
      const std::string redacted = redactor().redact(line);
      for (const auto& secret : secrets) {
        // Placeholders hold hex digits of their own: short values are looked for outside of them.
        std::string outside;
        for (std::size_t i = 0; i < redacted.size(); ++i) {
          if (redacted[i] == '[' && redacted.find(']', i) != std::string::npos &&
              redacted.substr(i, redacted.find(']', i) - i).find('-') != std::string::npos)
            i = redacted.find(']', i);
          else
            outside += redacted[i];
        }
        EXPECT_EQ(outside.find(secret), std::string::npos) << line << "\n -> " << redacted;
        // Nor does a part of it.
        if (secret.size() >= 12) {
          EXPECT_EQ(outside.find(secret.substr(secret.size() - 8)), std::string::npos)
              << line << "\n -> " << redacted;
        }
      }
    }
  }
}

TEST(Redactor, OrdinaryLinesStayAsTheyAre) {
  const auto lines = lines_of("ordinary.txt");
  ASSERT_GE(lines.size(), 300U);
  std::string changed;
  std::size_t count = 0;
  for (const auto& line : lines) {
    const std::string redacted = redactor().redact(line);
    if (redacted == line) continue;
    ++count;
    changed += "\n" + line + "\n -> " + redacted;
  }
  EXPECT_LT(count * 100, lines.size()) << changed;
}

TEST(Redactor, TheSameValueHasTheSamePlaceholderEverywhere) {
  auto first = redactor();
  auto second = redactor();
  const std::string line = "mail to ada@example.com";
  EXPECT_EQ(first.redact(line), second.redact(line));
  EXPECT_EQ(first.redact("x ada@example.com"), "x " + second.redact("ada@example.com"));
}

TEST(Redactor, AnotherKeyGivesOtherPlaceholders) {
  auto other_rules = rules();
  other_rules.key = "another";
  auto other = std::move(*Redactor::make(other_rules));
  EXPECT_NE(redactor().redact("ada@example.com"), other.redact("ada@example.com"));
}

TEST(Redactor, PersonalDataComeBackCredentialsDoNot) {
  auto r = redactor();
  const std::string sent = r.redact("ada@example.com from 10.1.2.3 with password=hunter2");
  EXPECT_EQ(sent.find("ada"), std::string::npos);
  const std::string shown = r.restore(sent);
  EXPECT_NE(shown.find("ada@example.com from 10.1.2.3"), std::string::npos);
  EXPECT_EQ(shown.find("hunter2"), std::string::npos);
}

TEST(Redactor, APlaceholderThatNobodyGaveStays) {
  EXPECT_EQ(redactor().restore("[email-000000] and [x"), "[email-000000] and [x");
}

TEST(Redactor, NamesAreReplacedAsWholeWordsLongestFirst) {
  auto r = redactor();
  r.add_name("pay", "service");
  r.add_name("pay-db", "service");
  const std::string sent = r.redact("pay-db and PAY, not payment or x-pay");
  EXPECT_EQ(sent.find("pay-db"), std::string::npos);
  EXPECT_EQ(sent.find("PAY"), std::string::npos);
  EXPECT_NE(sent.find("payment"), std::string::npos);
  EXPECT_NE(sent.find("x-pay"), std::string::npos);
}

TEST(Redactor, ABadPatternIsNamed) {
  const auto made = Redactor::make({.patterns = {"(["}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(made.error().message.find("(["), std::string::npos);
}

TEST(Redactor, TakesAnyBytes) {
  auto r = redactor();
  for (const std::string& text :
       {std::string(), std::string("\0\xFF@\x80:", 5), std::string("://"), std::string("@"),
        std::string("password="), std::string("-----BEGIN PRIVATE KEY"), std::string(5000, ':'),
        std::string(5000, '9')})
    (void)r.redact(text);
}

}  // namespace
}  // namespace sentinel::analyze
