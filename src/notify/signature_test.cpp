#include "notify/signature.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"

namespace sentinel::notify {
namespace {

const Time kNow = time_from_micros(1'614'265'330'000'000);

TEST(WebhookSignature, IsThatOfThePublishedExample) {
  // The example of the Standard Webhooks specification.
  EXPECT_EQ(webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                              "1614265330", R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(SlackSignature, OnlyWhatIsSignedAndFreshIsTaken) {
  const std::string body = "payload=%7B%7D";
  const std::string good = "v0=" + hmac_sha256_hex("secret", "v0:1614265330:" + body);
  struct Row {
    const char* why;
    std::string secret;
    std::string timestamp;
    std::string signature;
    Time now;
    bool taken;
  };
  for (const Row& row :
       {Row{"as signed", "secret", "1614265330", good, kNow, true},
        Row{"another secret", "other", "1614265330", good, kNow, false},
        Row{"no secret at all", "", "1614265330", "v0=" + hmac_sha256_hex("", "v0:1614265330:" + body), kNow,
            false},
        Row{"an old one sent again", "secret", "1614265330", good, kNow + seconds(301), false},
        Row{"a time that was not signed", "secret", "1614265331", good, kNow, false},
        Row{"no time", "secret", "", good, kNow, false},
        Row{"no signature", "secret", "1614265330", "", kNow, false}}) {
    EXPECT_EQ(check_slack_signature(row.secret, row.timestamp, row.signature, body, row.now).has_value(),
              row.taken)
        << row.why;
  }
}

TEST(SlackPress, IsReadFromTheForm) {
  const auto press = read_slack_press(
      "payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%2C%22username%22%3A%"
      "22ada%22%7D"
      "%2C%22actions%22%3A%5B%7B%22action_id%22%3A%22acknowledge%22%2C%22value%22%3A%22INC-1%22%7D%5D%7D");
  ASSERT_TRUE(press) << press.error().text();
  EXPECT_EQ(press->action, "acknowledge");
  EXPECT_EQ(press->incident, "INC-1");
  EXPECT_EQ(press->user, "ada");
  EXPECT_FALSE(read_slack_press("payload=nonsense"));
  EXPECT_FALSE(read_slack_press(""));
}

}  // namespace
}  // namespace sentinel::notify
