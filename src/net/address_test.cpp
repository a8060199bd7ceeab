#include "net/address.hpp"

#include <gtest/gtest.h>

namespace sentinel::net {
namespace {

TEST(InNetwork, Table) {
  struct Case {
    const char* address;
    const char* network;
    bool in;
  };
  const Case cases[] = {
      {"10.1.2.3", "10.1.2.3", true},
      {"10.1.2.3", "10.1.2.4", false},
      {"10.1.2.3", "10.0.0.0/8", true},
      {"11.1.2.3", "10.0.0.0/8", false},
      {"10.1.2.3", "0.0.0.0/0", true},
      {"192.168.1.200", "192.168.1.128/25", true},
      {"192.168.1.100", "192.168.1.128/25", false},
      {"::1", "::1", true},
      {"fd12::5", "fd00::/8", true},
      {"fe80::5", "fd00::/8", false},
      {"::ffff:10.1.2.3", "10.0.0.0/8", true},
      {"10.1.2.3", "10.0.0.0/33", false},
      {"10.1.2.3", "", false},
      {"", "10.0.0.0/8", false},
      {"nonsense", "0.0.0.0/0", false},
      {"10.1.2.3", "10.0.0.0/x", false},
  };
  for (const auto& test : cases)
    EXPECT_EQ(in_network(test.address, test.network), test.in) << test.address << " in " << test.network;
}

TEST(IsNetwork, RefusesWhatIsNone) {
  EXPECT_TRUE(is_network("10.0.0.0/8"));
  EXPECT_TRUE(is_network("::1"));
  for (const char* text : {"", "10.0.0", "10.0.0.0/", "10.0.0.0/-1", "proxy.internal", "10.0.0.0/8 "})
    EXPECT_FALSE(is_network(text)) << text;
}

}  // namespace
}  // namespace sentinel::net
