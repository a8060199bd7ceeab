#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/config.hpp"

namespace sentinel::app {
namespace {

std::string value_of(std::string_view line) {
  const auto values = parse_dotenv(line);
  return values && values->contains("A") ? values->at("A") : "<none>";
}

TEST(Dotenv, AValueIsWhatAShellWouldSet) {
  struct Row {
    const char* about;
    const char* line;
    const char* value;
  };
  const Row rows[] = {
      {"nothing", "A=", ""},
      {"only a comment", "A= # later", ""},
      {"a hash inside a word", "A=x#y", "x#y"},
      {"a hash at the front", "A=#x", "#x"},
      {"a comment behind a tab", "A=x\t# why", "x"},
      {"an equals sign in the value", "A=eA==", "eA=="},
      {"the line ends of another system", "A=x\r", "x"},
      {"a tab behind export", "export\tA=x", "x"},
      {"the mark some editors put first",
       "\xEF\xBB\xBF"
       "A=x",
       "x"},
      {"escapes in double quotes", R"(A="say \"hi\" \\ \n.")", "say \"hi\" \\ \n."},
      {"single quotes keep all", R"(A='a\nb"c')", R"(a\nb"c)"},
      {"a comment behind the quotes", R"(A="x y" # why)", "x y"},
      {"the last line wins", "A=1\nA=2", "2"},
  };
  for (const Row& row : rows) EXPECT_EQ(value_of(row.line), row.value) << row.about;
}

TEST(Dotenv, WhatIsBrokenIsNamedByItsLineAndNeverShown) {
  struct Row {
    const char* about;
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {"no equals sign", "A=1\nhunter2", "line 2: must be NAME=value"},
      {"no name", "=hunter2", "line 1: must be NAME=value"},
      {"a blank in the name", "A B=hunter2", "line 1: must be NAME=value"},
      {"an open quote", "A=\"hunter2", "line 1: the quote is not closed"},
      {"an escaped last quote", R"(A="hunter2\")", "line 1: the quote is not closed"},
      {"text behind the quote", "A='x'hunter2", "line 1: text after the closing quote"},
  };
  for (const Row& row : rows) {
    const auto values = parse_dotenv(row.text);
    ASSERT_FALSE(values) << row.about;
    EXPECT_EQ(values.error().text(), row.error) << row.about;
  }
}

class EnvironmentFile : public ::testing::Test {
 protected:
  EnvironmentFile()
      : folder_(std::filesystem::temp_directory_path() / ("sentinel-env-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~EnvironmentFile() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& text) {
    std::ofstream(folder_ / ".env") << text;
    return (folder_ / ".env").string();
  }
  std::filesystem::path folder_;
};

TEST_F(EnvironmentFile, TheProcessWinsOverTheFile) {
  ::setenv("SENTINEL_TEST_VARIABLE", "process", 1);
  const auto environment = load_environment(write("SENTINEL_TEST_VARIABLE=file\nSENTINEL_TEST_OTHER=file\n"));
  ::unsetenv("SENTINEL_TEST_VARIABLE");
  ASSERT_TRUE(environment);
  EXPECT_EQ(environment->get("SENTINEL_TEST_VARIABLE"), "process");
  EXPECT_EQ(environment->get("SENTINEL_TEST_OTHER"), "file");
}

TEST_F(EnvironmentFile, AMissingFileIsFine) { EXPECT_TRUE(load_environment((folder_ / "none").string())); }

TEST_F(EnvironmentFile, AFolderInItsPlaceIsAnError) {
  const auto environment = load_environment(folder_.string());
  ASSERT_FALSE(environment);
  EXPECT_EQ(environment.error().text(), folder_.string() + ": cannot be read: Is a directory");
}

TEST_F(EnvironmentFile, AConfigThatIsAFolderIsAnErrorEvenWhenOptional) {
  for (const bool optional : {false, true}) {
    const auto config = load_config(folder_.string(), optional, {});
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().kind, ErrorKind::kInvalid);
    EXPECT_EQ(config.error().text(), folder_.string() + ": cannot be read: Is a directory");
  }
}

TEST_F(EnvironmentFile, AMissingConfigIsAnErrorUnlessOptional) {
  const std::string path = (folder_ / "config.yaml").string();
  EXPECT_TRUE(load_config(path, true, {}));
  const auto config = load_config(path, false, {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().text(), path + ": cannot be read: No such file or directory; is the path right?");
}

TEST_F(EnvironmentFile, AFloodOfProblemsIsCut) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "zzzzzzzz" + std::to_string(i) + ": 1\n";
  const auto config = load_config(write(text), false, {});
  ASSERT_FALSE(config);
  EXPECT_TRUE(config.error().message.ends_with("\n... and 950 problems more")) << config.error().message;
}

}  // namespace
}  // namespace sentinel::app
