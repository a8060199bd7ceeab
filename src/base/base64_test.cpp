#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

TEST(Base64, IsThatOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, EveryByteComesBack) {
  std::string bytes;
  for (int b = 0; b < 256; ++b) bytes += static_cast<char>(b);
  EXPECT_EQ(from_base64(base64(bytes)).bytes, bytes);
}

TEST(Base64, DecodingEndsBeforeWhatIsNoneOfIt) {
  const auto padded = from_base64("Zg==");
  EXPECT_EQ(padded.bytes, "f");
  EXPECT_EQ(padded.read, 2U);
}

TEST(Base64, TheUrlAlphabetIsTakenOnlyWhenAskedFor) {
  EXPECT_EQ(from_base64("-_-_").read, 0U);
  EXPECT_EQ(from_base64("-_-_", Base64Alphabet::kStandardOrUrl).bytes, from_base64("+/+/").bytes);
}

}  // namespace
}  // namespace sentinel
