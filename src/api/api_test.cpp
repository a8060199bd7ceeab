#include "api/api.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "api/openapi.hpp"
#include "state/memory/memory_state.hpp"
#include "telemetry/memory/memory_telemetry.hpp"

namespace sentinel::api {
namespace {

std::set<std::string> routes_of_document() {
  std::set<std::string> routes;
  const auto document = nlohmann::json::parse(openapi_json());
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      std::string upper;
      for (const char c : method) upper += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
      routes.insert(upper + " " + path);
    }
  }
  return routes;
}

class ApiTest : public testing::Test {
 protected:
  NullLogger quiet_;
  Log log_{quiet_, "test"};
  ManualClock clock_{time_from_micros(1'771'614'000'000'000)};
  PrometheusMetrics metrics_;
  telemetry::MemoryTelemetry telemetry_;
  state::MemoryState state_;
  engine::Engine engine_{{telemetry_, state_, log_, metrics_}, {}};
  net::Server server_{{}, log_, metrics_};
  Api api_{{telemetry_, state_, engine_, metrics_, clock_, log_}, {}};
};

TEST_F(ApiTest, EveryRouteIsInTheDocumentAndEveryPathOfTheDocumentIsServed) {
  api_.register_routes(server_);
  std::set<std::string> served(api_.routes().begin(), api_.routes().end());
  EXPECT_EQ(served.size(), api_.routes().size()) << "a route is registered twice";
  served.insert("POST /slack/interactive");  // app serves it: it is Slack's, not the API's
  EXPECT_EQ(served, routes_of_document());
}

TEST(Document, EveryReferenceLeadsSomewhere) {
  const auto document = nlohmann::json::parse(openapi_json());
  int seen = 0;
  const std::function<void(const nlohmann::json&)> walk = [&](const nlohmann::json& node) {
    if (node.is_object()) {
      for (const auto& [key, value] : node.items()) {
        if (key == "$ref" && value.is_string()) {
          ++seen;
          const nlohmann::json::json_pointer pointer(value.get<std::string>().substr(1));
          EXPECT_TRUE(document.contains(pointer)) << value;
        }
        walk(value);
      }
    } else if (node.is_array()) {
      for (const auto& item : node) walk(item);
    }
  };
  walk(document);
  EXPECT_GT(seen, 100);
}

TEST(Document, OperationsHaveNamesOfTheirOwnAndAProblemAsDefault) {
  const auto document = nlohmann::json::parse(openapi_json());
  std::set<std::string> names;
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      EXPECT_TRUE(names.insert(operation.at("operationId").get<std::string>()).second) << path;
      EXPECT_TRUE(operation.at("responses").contains("default")) << method << " " << path;
    }
  }
}

}  // namespace
}  // namespace sentinel::api
