#include "app/terminal.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sentinel::app {
namespace {

const Time kOpened = *parse_rfc3339("2026-02-20T19:20:27Z");

model::Incident outage() {
  model::Incident incident;
  incident.id = "INC-20260220192027-1a2b3c4d";
  incident.title = "store: errors 60 in 5 min (P1)";
  incident.severity = model::Severity::kP1;
  incident.created_at = kOpened;
  incident.onset = kOpened - seconds(87);
  incident.services = {"store", "shop", "edge"};
  incident.anomalies.push_back({.service = "store",
                                .metric = "error_rate",
                                .severity = model::Severity::kP1,
                                .sentence = "60 errors in 5 min, 1 expected"});
  model::Cause cause{.service = "store", .probability = 0.92};
  cause.evidence.push_back({.id = "E1", .sentence = "its errors began 40 s before any other's"});
  cause.evidence.push_back({.id = "E2", .sentence = "two services name it in their errors"});
  incident.causes = {cause, {.service = "shop", .probability = 0.08}};
  incident.patterns.push_back(
      {.text = "pool exhausted after <num> ms", .count = 58, .change = model::Pattern::Change::kNew});
  incident.patterns.push_back({.text = "cache refreshed", .count = 9});
  incident.runbooks.push_back({.runbook = {.title = "Store pool exhausted"}, .reasons = {"names store"}});
  incident.analysis = model::Analysis{.root_cause = "store ran out of database connections",
                                      .confidence = model::Confidence::kHigh,
                                      .remediation_steps = {"Raise the pool", "Restart store"}};
  return incident;
}

TEST(IncidentCard, TellsTheWholeStoryOnOneScreen) {
  EXPECT_EQ(incident_card(outage(), Style{}), R"(
P1 INC-20260220192027-1a2b3c4d  open
  store: errors 60 in 5 min (P1)

  since        2026-02-20 19:19:00 UTC, opened 19:20:27
  root cause   store ran out of database connections
  confidence   high (deterministic)
  affected     shop, edge

  what is wrong
    P1 store                60 errors in 5 min, 1 expected

  why we think so
     92 %  store
           E1 its errors began 40 s before any other's
           E2 two services name it in their errors
      8 %  shop

  new or more frequent lines
       58x new   pool exhausted after <num> ms

  runbook  Store pool exhausted (names store)

  what to do
    1. Raise the pool
    2. Restart store
)");
}

TEST(IncidentCard, LongTextWrapsWithinTheWidth) {
  auto incident = outage();
  std::string words;
  for (int i = 0; i < 40; ++i) words += "connections ";
  incident.analysis->root_cause = words;
  incident.anomalies.front().sentence = words;
  const std::string card = incident_card(incident, Style{.width = 70});
  for (std::size_t at = 0; at < card.size();) {
    const auto end = std::min(card.find('\n', at), card.size());
    EXPECT_LE(end - at, 70U) << card.substr(at, end - at);
    at = end + 1;
  }
}

TEST(IncidentCard, WithoutColourItHoldsNoEscape) {
  EXPECT_EQ(incident_card(outage(), Style{}).find('\033'), std::string::npos);
  EXPECT_NE(incident_card(outage(), Style{.colour = true}).find('\033'), std::string::npos);
}

// Everything that a document, a runbook or a model may have written.
model::Incident hostile(const std::string& text) {
  auto incident = outage();
  incident.title = text;
  for (auto& service : incident.services) service = text;
  incident.anomalies.front().service = text;
  incident.anomalies.front().sentence = text;
  for (auto& cause : incident.causes) cause.service = text;
  incident.causes.front().evidence.front().sentence = text;
  incident.patterns.front().text = text;
  incident.runbooks.front().runbook.title = text;
  incident.runbooks.front().reasons = {text};
  incident.analysis->root_cause = text;
  incident.analysis->source = text;
  incident.analysis->remediation_steps = {text};
  return incident;
}

TEST(Terminal, TextFromOutsideCannotSteerIt) {
  const std::string evil =
      "a\033]0;owned\a\033[2Jb\r\nc\xC2\x9B"
      "31md\xE2\x80\xAE"
      "e\x7F";
  const std::string plain = "a]0;owned [2Jb c31mde";
  const model::IncidentEvent event{.at = kOpened, .kind = evil, .text = evil};
  model::LogEvent line{.time = kOpened, .service = evil, .message = evil, .trace_id = evil};
  const std::string printed = incident_card(hostile(evil), Style{}) +
                              timeline_text(std::vector{event}, Style{}) + event_line(line, Style{}) +
                              table({{"NAME"}, {evil}}, Style{});
  EXPECT_TRUE(std::none_of(printed.begin(), printed.end(),
                           [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == 0x7F; }));
  EXPECT_EQ(printed.find("\xC2\x9B"), std::string::npos);
  EXPECT_EQ(printed.find("\xE2\x80\xAE"), std::string::npos);
  // No line was begun by the text itself: the card is as long as that of a harmless outage.
  const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  EXPECT_EQ(lines(incident_card(hostile(evil), Style{})), lines(incident_card(hostile(plain), Style{})));
}

TEST(EventLine, ShowsWhatIsThereAndADashForWhatIsNot) {
  model::LogEvent event{.time = kOpened, .message = "started"};
  EXPECT_EQ(event_line(event, Style{}), "2026-02-20T19:20:27Z -       -                    started");
  event.service = "store";
  event.level = model::Level::kError;
  event.duration_ms = 12.34F;
  event.trace_id = "abc";
  EXPECT_EQ(event_line(event, Style{}),
            "2026-02-20T19:20:27Z error   store                started  12.3 ms  trace=abc");
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(table({{"ID", "NAME", "X"}, {"1", "long name", "y"}, {"22", "\xC3\xA9t\xC3\xA9", "z"}}, Style{}),
            "ID  NAME       X\n"
            "1   long name  y\n"
            "22  \xC3\xA9t\xC3\xA9        z\n");
}

}  // namespace
}  // namespace sentinel::app
