#include "app/simulate/simulation.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

namespace sentinel::app {
namespace {

const Time kStart = *parse_rfc3339("2026-03-01T12:00:00Z");

std::vector<nlohmann::json> documents(Story story, Duration length = minutes(65), std::uint64_t seed = 1) {
  Simulation simulation({.story = story, .seed = seed, .start = kStart});
  std::vector<nlohmann::json> all;
  for (const auto& document : simulation.until(kStart + length))
    all.push_back(nlohmann::json::parse(document.json));
  return all;
}

int errors(const std::vector<nlohmann::json>& all, const std::string& service, Time from, Time to) {
  int count = 0;
  for (const auto& d : all) {
    const Time at = *parse_rfc3339(d["@timestamp"].get<std::string>());
    count += d["service.name"] == service && d["level"] == "error" && at >= from && at < to ? 1 : 0;
  }
  return count;
}

TEST(Simulation, SameSeedSameBytes) {
  for (const auto& scenario : scenarios()) {
    Simulation a({.story = scenario.story, .seed = 7, .start = kStart});
    Simulation b({.story = scenario.story, .seed = 7, .start = kStart});
    const auto first = a.until(kStart + minutes(70));
    const auto second = b.until(kStart + minutes(70));
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i) ASSERT_EQ(first[i].json, second[i].json) << scenario.name;
  }
}

TEST(Simulation, PiecesAreTheSameAsOneCall) {
  Simulation whole({.seed = 3, .start = kStart});
  Simulation pieces({.seed = 3, .start = kStart});
  const auto all = whole.until(kStart + minutes(10));
  std::vector<Simulation::Document> parts;
  for (int i = 1; i <= 600; ++i) {
    for (auto& document : pieces.until(kStart + seconds(i))) parts.push_back(std::move(document));
  }
  ASSERT_EQ(parts.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(parts[i].json, all[i].json);
}

TEST(Simulation, DocumentsComeInTheOrderOfTime) {
  const auto all = documents(Story::kPoolExhaustion);
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_LE(*parse_rfc3339(all[i - 1]["@timestamp"].get<std::string>()),
              *parse_rfc3339(all[i]["@timestamp"].get<std::string>()));
  }
}

TEST(Simulation, ParentsContainTheirChildren) {
  std::map<std::string, std::pair<Time, Time>> spans;
  const auto all = documents(Story::kHealthy, minutes(10));
  for (const auto& d : all) {
    if (!d.contains("span.id")) continue;
    const Time end = *parse_rfc3339(d["@timestamp"].get<std::string>());
    spans[d["span.id"].get<std::string>()] = {
        end - Duration(static_cast<std::int64_t>(d["duration_ms"].get<double>() * 1000)), end};
  }
  int children = 0;
  for (const auto& d : all) {
    if (!d.contains("parent.id")) continue;
    const auto parent = spans.find(d["parent.id"].get<std::string>());
    if (parent == spans.end()) continue;  // ends after the stretch
    const auto& child = spans.at(d["span.id"].get<std::string>());
    EXPECT_GE(child.first + Duration(20), parent->second.first);
    EXPECT_LE(child.second, parent->second.second);
    ++children;
  }
  EXPECT_GT(children, 300);
}

TEST(Simulation, OrdinaryTrafficIsThatOfTheOriginal) {
  const auto all = documents(Story::kHealthy, minutes(60));
  std::map<std::string, int> requests;
  for (const auto& d : all) requests[d["service.name"].get<std::string>()] += d.contains("span.id") ? 1 : 0;
  ASSERT_EQ(requests.size(), 5U);
  for (const auto& [service, count] : requests) {
    EXPECT_GE(count / 12.0, 40) << service;
    EXPECT_LE(count / 12.0, 85) << service;
  }
}

TEST(Simulation, EachStoryDoesWhatItsSentenceSays) {
  const Time story = kStart + minutes(60);
  const Time end = kStart + minutes(66);
  struct Row {
    Story story;
    const char* service;
    int least;
    int most;
  };
  const Row rows[] = {
      {Story::kPoolExhaustion, "payment-service", 25, 80}, {Story::kPoolExhaustion, "order-service", 20, 80},
      {Story::kPoolExhaustion, "gateway", 20, 80},         {Story::kBadDeploy, "order-service", 15, 50},
      {Story::kBadDeploy, "payment-service", 0, 6},        {Story::kSilent, "gateway", 40, 110},
      {Story::kSlowDependency, "inventory-service", 0, 6}, {Story::kHealthy, "gateway", 0, 12}};
  for (const Row& row : rows) {
    const int count = errors(documents(row.story, minutes(66)), row.service, story, end);
    EXPECT_GE(count, row.least) << row.service;
    EXPECT_LE(count, row.most) << row.service;
  }
}

TEST(Simulation, ASilentServiceWritesNothing) {
  for (const auto& d : documents(Story::kSilent, minutes(66))) {
    if (d["service.name"] != "auth-service") continue;
    EXPECT_LT(*parse_rfc3339(d["@timestamp"].get<std::string>()), kStart + minutes(60) + seconds(30));
  }
}

}  // namespace
}  // namespace sentinel::app
