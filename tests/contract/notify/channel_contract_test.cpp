// What every HTTP channel promises, whatever it talks to; then what each says to its other side.
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "notify/channels/channels.hpp"
#include "notify/signature.hpp"

namespace sentinel::notify {
namespace {

using nlohmann::json;

const Time kNow = *parse_rfc3339("2026-02-20T19:20:27Z");

// Answers from a script, then with `otherwise`; keeps what was asked.
class Script final : public net::Transport {
 public:
  Result<net::ClientResponse> send(const net::ClientRequest& request, std::stop_token) override {
    asked.push_back(request);
    if (answers.empty()) return otherwise;
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  json body(std::size_t n) const { return json::parse(asked.at(n).body, nullptr, false); }
  std::vector<net::ClientRequest> asked;
  std::deque<Result<net::ClientResponse>> answers;
  Result<net::ClientResponse> otherwise = net::ClientResponse{};
};

net::ClientResponse says(int status, std::string body = "", const std::string& retry_after = "") {
  net::ClientResponse answer;
  answer.status = status;
  answer.body = std::move(body);
  if (!retry_after.empty()) answer.headers.set("Retry-After", retry_after);
  return answer;
}

model::Incident incident(model::IncidentState state = model::IncidentState::kOpen) {
  model::Incident i;
  i.id = "INC-20260220192027-1a2b3c4d";
  i.title = "payment-service: 41 errors <in> 5 min & more (P1)";
  i.severity = model::Severity::kP1;
  i.state = state;
  i.created_at = i.onset = kNow;
  if (!i.is_active()) i.resolved_at = kNow + minutes(12);
  i.services = {"payment-service", "gateway"};
  i.anomalies.push_back(
      {.service = "payment-service", .metric = "error_rate", .severity = model::Severity::kP1});
  i.analysis = model::Analysis{
      .root_cause = "pool exhausted", .remediation_steps = {"raise the pool"}, .summary = "s"};
  return i;
}

model::IncidentEvent event(const char* kind) {
  return {.incident_id = "INC-1", .at = kNow, .kind = kind, .actor = "sentinelops", .text = "text"};
}

struct Subject {
  const char* name;
  std::function<std::unique_ptr<Channel>(net::Transport&)> make;
  std::string success;  // body of a good answer
};
void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }

const Subject kSubjects[] = {
    {"slack",
     [](auto& t) {
       return make_slack(t, {"xoxb-1", "C1"});
     },
     R"({"ok":true,"ts":"1.000200","channel":"C1"})"},
    {"slack_webhook",
     [](auto& t) {
       return make_slack_webhook(t, {"http://h/s", ""});
     },
     "ok"},
    {"pagerduty_events", [](auto& t) { return make_pagerduty_events(t, {"k"}); }, R"({"status":"success"})"},
    {"pagerduty_rest",
     [](auto& t) {
       return make_pagerduty_rest(t, {"k", "S1", "a@b"});
     },
     R"({"incident":{"id":"Q1"}})"},
    {"webhook",
     [](auto& t) {
       return make_webhook(t, {"http://h/w", "secret", ""});
     },
     ""},
    {"alertmanager",
     [](auto& t) {
       return make_alertmanager(t, {{"http://h:9093/"}, ""});
     },
     ""},
    {"teams",
     [](auto& t) {
       return make_teams(t, {"http://h/t", ""});
     },
     ""},
    {"discord",
     [](auto& t) {
       return make_discord(t, {"http://h/d", ""});
     },
     R"({"id":"77"})"},
};

class ChannelContract : public testing::TestWithParam<Subject> {
 protected:
  Attempt deliver(const model::Incident& i, std::vector<model::IncidentEvent> events,
                  std::string memory = "") {
    return channel_->deliver({i, std::move(events), std::move(memory), "key-1", kNow}, {});
  }
  Script script_;
  std::unique_ptr<Channel> channel_ = GetParam().make(script_);
};

TEST_P(ChannelContract, WhatWasTakenIsRemembered) {
  script_.otherwise = says(200, GetParam().success);
  const auto attempt = deliver(incident(), {event("opened")});
  EXPECT_EQ(attempt.kind, Attempt::Kind::kDelivered) << attempt.why;
  EXPECT_FALSE(attempt.memory.empty());
  ASSERT_FALSE(script_.asked.empty());
  EXPECT_EQ(script_.asked.front().method, "POST");
  EXPECT_FALSE(script_.body(0).is_discarded());
}

TEST_P(ChannelContract, ARateLimitWaitsAsLongAsItSays) {
  script_.otherwise = says(429, "slow down", "17");
  const auto attempt = deliver(incident(), {event("opened")});
  EXPECT_EQ(attempt.kind, Attempt::Kind::kRetry);
  EXPECT_EQ(attempt.wait, seconds(17));
  EXPECT_TRUE(attempt.whole_channel);
  EXPECT_TRUE(attempt.memory.empty());
}

TEST_P(ChannelContract, AFailureOfTheOtherSideIsTriedAgain) {
  for (const int status : {500, 502, 503, 504, 408}) {
    script_.otherwise = says(status);
    EXPECT_EQ(deliver(incident(), {event("opened")}).kind, Attempt::Kind::kRetry) << status;
  }
  script_.otherwise = fail(ErrorKind::kUnavailable, "connection refused");
  const auto attempt = deliver(incident(), {event("opened")});
  EXPECT_EQ(attempt.kind, Attempt::Kind::kRetry);
  EXPECT_NE(attempt.why.find("refused"), std::string::npos);
}

TEST_P(ChannelContract, ARefusalIsParkedWithWhatItSays) {
  for (const int status : {400, 401, 403, 413}) {
    script_.otherwise = says(status, "no such <thing>");
    const auto attempt = deliver(incident(), {event("opened")});
    EXPECT_EQ(attempt.kind, Attempt::Kind::kParked) << status;
    EXPECT_NE(attempt.why.find("no such"), std::string::npos) << attempt.why;
  }
}

TEST_P(ChannelContract, AFailedUpdateForgetsNothing) {
  script_.otherwise = says(200, GetParam().success);
  const auto memory = deliver(incident(), {event("opened")}).memory;
  script_.otherwise = says(500);
  const auto attempt = deliver(incident(model::IncidentState::kResolved), {event("resolved")}, memory);
  EXPECT_EQ(attempt.kind, Attempt::Kind::kRetry);
  EXPECT_EQ(attempt.memory, memory);
}

TEST_P(ChannelContract, TheEndIsTold) {
  script_.otherwise = says(200, GetParam().success);
  const auto memory = deliver(incident(), {event("opened")}).memory;
  const auto before = script_.asked.size();
  EXPECT_EQ(deliver(incident(model::IncidentState::kResolved), {event("resolved")}, memory).kind,
            Attempt::Kind::kDelivered);
  EXPECT_GT(script_.asked.size(), before);
}

INSTANTIATE_TEST_SUITE_P(Channels, ChannelContract, testing::ValuesIn(kSubjects),
                         [](const auto& subject) { return std::string(subject.param.name); });

TEST(Slack, OneMessageThenEditsAndReplies) {
  Script script;
  const auto slack = make_slack(script, {"xoxb-1", "C1"});
  script.otherwise = says(200, R"({"ok":true,"ts":"1700000000.000100","channel":"C9"})");
  const auto first = slack->deliver({incident(), {event("opened")}, "", "k1", kNow}, {});
  ASSERT_EQ(script.asked.size(), 1U);
  EXPECT_TRUE(script.asked[0].url.ends_with("/chat.postMessage"));
  EXPECT_EQ(script.asked[0].headers.get("Authorization"), "Bearer xoxb-1");
  const auto second = slack->deliver({incident(), {event("escalated")}, first.memory, "k2", kNow}, {});
  ASSERT_EQ(script.asked.size(), 3U);
  EXPECT_TRUE(script.asked[1].url.ends_with("/chat.update"));
  EXPECT_EQ(script.body(1)["ts"], "1700000000.000100");
  EXPECT_EQ(script.body(1)["channel"], "C9");
  EXPECT_FALSE(script.body(1)["blocks"].empty());
  EXPECT_EQ(script.body(2)["thread_ts"], "1700000000.000100");
  // What only adds detail edits and says nothing.
  (void)slack->deliver({incident(), {event("updated")}, second.memory, "k3", kNow}, {});
  EXPECT_EQ(script.asked.size(), 4U);
}

TEST(Slack, AnAnalysisEditsTheMessageAndRepliesInTheThread) {
  Script script;
  const auto slack = make_slack(script, {"xoxb-1", "C1"});
  script.otherwise = says(200, R"({"ok":true,"ts":"2.2","channel":"C9"})");
  (void)slack->deliver({incident(), {event("analyzed")}, R"({"ts":"1.1","channel":"C9"})", "k", kNow}, {});
  ASSERT_EQ(script.asked.size(), 2U);
  EXPECT_TRUE(script.asked[0].url.ends_with("/chat.update"));
  EXPECT_EQ(script.body(1)["thread_ts"], "1.1");
  EXPECT_FALSE(script.body(1).contains("reply_broadcast"));
}

TEST(PagerDutyEvents, AnAnalysisPagesNobody) {
  Script script;
  const auto pd = make_pagerduty_events(script, {"routing"});
  (void)pd->deliver({incident(), {event("analyzed")}, "triggered", "k", kNow}, {});
  EXPECT_TRUE(script.asked.empty());
}

TEST(Slack, AReplyThatWentThroughIsNotRepeated) {
  Script script;
  const auto slack = make_slack(script, {"xoxb-1", "C1"});
  script.otherwise = says(200, R"({"ok":true})");
  const std::string memory = R"({"ts":"1.1","channel":"C9"})";
  const auto once = slack->deliver({incident(), {event("resolved")}, memory, "k1", kNow}, {});
  const auto asked = script.asked.size();
  (void)slack->deliver({incident(), {event("resolved")}, once.memory, "k1", kNow}, {});
  EXPECT_EQ(script.asked.size(), asked + 1);  // the edit only
}

TEST(Slack, AMessageThatMayNotBeEditedIsPostedAnew) {
  for (const char* error : {"message_not_found", "cant_update_message", "edit_window_closed"}) {
    Script script;
    const auto slack = make_slack(script, {"xoxb-1", "C1"});
    script.answers.push_back(says(200, std::string(R"({"ok":false,"error":")") + error + "\"}"));
    script.otherwise = says(200, R"({"ok":true,"ts":"2.2","channel":"C9"})");
    const auto attempt =
        slack->deliver({incident(), {event("updated")}, R"({"ts":"1.1","channel":"C9"})", "k", kNow}, {});
    EXPECT_EQ(attempt.kind, Attempt::Kind::kDelivered) << attempt.why;
    EXPECT_EQ(json::parse(attempt.memory)["ts"], "2.2");
  }
}

TEST(Slack, OkFalseIsUnderstood) {
  struct Row {
    const char* error;
    Attempt::Kind kind;
  };
  for (const Row& row :
       {Row{"channel_not_found", Attempt::Kind::kParked}, Row{"invalid_auth", Attempt::Kind::kParked},
        Row{"ratelimited", Attempt::Kind::kRetry}, Row{"internal_error", Attempt::Kind::kRetry},
        Row{"invalid_blocks", Attempt::Kind::kParked}}) {
    Script script;
    const auto slack = make_slack(script, {"xoxb-1", "C1"});
    script.otherwise = says(200, std::string(R"({"ok":false,"error":")") + row.error + "\"}");
    const auto attempt = slack->deliver({incident(), {event("opened")}, "", "k", kNow}, {});
    EXPECT_EQ(attempt.kind, row.kind) << row.error;
    EXPECT_NE(attempt.why.find(row.error), std::string::npos);
    // What is too much is tried once as a plain line.
    EXPECT_EQ(script.asked.size(), std::string(row.error) == "invalid_blocks" ? 2U : 1U);
  }
}

TEST(PagerDutyEvents, TriggersOnceAndResolvesOnce) {
  Script script;
  script.otherwise = says(202, R"({"status":"success"})");
  const auto pd = make_pagerduty_events(script, {"routing", "http://pd", "http://web"});
  auto memory = pd->deliver({incident(), {event("opened")}, "", "k1", kNow}, {}).memory;
  memory = pd->deliver({incident(), {event("escalated")}, memory, "k2", kNow}, {}).memory;
  auto taken = incident(model::IncidentState::kAcknowledged);
  memory = pd->deliver({taken, {event("acknowledged")}, memory, "k3", kNow}, {}).memory;
  memory =
      pd->deliver({incident(model::IncidentState::kResolved), {event("resolved")}, memory, "k4", kNow}, {})
          .memory;
  ASSERT_EQ(script.asked.size(), 3U);
  EXPECT_EQ(script.body(0)["event_action"], "trigger");
  EXPECT_EQ(script.body(0)["payload"]["severity"], "critical");
  EXPECT_EQ(script.body(0)["links"][0]["href"], "http://web/incidents/INC-20260220192027-1a2b3c4d");
  EXPECT_EQ(script.body(1)["event_action"], "acknowledge");
  EXPECT_EQ(script.body(2)["event_action"], "resolve");
  for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(script.body(n)["dedup_key"], incident().id);
}

TEST(PagerDutyEvents, WhatEndedBeforeItWasToldIsTriggeredAndResolved) {
  Script script;
  script.otherwise = says(202);
  const auto pd = make_pagerduty_events(script, {"routing"});
  (void)pd->deliver(
      {incident(model::IncidentState::kResolved), {event("opened"), event("resolved")}, "", "k", kNow}, {});
  ASSERT_EQ(script.asked.size(), 2U);
  EXPECT_EQ(script.body(1)["event_action"], "resolve");
}

TEST(PagerDutyRest, AnIncidentThatIsOpenThereAlreadyIsFound) {
  Script script;
  const auto pd = make_pagerduty_rest(script, {"key", "S1", "ops@example.org", "http://pd"});
  script.answers.push_back(
      says(400, R"({"error":{"errors":["Open incident with matching incident_key exists"]}})"));
  script.answers.push_back(says(200, R"({"incidents":[{"id":"Q7","status":"triggered"}]})"));
  const auto attempt = pd->deliver({incident(), {event("opened")}, "", "k", kNow}, {});
  EXPECT_EQ(attempt.kind, Attempt::Kind::kDelivered) << attempt.why;
  EXPECT_EQ(json::parse(attempt.memory)["id"], "Q7");
  EXPECT_EQ(script.asked[0].headers.get("From"), "ops@example.org");
  EXPECT_EQ(script.asked[0].headers.get("Authorization"), "Token token=key");
}

TEST(PagerDutyRest, AcknowledgementsAreReadBack) {
  Script script;
  script.answers.push_back(says(200, R"({"incidents":[{"status":"acknowledged","acknowledgements":
      [{"acknowledger":{"summary":"Ada"}}]}]})"));
  script.answers.push_back(says(200, R"({"incidents":[]})"));
  const PagerDutyRestOptions options{"key", "S1", "", "http://pd", ""};
  EXPECT_EQ(*pagerduty_acknowledged_by(script, options, "INC-1"), "Ada");
  EXPECT_EQ(*pagerduty_acknowledged_by(script, options, "INC-1"), std::nullopt);
}

