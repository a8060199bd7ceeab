// What every StateStore promises about incidents, timelines, outbox, silences, ledger and blobs.
#include "state_contract.hpp"

#include <atomic>
#include <limits>
#include <thread>

namespace sentinel::state {
namespace {

std::vector<std::string> ids(const IncidentPage& page) {
  std::vector<std::string> all;
  for (const auto& i : page.incidents) all.push_back(i.id);
  return all;
}

using Ids = std::vector<std::string>;

TEST_P(StateContract, AnIncidentComesBackWhole) {
  auto i = incident("INC-1", 3);
  i.title = "\xC3\xBC\xE6\xBC\xA2\xF0\x9F\x94\xA5 \"quoted\"; DROP TABLE incident;--";
  i.resolved_at = at(9);
  i.analysis = model::Analysis{.root_cause = "pool", .confidence = model::Confidence::kHigh};
  i.anomalies.push_back({.service = "db", .metric = "error_rate", .score = 4.25, .at = at(2)});
  ASSERT_TRUE(store().commit({.incidents = {i}}));
  const auto back = store().incident("INC-1");
  ASSERT_TRUE(back && *back);
  EXPECT_EQ((*back)->title, i.title);
  EXPECT_EQ((*back)->resolved_at, i.resolved_at);
  EXPECT_EQ((*back)->analysis->root_cause, "pool");
  EXPECT_EQ((*back)->anomalies.at(0).score, 4.25);
}

TEST_P(StateContract, AnUnknownIncidentIsAbsentNotAnError) {
  const auto none = store().incident("INC-none");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST_P(StateContract, AnIncidentIsReplacedByIdWithAllThatIsFilteredBy) {
  auto i = incident("a", 1);
  ASSERT_TRUE(store().commit({.incidents = {i}}));
  i.state = model::IncidentState::kResolved;
  i.services = {"cache"};
  i.severity = model::Severity::kP1;
  ASSERT_TRUE(store().commit({.incidents = {i}}));
  EXPECT_EQ(store().incidents({})->total, 1U);
  EXPECT_EQ(store().incidents({.active_only = true})->total, 0U);
  EXPECT_EQ(store().incidents({.service = "db"})->total, 0U);
  EXPECT_EQ(store().incidents({.service = "cache"})->total, 1U);
  EXPECT_EQ(store().incidents({.min_severity = model::Severity::kP1})->total, 1U);
}

TEST_P(StateContract, NewestComeFirstAndEqualTimesGoById) {
  ASSERT_TRUE(store().commit(
      {.incidents = {incident("b", 5), incident("old", 1), incident("c", 5), incident("new", 9)}}));
  EXPECT_EQ(ids(*store().incidents({})), (Ids{"new", "c", "b", "old"}));
}

TEST_P(StateContract, PagesCoverEverythingOnceAndCountAll) {
  Change change;
  for (int n = 0; n < 25; ++n) change.incidents.push_back(incident("i" + std::to_string(n), n % 7));
  ASSERT_TRUE(store().commit(change));
  const Ids all = ids(*store().incidents({.limit = 100}));
  ASSERT_EQ(all.size(), 25U);
  Ids paged;
  for (std::size_t offset = 0; offset < 25; offset += 4) {
    const auto page = store().incidents({.limit = 4, .offset = offset});
    ASSERT_TRUE(page);
    EXPECT_EQ(page->total, 25U);
    for (const auto& id : ids(*page)) paged.push_back(id);
  }
  EXPECT_EQ(paged, all);
}

TEST_P(StateContract, LimitsAndOffsetsOfAnySizeAreTaken) {
  constexpr auto kMost = std::numeric_limits<std::size_t>::max();
  ASSERT_TRUE(store().commit({.incidents = {incident("a", 1), incident("b", 2)}}));
  EXPECT_EQ(store().incidents({.limit = kMost})->incidents.size(), 2U);
  EXPECT_EQ(store().incidents({.offset = kMost})->incidents.size(), 0U);
  EXPECT_EQ(store().incidents({.limit = 0})->incidents.size(), 0U);
  EXPECT_EQ(store().incidents({.limit = 0})->total, 2U);
}

TEST_P(StateContract, EveryFilterNarrowsAndAllHoldTogether) {
  auto open_p1 = incident("open-p1", 10);
  open_p1.severity = model::Severity::kP1;
  auto acked_p2 = incident("acked-p2", 20);
  acked_p2.state = model::IncidentState::kAcknowledged;
  auto resolved_p3 = incident("resolved-p3", 30);
  resolved_p3.state = model::IncidentState::kResolved;
  resolved_p3.severity = model::Severity::kP3;
  resolved_p3.services = {"cache", "cache"};  // twice: still one
  ASSERT_TRUE(store().commit({.incidents = {open_p1, acked_p2, resolved_p3}}));
  struct Row {
    const char* about;
    IncidentQuery query;
    Ids expected;
  };
  const Row rows[] = {
      {"no condition", {}, {"resolved-p3", "acked-p2", "open-p1"}},
      {"one state", {.state = model::IncidentState::kAcknowledged}, {"acked-p2"}},
      {"open or acknowledged", {.active_only = true}, {"acked-p2", "open-p1"}},
      {"this severity or worse", {.min_severity = model::Severity::kP2}, {"acked-p2", "open-p1"}},
      {"the worst only", {.min_severity = model::Severity::kP1}, {"open-p1"}},
      {"one of its services", {.service = "web"}, {"acked-p2", "open-p1"}},
      {"a service named twice counts once", {.service = "cache"}, {"resolved-p3"}},
      {"a service is no prefix and no pattern", {.service = "we%"}, {}},
      {"from is included", {.created_from = at(20)}, {"resolved-p3", "acked-p2"}},
      {"to is excluded", {.created_to = at(20)}, {"open-p1"}},
      {"an empty range", {.created_from = at(20), .created_to = at(20)}, {}},
      {"state and active contradict", {.state = model::IncidentState::kResolved, .active_only = true}, {}},
      {"all at once",
       {.state = model::IncidentState::kOpen,
        .active_only = true,
        .min_severity = model::Severity::kP2,
        .service = "db",
        .created_from = at(5),
        .created_to = at(15)},
       {"open-p1"}},
  };
  for (const Row& row : rows) {
    const auto page = store().incidents(row.query);
    ASSERT_TRUE(page) << row.about << ": " << page.error().text();
    EXPECT_EQ(ids(*page), row.expected) << row.about;
    EXPECT_EQ(page->total, row.expected.size()) << row.about;
  }
}

TEST_P(StateContract, TimelineNumbersCountPerIncidentAcrossCommits) {
  ASSERT_TRUE(
      store().commit({.incidents = {incident("a", 1), incident("b", 1)},
                      .events = {event("a", "opened"), event("b", "opened"), event("a", "updated")}}));
  auto commented = event("a", "commented");
  commented.number = 77;  // the store's to give
  commented.data = R"({"by":"\u00fc"})";
  ASSERT_TRUE(store().commit({.events = {commented}}));
  const auto a = store().timeline("a");
  ASSERT_TRUE(a);
  ASSERT_EQ(a->size(), 3U);
  for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ((*a)[n].number, static_cast<std::int64_t>(n) + 1);
  const auto& last = a->back();
  EXPECT_EQ(last.incident_id, "a");
  EXPECT_EQ(last.at, at(1));
  EXPECT_EQ(last.kind, "commented");
  EXPECT_EQ(last.actor, "ada");
  EXPECT_EQ(last.text, "commented!");
  EXPECT_EQ(last.data, commented.data);
  EXPECT_EQ(store().timeline("b")->size(), 1U);
  EXPECT_TRUE(store().timeline("unknown")->empty());
}

TEST_P(StateContract, AChangeWhosePartFailsLeavesNothing) {
  const auto done = store().commit({.incidents = {incident("a", 1)},
                                    .events = {event("a", "opened"), event("nobody", "opened")},
                                    .outbox = {message("k")},
                                    .ledger = {{.slice = at(1)}},
                                    .blobs = {{"baseline", "x"}}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(done.error().message.find("nobody"), std::string::npos) << done.error().message;
  EXPECT_EQ(store().incidents({})->total, 0U);
  EXPECT_TRUE(store().timeline("a")->empty());
  EXPECT_TRUE(store().outbox(std::nullopt, 10)->empty());
  EXPECT_FALSE(*store().newest_ledger_entry());
  EXPECT_FALSE(*store().blob("baseline"));
}

TEST_P(StateContract, AFailedChangeDoesNotStopTheNext) {
  ASSERT_FALSE(store().commit({.events = {event("nobody", "opened")}}));
  ASSERT_TRUE(store().commit({.incidents = {incident("a", 1)}, .events = {event("a", "opened")}}));
  EXPECT_EQ(store().timeline("a")->at(0).number, 1);
}

TEST_P(StateContract, AnEmptyChangeIsFine) { EXPECT_TRUE(store().commit({})); }

TEST_P(StateContract, AnIncidentWithoutIdIsRefused) {
  const auto done = store().commit({.incidents = {incident("", 1)}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kInvalid);
}

TEST_P(StateContract, AnOutboxKeyIsTakenOnce) {
  ASSERT_TRUE(store().commit({.outbox = {message("k1"), message("k2")}}));
  auto again = message("k1");
  again.payload = "other";
  ASSERT_TRUE(store().commit({.outbox = {again, message("k3")}}));
  const auto rows = store().outbox(std::nullopt, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[0].key, "k1");
  EXPECT_EQ((*rows)[0].payload, message("k1").payload);
  EXPECT_EQ((*rows)[2].key, "k3");
  EXPECT_LT((*rows)[0].id, (*rows)[1].id);
  EXPECT_LT((*rows)[1].id, (*rows)[2].id);
}

TEST_P(StateContract, AnOutboxRowComesBackWhole) {
  auto row = message("k");
  row.attempts = 2;
  row.last_error = "429: \xC3\xBC";
  ASSERT_TRUE(store().commit({.outbox = {row}}));
  const auto rows = store().outbox(OutboxRow::Status::kPending, 10);
  ASSERT_TRUE(rows);
  const OutboxRow& back = rows->at(0);
  EXPECT_EQ(back.channel, row.channel);
  EXPECT_EQ(back.incident_id, row.incident_id);
  EXPECT_EQ(back.event_number, row.event_number);
  EXPECT_EQ(back.payload, row.payload);
  EXPECT_EQ(back.created_at, row.created_at);
  EXPECT_EQ(back.due_at, row.due_at);
  EXPECT_EQ(back.attempts, 2);
  EXPECT_EQ(back.last_error, row.last_error);
}

TEST_P(StateContract, OutboxUpdatesMoveARowBetweenStatuses) {
  ASSERT_TRUE(store().commit({.outbox = {message("k1"), message("k2"), message("k3")}}));
  auto row = store().outbox(OutboxRow::Status::kPending, 1)->at(0);
  row.status = OutboxRow::Status::kParked;
  row.attempts = 4;
  row.due_at = at(60);
  row.last_error = "channel_not_found";
  ASSERT_TRUE(store().update_outbox(row));
  EXPECT_EQ(store().outbox(OutboxRow::Status::kPending, 10)->size(), 2U);
  const auto parked = store().outbox(OutboxRow::Status::kParked, 10);
  ASSERT_EQ(parked->size(), 1U);
  EXPECT_EQ(parked->at(0).key, "k1");
  EXPECT_EQ(parked->at(0).attempts, 4);
  EXPECT_EQ(parked->at(0).due_at, at(60));
  EXPECT_EQ(parked->at(0).last_error, "channel_not_found");
  EXPECT_EQ(parked->at(0).payload, message("k1").payload);
  EXPECT_EQ(store().outbox(std::nullopt, 2)->size(), 2U);
}

OutboxRow waiting(const std::string& key, const std::string& of, Time due) {
  auto row = message(key);
  row.channel = "slack";
  row.incident_id = of;
  row.due_at = due;
  return row;
}

std::vector<std::string> keys(const Result<std::vector<OutboxRow>>& rows) {
  std::vector<std::string> all;
  for (const auto& row : *rows) all.push_back(row.key);
  return all;
}

TEST_P(StateContract, WhatIsDueComesWithAllThatWaitsOfItsIncidentAndNothingElse) {
  auto other = waiting("other-channel", "INC-2", at(0));
  other.channel = "pagerduty";
  ASSERT_TRUE(
      store().commit({.outbox = {waiting("later-1", "INC-1", at(500)), waiting("held", "INC-2", at(500)),
                                 waiting("now-2", "INC-2", at(10)), other, waiting("now-3", "INC-3", at(9)),
                                 waiting("again-2", "INC-2", at(600))}}));
  EXPECT_EQ(keys(store().due_outbox("slack", at(10), 10)), (Ids{"held", "now-2", "again-2", "now-3"}));
  EXPECT_EQ(keys(store().due_outbox("slack", at(10), 1)), (Ids{"held"}));
  EXPECT_EQ(keys(store().due_outbox("slack", at(8), 10)), Ids{});
}

TEST_P(StateContract, OldMessagesOfWhatIsOverAreForgottenAndNoOthers) {
  auto over = incident("INC-over", 1);
  over.state = model::IncidentState::kResolved;
  over.resolved_at = at(2);
  auto active = incident("INC-active", 1);
  active.state = model::IncidentState::kAcknowledged;
  active.resolved_at.reset();
  Change change;
  change.incidents = {over, active};
  const auto row = [&](const std::string& key, const std::string& of, int made, OutboxRow::Status status) {
    auto r = waiting(key, of, at(made));
    r.created_at = at(made);
    r.status = status;
    change.outbox.push_back(std::move(r));
  };
  using enum OutboxRow::Status;
  row("delivered", "INC-over", 1, kDelivered);
  row("joined", "INC-over", 2, kCoalesced);
  row("parked", "INC-over", 3, kParked);
  row("waits", "INC-over", 4, kPending);
  row("of-active", "INC-active", 5, kDelivered);
  row("of-nobody", "SELF-x", 6, kDelivered);
  row("new", "INC-over", 100, kDelivered);
  for (const char* id : {"INC-over", "INC-active", "SELF-x"})
    change.blobs.emplace_back(std::string("notify/slack/") + id, "ts");
  ASSERT_TRUE(store().commit(change));
  EXPECT_EQ(*store().forget_messages(at(50), 2), 2U);
  EXPECT_EQ(*store().forget_messages(at(50), 10), 1U);
  EXPECT_EQ(*store().forget_messages(at(50), 10), 0U);
  EXPECT_EQ(keys(store().outbox(std::nullopt, 10)), (Ids{"parked", "waits", "of-active", "new"}));
  // What a channel kept goes with the last message.
  EXPECT_EQ(*store().blob_names("notify/"), (Ids{"notify/slack/INC-active", "notify/slack/INC-over"}));
}

TEST_P(StateContract, ForgettingGivesNoIdAnew) {
  auto row = message("k1");
  row.status = OutboxRow::Status::kDelivered;
  row.created_at = at(1);
  ASSERT_TRUE(store().commit({.outbox = {row}}));
  const auto first = store().outbox(std::nullopt, 1)->at(0).id;
  EXPECT_EQ(*store().forget_messages(at(50), 10), 1U);
  ASSERT_TRUE(store().commit({.outbox = {message("k2")}}));
  EXPECT_GT(store().outbox(std::nullopt, 1)->at(0).id, first);
}

TEST_P(StateContract, UpdatingAnUnknownOutboxRowIsNotFound) {
  OutboxRow row;
  row.id = 99;
  const auto done = store().update_outbox(row);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kNotFound);
}

TEST_P(StateContract, TheLedgerKeepsOneEntryPerSliceInOrder) {
  ASSERT_TRUE(store().commit({.ledger = {{.slice = at(3), .docs = 30}, {.slice = at(1), .docs = 10}}}));
  model::LedgerEntry late{at(1), model::Coverage::kLate, at(8), 11, 1, "the store was away"};
  ASSERT_TRUE(store().commit({.ledger = {late, {.slice = at(2), .docs = 20}}}));
  const auto entries = store().ledger({at(1), at(3)});
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);  // the end is excluded
  EXPECT_EQ((*entries)[0].slice, at(1));
  EXPECT_EQ((*entries)[0].coverage, model::Coverage::kLate);
  EXPECT_EQ((*entries)[0].judged_at, at(8));
  EXPECT_EQ((*entries)[0].docs, 11U);
  EXPECT_EQ((*entries)[0].late_docs, 1U);
  EXPECT_EQ((*entries)[0].note, "the store was away");
  EXPECT_EQ((*entries)[1].slice, at(2));
}

TEST_P(StateContract, TheNewestLedgerEntryIsTheLatestSlice) {
  EXPECT_FALSE(*store().newest_ledger_entry());
  ASSERT_TRUE(store().commit({.ledger = {{.slice = at(3)}}}));
  ASSERT_TRUE(store().commit({.ledger = {{.slice = at(1)}}}));
  EXPECT_EQ((*store().newest_ledger_entry())->slice, at(3));
}

TEST_P(StateContract, TheLedgerTakesTimesBeforeTheEpoch) {
  const Time early = time_from_micros(-60'000'000);
  ASSERT_TRUE(store().commit({.ledger = {{.slice = early}}}));
  EXPECT_EQ(store().ledger({early, Time{}})->size(), 1U);
}

TEST_P(StateContract, BlobsAreBytes) {
  std::string bytes(10'000'000, '\0');
  for (std::size_t n = 0; n < bytes.size(); ++n) bytes[n] = static_cast<char>(n * 31 % 256);
  ASSERT_TRUE(store().commit({.blobs = {{"baseline", bytes}, {"empty", ""}}}));
  EXPECT_TRUE(*store().blob("baseline") == bytes);
  EXPECT_EQ(*store().blob("empty"), "");
  EXPECT_FALSE(*store().blob("none"));
  ASSERT_TRUE(store().commit({.blobs = {{"baseline", std::string("a\0b", 3)}}}));
  EXPECT_EQ(*store().blob("baseline"), std::string("a\0b", 3));
}

TEST_P(StateContract, SilencesComeByStartAndAreReplacedById) {
  model::Silence late{"s-late", "pay*", "error_rate", {model::Severity::kP3, model::Severity::kP4},
                      at(10),   at(20), "ada",        "migration \xC3\xBC"};
  model::Silence early{.id = "s-early", .starts_at = at(1), .ends_at = at(2)};
  ASSERT_TRUE(store().put_silence(late));
  ASSERT_TRUE(store().put_silence(early));
  late.ends_at = at(15);
  ASSERT_TRUE(store().put_silence(late));
  const auto all = store().silences();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].id, "s-early");
  EXPECT_EQ((*all)[0].service, "*");
  EXPECT_TRUE((*all)[0].severities.empty());
  const auto& back = (*all)[1];
  EXPECT_EQ(back.service, "pay*");
  EXPECT_EQ(back.metric, "error_rate");
  EXPECT_EQ(back.severities, late.severities);
  EXPECT_EQ(back.starts_at, at(10));
  EXPECT_EQ(back.ends_at, at(15));
  EXPECT_EQ(back.author, "ada");
  EXPECT_EQ(back.reason, late.reason);
}

TEST_P(StateContract, CommitsAndReadsFromManyThreadsLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  ASSERT_TRUE(store().commit({.incidents = {incident("a", 1)}}));
  std::vector<std::jthread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < kEach; ++n) {
        const std::string key = std::to_string(t) + "-" + std::to_string(n);
        if (!store().commit({.events = {event("a", "commented")}, .outbox = {message(key)}})) ++failures;
        if (!store().incidents({}) || !store().timeline("a")) ++failures;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(failures, 0);
  const auto timeline = store().timeline("a");
  ASSERT_EQ(timeline->size(), static_cast<std::size_t>(kThreads * kEach));
  for (std::size_t n = 0; n < timeline->size(); ++n)
    EXPECT_EQ((*timeline)[n].number, static_cast<std::int64_t>(n) + 1);
  EXPECT_EQ(store().outbox(std::nullopt, 1000)->size(), static_cast<std::size_t>(kThreads * kEach));
}

INSTANTIATE_TEST_SUITE_P(Stores, StateContract, testing::ValuesIn(kStores),
                         [](const auto& store) { return std::string(store.param.name); });

}  // namespace
}  // namespace sentinel::state
