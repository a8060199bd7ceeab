#include "correlate/name_finder.hpp"

#include <gtest/gtest.h>

namespace sentinel::correlate {
namespace {

TEST(NameFinder, FindsWholeNamesOnly) {
  const std::vector<std::string> names = {"order", "order-service", "payment", "db", "AWS::Lambda", "cart"};
  const NameFinder finder(names);
  const std::pair<const char*, std::vector<std::size_t>> rows[] = {
      {"timeout calling payment", {2}},
      {"timeout calling Payment:8080/pay", {2}},
      {"order-service said no", {1}},
      {"reorder the list", {}},
      {"order, payment.", {0, 2}},
      {"http://cart.prod.svc.cluster.local:80/x", {5}},
      {"db is too short a name", {}},
      {"AWS::Lambda throttled", {4}},
      {"AWS::Lambdas throttled", {}},
      {"payment payment", {2}},
      {"", {}},
  };
  for (const auto& [message, found] : rows) EXPECT_EQ(finder.find(message), found) << message;
}

}  // namespace
}  // namespace sentinel::correlate