TEST(Webhook, IsSignedAndHasTheSameIdWhenRepeated) {
  Script script;
  script.otherwise = says(200);
  const auto hook = make_webhook(script, {"http://h/w", "secret", ""});
  for (int n = 0; n < 2; ++n)
    (void)hook->deliver({incident(), {event("opened")}, "", "k1", kNow + seconds(n)}, {});
  const auto& first = script.asked[0];
  EXPECT_EQ(first.headers.get("webhook-id"), script.asked[1].headers.get("webhook-id"));
  EXPECT_EQ(first.headers.get("webhook-signature"),
            webhook_signature("secret", *first.headers.get("webhook-id"),
                              *first.headers.get("webhook-timestamp"), first.body));
  EXPECT_EQ(script.body(0)["version"], 1);
  EXPECT_EQ(script.body(0)["type"], "incident.opened");
  EXPECT_EQ(script.body(0)["incident"]["severity"], "P1");
}

TEST(Alertmanager, LabelsStayAndTheEndIsAhead) {
  Script script;
  script.otherwise = says(200);
  const auto am = make_alertmanager(script, {{"http://a:9093", "http://b:9093/"}, "", minutes(1)});
  auto first = incident();
  first.severity = model::Severity::kP3;
  const auto memory = am->deliver({first, {event("opened")}, "", "k1", kNow}, {}).memory;
  auto worse = incident(model::IncidentState::kResolved);
  worse.services = {"gateway"};
  (void)am->deliver({worse, {event("resolved")}, memory, "k2", kNow + hours(1)}, {});
  ASSERT_EQ(script.asked.size(), 4U);
  EXPECT_EQ(script.asked[1].url, "http://b:9093/api/v2/alerts");
  EXPECT_EQ(script.body(0)[0]["labels"], script.body(2)[0]["labels"]);
  EXPECT_EQ(script.body(0)[0]["endsAt"], format_rfc3339(kNow + minutes(4)));
  EXPECT_EQ(script.body(2)[0]["endsAt"], format_rfc3339(kNow + minutes(12)));
}

