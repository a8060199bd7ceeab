#include "app/logging.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace sentinel::app {
namespace {

const Time kAt = *parse_rfc3339("2026-02-20T19:20:27.125Z");

std::string line(LogFormat format, const std::vector<LogField>& fields, bool colour = false) {
  return format_log_line(format, colour, kAt, LogLevel::kWarning, "engine", "anomaly.detected", fields);
}

TEST(LogLine, JsonHasTheKeysOfTheOriginal) {
  EXPECT_EQ(
      line(LogFormat::kJson, {{"service", "store"}, {"z_score", 14.2}, {"events", 50}, {"late", false}}),
      R"({"timestamp":"2026-02-20T19:20:27.125Z","level":"warning","logger":"engine",)"
      R"("event":"anomaly.detected","service":"store","z_score":14.2,"events":50,"late":false})");
}

TEST(LogLine, JsonSurvivesAnyText) {
  const std::string all = [] {
    std::string text;
    for (int c = 0; c < 128; ++c) text += static_cast<char>(c);
    return text + "\xC3\xA9";
  }();
  const auto json = nlohmann::json::parse(line(LogFormat::kJson, {{"message", all}}));
  EXPECT_EQ(json["message"], all);
}

TEST(LogLine, BytesThatAreNoUtf8AreReplacedAndNumbersThatAreNoneAreNull) {
  const auto json = nlohmann::json::parse(line(LogFormat::kJson, {{"message",
                                                                   "a\xFF"
                                                                   "b"},
                                                                  {"nan", std::nan("")},
                                                                  {"inf", HUGE_VAL}}));
  EXPECT_EQ(json["message"],
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_TRUE(json["nan"].is_null());
  EXPECT_TRUE(json["inf"].is_null());
}

TEST(LogLine, TextIsOneReadableLine) {
  EXPECT_EQ(
      line(LogFormat::kText,
           {{"service", "store"}, {"z_score", 14.2}, {"why", "two\nwords\033[31m"}, {"id", ""}}),
      "19:20:27 anomaly.detected             service=store z_score=14.20 why=\"two words[31m\" id=\"\"");
}

TEST(LogLine, OnlyColouredTextHoldsEscapes) {
  EXPECT_NE(line(LogFormat::kText, {{"a", 1}}, true).find('\033'), std::string::npos);
  EXPECT_EQ(line(LogFormat::kText, {{"a", 1}}, false).find('\033'), std::string::npos);
  EXPECT_EQ(line(LogFormat::kJson, {{"a", 1}}, true).find('\033'), std::string::npos);
}

TEST(LogLevelWord, IsReadBackForEveryLevel) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError})
    EXPECT_EQ(parse_log_level(to_string(level)), level);
}

}  // namespace
}  // namespace sentinel::app
