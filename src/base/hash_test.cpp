#include "base/hash.hpp"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

TEST(Sha256, MatchesThePublishedVector) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hex, IsPaddedToItsDigits) { EXPECT_EQ(hex(255, 4), "00ff"); }

}  // namespace
}  // namespace sentinel
