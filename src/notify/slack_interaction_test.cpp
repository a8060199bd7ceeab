#include "notify/slack_interaction.hpp"

#include <gtest/gtest.h>

namespace sentinel::notify {
namespace {

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

TEST(SlackEnvelope, OfAButtonHasThePressAndTheIdToAcknowledge) {
  const auto envelope = read_slack_envelope(
      R"({"envelope_id":"e-1","type":"interactive","accepts_response_payload":false,"payload":
          {"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"silence","value":"INC-1"}]}})");
  ASSERT_TRUE(envelope) << envelope.error().text();
  EXPECT_EQ(slack_acknowledgement(envelope->id), R"({"envelope_id":"e-1"})");
  ASSERT_TRUE(envelope->press);
  EXPECT_EQ(envelope->press->action, "silence");
  EXPECT_EQ(envelope->press->user, "U1");
}

TEST(SlackEnvelope, OfOtherThingsHasNoPress) {
  const auto left = read_slack_envelope(R"({"type":"disconnect","reason":"refresh_requested"})");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->reason, "refresh_requested");
  EXPECT_TRUE(left->id.empty());
  const auto event = read_slack_envelope(R"({"type":"events_api","envelope_id":"e","payload":{}})");
  ASSERT_TRUE(event);
  EXPECT_FALSE(event->press);
  for (const char* text : {"", "[]", "{}", "{\"type\":1}", "nonsense"})
    EXPECT_FALSE(read_slack_envelope(text));
}

}  // namespace
}  // namespace sentinel::notify