TEST(Discord, MentionsNobodyAndEditsItsMessage) {
  Script script;
  script.otherwise = says(200, R"({"id":"77"})");
  const auto discord = make_discord(script, {"http://h/d", ""});
  const auto memory = discord->deliver({incident(), {event("opened")}, "", "k1", kNow}, {}).memory;
  (void)discord->deliver({incident(), {event("updated")}, memory, "k2", kNow}, {});
  EXPECT_EQ(script.asked[0].url, "http://h/d?wait=true");
  EXPECT_TRUE(script.body(0)["allowed_mentions"]["parse"].empty());
  EXPECT_EQ(script.asked[1].method, "PATCH");
  EXPECT_EQ(script.asked[1].url, "http://h/d/messages/77");
}

TEST(Discord, WaitsForTheFractionOfTheBody) {
  Script script;
  script.otherwise = says(429, R"({"retry_after":1.5})");
  const auto discord = make_discord(script, {"http://h/d", ""});
  EXPECT_EQ(discord->deliver({incident(), {event("opened")}, "", "k1", kNow}, {}).wait, milliseconds(1500));
}

TEST(Teams, SendsAnAdaptiveCardBelowTheLimit) {
  Script script;
  script.otherwise = says(202);
  const auto teams = make_teams(script, {"http://h/t", "http://web"});
  auto big = incident();
  for (int n = 0; n < 500; ++n) {
    big.services.push_back(std::string(300, 's'));
    big.anomalies.push_back({.service = std::string(300, 'a'), .metric = "m"});
  }
  (void)teams->deliver({big, std::vector<model::IncidentEvent>(200, event("escalated")), "", "k1", kNow}, {});
  EXPECT_LT(script.asked[0].body.size(), 28'000U);
  EXPECT_EQ(script.body(0)["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
}

TEST(Exec, GetsTheNewsAndItsCodeIsJudged) {
  const auto take = make_exec({{"grep", "-q", "\"type\":\"incident.opened\""}, seconds(20), ""});
  EXPECT_EQ(take->deliver({incident(), {event("opened")}, "", "k", kNow}, {}).kind,
            Attempt::Kind::kDelivered);
  const auto refuse = make_exec({{"false"}, seconds(20), ""});
  const auto attempt = refuse->deliver({incident(), {event("opened")}, "", "k", kNow}, {});
  EXPECT_EQ(attempt.kind, Attempt::Kind::kRetry);
  EXPECT_EQ(attempt.why, "ended with code 1");
  const auto missing = make_exec({{"/no/such/program"}, seconds(20), ""});
  EXPECT_EQ(missing->deliver({incident(), {event("opened")}, "", "k", kNow}, {}).kind,
            Attempt::Kind::kParked);
}

TEST(Exec, ACommandThatHangsIsKilled) {
  const auto hang = make_exec({{"sleep", "600"}, milliseconds(200), ""});
  const auto attempt = hang->deliver({incident(), {event("opened")}, "", "k", kNow}, {});
  EXPECT_EQ(attempt.kind, Attempt::Kind::kRetry);
  EXPECT_NE(attempt.why.find("killed"), std::string::npos);
}

}  // namespace
}  // namespace sentinel::notify
