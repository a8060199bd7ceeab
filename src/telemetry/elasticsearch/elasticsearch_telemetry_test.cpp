#include "telemetry/elasticsearch/elasticsearch_telemetry.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");

// A cluster with one service that has a document in each minute, and remembers the questions about slices.
class FakeCluster final : public net::Transport {
 public:
  Result<net::ClientResponse> send(const net::ClientRequest& request, std::stop_token) override {
    if (request.url.ends_with("9200/"))
      return answer({{"cluster_name", "c"}, {"version", {{"number", "8.19.0"}}}});
    if (request.url.find("_field_caps") != std::string::npos) {
      return answer({{"indices", {"logs"}},
                     {"fields",
                      {{"@timestamp", {{"date", json::object()}}},
                       {"service.name", {{"keyword", json::object()}}},
                       {"level", {{"keyword", json::object()}}},
                       {"duration_ms", {{"float", json::object()}}}}}});
    }
    const json body = json::parse(request.body);
    json rows = json::array();
    if (body.contains("filter")) {
      if (slow) return fail(ErrorKind::kTimeout, "timed out");
      const json::json_pointer first("/filter/bool/filter/0");
      const json& filter = body.contains(first) ? body[first] : body["filter"];
      const json& range = filter["range"]["@timestamp"];
      const Time from = *parse_rfc3339(range["gte"].get<std::string>());
      const auto minutes_asked = (*parse_rfc3339(range["lt"].get<std::string>()) - from) / minutes(1);
      asked.push_back(static_cast<int>(minutes_asked));
      for (std::int64_t i = 0; i < minutes_asked; ++i) rows.push_back({i, "pay", 1, 0, nullptr});
    }
    return answer({{"is_partial", false},
                   {"columns",
                    {{{"name", "slice"}},
                     {{"name", "service"}},
                     {{"name", "docs"}},
                     {{"name", "errors"}},
                     {{"name", "bins"}}}},
                   {"values", rows}});
  }
  bool slow = false;
  std::vector<int> asked;  // how many minutes each question was about

 private:
  static Result<net::ClientResponse> answer(const json& body) {
    return net::ClientResponse{200, {}, body.dump()};
  }
};

class Backlog : public testing::Test {
 protected:
  static ElasticsearchOptions options() {
    ElasticsearchOptions options;
    options.connection.hosts = {"http://es:9200"};
    options.log_index = "logs";
    return options;
  }
  FakeCluster cluster_;
  NullLogger logger_;
  ElasticsearchTelemetry store_{
      cluster_, options(), {[] { return kNoon; }, [](Duration) { return false; }}, Log(logger_, "test")};
};

TEST_F(Backlog, ComesInStretchesThatGrowWhileAnswersAreShort) {
  const auto slices = store_.slices({kNoon - hours(2), kNoon}, minutes(1));
  ASSERT_TRUE(slices) << slices.error().text();
  EXPECT_EQ(slices->size(), 120U);
  EXPECT_EQ(slices->front().start, kNoon - hours(2));
  EXPECT_EQ(slices->back().start, kNoon - minutes(1));
  EXPECT_EQ(cluster_.asked, (std::vector<int>{16, 64, 40}));
}

TEST_F(Backlog, IsAskedByHalvesAfterATimeOut) {
  cluster_.slow = true;
  EXPECT_FALSE(store_.slices({kNoon - hours(2), kNoon}, minutes(1)));
  cluster_.slow = false;
  store_.connection().forgive();
  ASSERT_TRUE(store_.slices({kNoon - hours(2), kNoon}, minutes(1)));
  EXPECT_EQ(cluster_.asked.front(), 8);
}

TEST_F(Backlog, ATickIsOneQuestion) {
  ASSERT_TRUE(store_.slices({kNoon - minutes(3), kNoon}, minutes(1)));
  ASSERT_TRUE(store_.slices({kNoon - minutes(3), kNoon}, minutes(1)));
  EXPECT_EQ(cluster_.asked, (std::vector<int>{3, 3}));
}

TEST_F(Backlog, ThreeLateServicesCostAsManyQuestionsAsOne) {
  const model::TimeRange late{kNoon - minutes(20), kNoon};
  ASSERT_TRUE(store_.service_slices({"pay"}, late, minutes(1)));
  const auto of_one = std::exchange(cluster_.asked, {});
  ASSERT_TRUE(store_.service_slices({"pay"}, late, minutes(1)));
  EXPECT_EQ(cluster_.asked, std::vector<int>{20}) << "one, once it is known how quick the cluster is";
  cluster_.asked.clear();
  ElasticsearchTelemetry fresh(cluster_, options(), {[] { return kNoon; }, [](Duration) { return false; }},
                               Log(logger_, "test"));
  ASSERT_TRUE(fresh.service_slices({"pay", "order", "cart"}, late, minutes(1)));
  EXPECT_EQ(cluster_.asked, of_one);
}

TEST_F(Backlog, ServicesThatAreAskedAloneDoNotShortenTheStretchesOfAll) {
  ASSERT_TRUE(store_.service_slices({"pay"}, {kNoon - hours(2), kNoon}, minutes(1)));
  cluster_.asked.clear();
  ASSERT_TRUE(store_.slices({kNoon - hours(2), kNoon}, minutes(1)));
  EXPECT_EQ(cluster_.asked.front(), 16);
}

}  // namespace
}  // namespace sentinel::telemetry
