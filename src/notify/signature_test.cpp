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

}  // namespace
}  // namespace sentinel::notify
