#include "telemetry_contract.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/rng.hpp"

namespace sentinel::telemetry {
namespace {

using Texts = std::vector<std::string>;

// Documents of every kind over half an hour, out of order, some twice.
model::DocumentBatch random_batch(Rng& rng, Time noon, int documents) {
  model::DocumentBatch batch;
  const std::vector<std::string> services = {"gateway", "payment-service", "a b", "\xC3\xA9t\xC3\xA9", ""};
  for (int i = 0; i < documents; ++i) {
    model::LogRow row;
    row.time = noon + Duration(rng.integer(-900'000'000, 900'000'000));
    row.service = services[static_cast<std::size_t>(rng.integer(0, 4))];
    row.message = "message";
    row.level = static_cast<model::Level>(rng.integer(0, 6));
    row.status_code = static_cast<std::int16_t>(rng.chance(0.5) ? 0 : rng.integer(200, 599));
    if (rng.chance(0.7)) row.duration_ms = static_cast<float>(std::exp(rng.normal() * 3 + 4));
    row.span_kind = static_cast<model::SpanKind>(rng.integer(0, 5));
    const std::string span = std::to_string(i);
    if (rng.chance(0.5)) row.span_id = span;
    if (rng.chance(0.5)) row.peer = services[static_cast<std::size_t>(rng.integer(0, 4))];
    batch.add(row);
    if (rng.chance(0.1)) batch.add(row);
  }
  return batch;
}

TEST_P(TelemetryContract, SlicesEqualABruteForceCount) {
  for (const Duration step : {Duration(seconds(60)), Duration(seconds(300))}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      fixture_ = GetParam().make();
      Rng rng(seed);
      auto batch = random_batch(rng, noon_, 3000);
      const model::TimeRange range{noon_ - minutes(10), noon_ + minutes(5)};
      std::map<std::pair<Time, std::string>, model::Slice> expected;
      for (const auto& r : batch.logs) {
        if (r.time < range.from || r.time >= range.to || r.service.empty()) continue;
        if (r.span_kind == model::SpanKind::kClient || r.span_kind == model::SpanKind::kProducer) continue;
        const Time start = align_down(r.time, step);
        auto& slice = expected[{start, std::string(r.service)}];
        slice.service = r.service;
        slice.start = start;
        ++slice.docs;
        slice.errors +=
            r.level >= model::Level::kError || (r.level == model::Level::kNone && r.status_code >= 500) ? 1U
                                                                                                        : 0U;
        if (!std::isnan(r.duration_ms)) slice.latency.add_ms(static_cast<double>(r.duration_ms));
      }
      put(std::move(batch));
      const auto found = store().slices(range, step);
      ASSERT_TRUE(found) << found.error().text();
      std::vector<model::Slice> wanted;
      for (auto& [key, slice] : expected) wanted.push_back(slice);
      EXPECT_EQ(*found, wanted) << "seed " << seed;
    }
  }
}

TEST_P(TelemetryContract, SomeServicesSlicesAreThoseOfAllThatAreTheirs) {
  Rng rng(4);
  put(random_batch(rng, noon_, 2000));
  const model::TimeRange range{noon_ - minutes(10), noon_ + minutes(5)};
  auto wanted = store().slices(range, seconds(60));
  ASSERT_TRUE(wanted);
  const Texts each[] = {{"payment-service"}, {"payment-service", "a b", "nobody"}, {"a b", "a b"}};
  for (const Texts& services : each) {
    auto theirs = *wanted;
    std::erase_if(theirs, [&](const auto& slice) {
      return std::find(services.begin(), services.end(), slice.service) == services.end();
    });
    const auto found = store().service_slices(services, range, seconds(60));
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_FALSE(found->empty());
    EXPECT_EQ(*found, theirs) << services.front();
  }
  EXPECT_TRUE(store().service_slices({"payment-service' OR '1'='1"}, range, seconds(60))->empty());
  EXPECT_TRUE(store().service_slices({}, range, seconds(60))->empty());
}

TEST_P(TelemetryContract, CallsAreTheOutgoingSpansByCallerAndCallee) {
  Rng rng(5);
  auto batch = random_batch(rng, noon_, 3000);
  const model::TimeRange range{noon_ - minutes(15), noon_ + minutes(15)};
  std::map<std::tuple<Time, std::string, std::string>, std::pair<std::uint64_t, std::uint64_t>> expected;
  for (const auto& r : batch.logs) {
    if (!range.contains(r.time) || r.service.empty() || r.peer.empty() || !model::is_outgoing(r.span_kind))
      continue;
    auto& [calls, errors] =
        expected[{align_down(r.time, seconds(60)), std::string(r.service), std::string(r.peer)}];
    ++calls;
    errors += model::is_error(r.level, r.status_code) ? 1U : 0U;
  }
  put(std::move(batch));
  const auto found = store().calls(range, seconds(60));
  ASSERT_TRUE(found) << found.error().text();
  std::map<std::tuple<Time, std::string, std::string>, std::pair<std::uint64_t, std::uint64_t>> seen;
  for (const auto& call : *found) seen[{call.start, call.caller, call.callee}] = {call.calls, call.errors};
  EXPECT_EQ(seen, expected);
}

TEST_P(TelemetryContract, MetricPointsAreSummedBySlice) {
  model::DocumentBatch batch;
  batch.add(model::MetricRow{noon_, "db", "cpu", 0.5});
  batch.add(model::MetricRow{noon_ + seconds(30), "db", "cpu", 0.25});
  batch.add(model::MetricRow{noon_ + seconds(60), "db", "cpu", 1});
  batch.add(model::MetricRow{noon_, "db", "memory", 7});
  put(std::move(batch));
  const auto found = store().metrics({noon_, noon_ + minutes(5)}, seconds(60), {"cpu"});
  ASSERT_TRUE(found) << found.error().text();
  const std::vector<model::MetricSlice> expected = {{"db", "cpu", noon_, 2, 0.75},
                                                    {"db", "cpu", noon_ + seconds(60), 1, 1}};
  EXPECT_EQ(*found, expected);
}

TEST_P(TelemetryContract, RangesAreHalfOpen) {
  put(row("a", "at the start"));
  put(row("a", "at the end", minutes(1)));
  auto query = all();
  query.range = {noon_, noon_ + minutes(1)};
  EXPECT_EQ(messages(query), Texts{"at the start"});
  EXPECT_EQ(store().slices(query.range, seconds(60))->size(), 1U);
}

TEST_P(TelemetryContract, EventsComeNewestFirstEqualTimesInOrderOfArrival) {
  put(row("a", "second", seconds(2)));
  put(row("a", "first", seconds(1)));
  put(row("a", "second too", seconds(2)));
  EXPECT_EQ(messages(all()), (Texts{"second", "second too", "first"}));
  auto query = all();
  query.oldest_first = true;
  EXPECT_EQ(messages(query), (Texts{"first", "second", "second too"}));
}

TEST_P(TelemetryContract, LimitAndOffsetPageThroughTheSameOrder) {
  for (int i = 0; i < 25; ++i) put(row("a", std::to_string(i), seconds(i)));
  Texts paged;
  for (std::size_t offset = 0; offset < 25; offset += 10) {
    auto query = all();
    query.limit = 10;
    query.offset = offset;
    for (auto& text : messages(query)) paged.push_back(std::move(text));
  }
  EXPECT_EQ(paged, messages(all()));
  EXPECT_EQ(paged.size(), 25U);
}

TEST_P(TelemetryContract, EventsCanBeAskedByServiceLevelTraceAndKind) {
  auto error = row("payment", "boom");
  error.level = model::Level::kError;
  error.trace_id = "t1";
  put(error);
  auto warning = row("order", "slow", seconds(1));
  warning.level = model::Level::kWarning;
  put(warning);
  auto span = row("order", "GET /", seconds(2));
  span.level = model::Level::kNone;
  span.is_span = true;
  span.span_id = "s1";
  span.duration_ms = 3;
  span.status_code = 503;
  span.trace_id = "t2";
  put(span);
  struct Row {
    const char* about;
    std::function<void(EventQuery&)> change;
    Texts expected;
  };
  const Row rows[] = {
      {"two services",
       [](auto& q) {
         q.services = {"payment", "nobody"};
       },
       {"boom"}},
      {"warnings and worse", [](auto& q) { q.min_level = model::Level::kWarning; }, {"slow", "boom"}},
      {"what failed, by level or by status", [](auto& q) { q.failed_only = true; }, {"GET /", "boom"}},
      {"one trace", [](auto& q) { q.trace_ids = {"t1"}; }, {"boom"}},
      {"log lines only", [](auto& q) { q.kind = EventQuery::Kind::kLogs; }, {"slow", "boom"}},
      {"spans only", [](auto& q) { q.kind = EventQuery::Kind::kSpans; }, {"GET /"}},
      {"conditions add up",
       [](auto& q) {
         q.services = {"order"};
         q.min_level = model::Level::kWarning;
       },
       {"slow"}},
  };
  for (const Row& r : rows) {
    auto query = all();
    r.change(query);
    EXPECT_EQ(messages(query), r.expected) << r.about;
    EXPECT_EQ(store().count(query).value(), r.expected.size()) << r.about;
  }
}

// What an outage asks for: the newest (or oldest) warnings and errors of some services, however many carry
// the same time, and wherever the limit cuts them.
TEST_P(TelemetryContract, WarningsAndErrorsEqualABruteForceSelection) {
  Rng rng(7);
  model::DocumentBatch batch;
  Texts texts;
  for (int i = 0; i < 3000; ++i) texts.push_back("message " + std::to_string(i));
  std::vector<model::LogRow> rows;
  const std::vector<std::string> services = {"gateway", "payment-service", "a b", ""};
  for (const std::string& text : texts) {
    // A few times for all: each of them is carried by many, in no order of arrival.
    model::LogRow one{.time = noon_ + milliseconds(rng.integer(-40, 40)) + Duration(rng.integer(0, 1) * 250),
                      .service = services[static_cast<std::size_t>(rng.integer(0, 3))],
                      .message = text,
                      .extra = R"({"unmapped":{"kept":[1,"two"]}})",
                      .status_code = static_cast<std::int16_t>(rng.chance(0.5) ? 0 : 503),
                      .level = static_cast<model::Level>(rng.integer(0, 6))};
    rows.push_back(one);
    batch.add(one);
  }
  put(std::move(batch));
  struct Case {
    std::vector<std::string> services;
    model::Level level;
    bool oldest_first;
    std::size_t limit;
    std::size_t offset;
  };
  const std::vector<Case> cases = {
      {{}, model::Level::kWarning, false, 5000, 0},
      {{}, model::Level::kWarning, false, 100, 0},
      {{}, model::Level::kWarning, true, 1, 0},
      {{}, model::Level::kWarning, true, 37, 0},
      {{}, model::Level::kWarning, true, 101, 0},
      {{"gateway", "a b", "nobody"}, model::Level::kError, false, 333, 0},
      {{"gateway"}, model::Level::kError, true, 40, 25},
      {{"payment-service"}, model::Level::kFatal, false, 5000, 0},
      {{"' OR 1 == 1 //"}, model::Level::kWarning, false, 10, 0},
  };
  for (const Case& c : cases) {
    EventQuery query;
    query.range = {noon_ - milliseconds(30), noon_ + milliseconds(30) + Duration(100)};
    query.services = c.services;
    query.min_level = c.level;
    query.oldest_first = c.oldest_first;
    query.limit = c.limit;
    query.offset = c.offset;
    std::vector<model::LogRow> wanted;
    for (const auto& one : rows) {
      const bool of_these = c.services.empty() ||
                            std::find(c.services.begin(), c.services.end(), one.service) != c.services.end();
      if (query.range.contains(one.time) && of_these && one.level >= c.level) wanted.push_back(one);
    }
    std::stable_sort(wanted.begin(), wanted.end(), [&](const auto& a, const auto& b) {
      return c.oldest_first ? a.time < b.time : a.time > b.time;
    });
    wanted.erase(wanted.begin(),
                 wanted.begin() + static_cast<std::ptrdiff_t>(std::min(c.offset, wanted.size())));
    wanted.resize(std::min(c.limit, wanted.size()));
    Texts expected;
    for (const auto& one : wanted) expected.emplace_back(one.message);
    EXPECT_EQ(messages(query), expected) << model::to_string(c.level) << " limit " << c.limit;
    for (const auto& event : events(query)) EXPECT_EQ(event.extra, rows.front().extra);
  }
}

TEST_P(TelemetryContract, TextIsFoundWithoutRegardToCaseAndWithoutWildcards) {
  const Texts texts = {"Connection POOL exhausted",      "100% done", "a_b", "it's", "back\\slash",
                       "\xC3\xA9t\xC3\xA9 \xE2\x9C\x93", "axb"};
  for (std::size_t i = 0; i < texts.size(); ++i) put(row("a", texts[i], seconds(static_cast<int>(i))));
  struct Row {
    const char* text;
    Texts expected;
  };
  const Row rows[] = {{"pool EX", {texts[0]}}, {"%", {texts[1]}},  {"a_b", {texts[2]}},
                      {"it's", {texts[3]}},    {"\\", {texts[4]}}, {"\xC3\xA9t\xC3\xA9", {texts[5]}},
                      {"nothing like it", {}}};
  for (const Row& r : rows) {
    auto query = all();
    query.texts = {r.text};
    EXPECT_EQ(messages(query), r.expected) << r.text;
  }
}

TEST_P(TelemetryContract, OfSeveralTextsEachMustBeInTheMessageWhereverItIs) {
  put(row("a", "pool of the database exhausted"));
  put(row("a", "exhausted: the POOL", seconds(1)));
  put(row("a", "pool is fine", seconds(2)));
  auto query = all();
  query.texts = {"pool", "Exhausted"};
  EXPECT_EQ(messages(query), (Texts{"exhausted: the POOL", "pool of the database exhausted"}));
  EXPECT_EQ(store().count(query).value(), 2U);
  query.texts = {"pool", "exhausted", "the pool"};
  EXPECT_EQ(messages(query), Texts{"exhausted: the POOL"});
}

TEST_P(TelemetryContract, AllFieldsOfARowComeBack) {
  model::LogRow r{.time = noon_ + Duration(123456),
                  .service = "svc",
                  .message = std::string_view("nul\0inside", 10),
                  .trace_id = "t",
                  .span_id = "s",
                  .parent_id = "p",
                  .peer = "peer",
                  .host = "host",
                  .version = "1.2",
                  .extra = R"({"k":[1,{"x":null}]})",
                  .duration_ms = 12.25F,
                  .status_code = 404,
                  .level = model::Level::kWarning,
                  .span_kind = model::SpanKind::kServer,
                  .is_span = true};
  put(r);
  const auto found = events(all());
  ASSERT_EQ(found.size(), 1U);
  const auto& e = found.front();
  EXPECT_EQ(e.time, r.time);
  EXPECT_EQ(e.ingested, noon_);
  EXPECT_EQ(e.message, r.message);
  EXPECT_EQ(Texts({e.service, e.trace_id, e.span_id, e.parent_id, e.peer, e.host, e.version, e.extra}),
            Texts({"svc", "t", "s", "p", "peer", "host", "1.2", R"({"k":[1,{"x":null}]})"}));
  EXPECT_EQ(e.duration_ms, 12.25F);
  EXPECT_EQ(e.status_code, 404);
  EXPECT_EQ(e.level, model::Level::kWarning);
  EXPECT_EQ(e.span_kind, model::SpanKind::kServer);
  EXPECT_TRUE(e.is_span);
}

TEST_P(TelemetryContract, AMegabyteOfMessageComesBackWhole) {
  std::string large(1'000'000, 'x');
  large += "\xE2\x9C\x93 end";
  put(row("a", large));
  const auto found = events(all());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().message, large);
}

TEST_P(TelemetryContract, AnEmptyServiceIsSearchableAndInNoSlice) {
  put(row("", "orphan"));
  EXPECT_EQ(messages(all()), Texts{"orphan"});
  EXPECT_TRUE(store().slices({noon_, noon_ + minutes(1)}, seconds(60))->empty());
}

TEST_P(TelemetryContract, ADurationThatIsAbsentOrZeroOrHugeIsCountedAsWhatItIs) {
  put(row("a"));
  auto zero = row("a");
  zero.duration_ms = 0;
  put(zero);
  auto huge = row("a");
  huge.duration_ms = 1e9F;
  put(huge);
  const auto slices = store().slices({noon_, noon_ + minutes(1)}, seconds(60));
  ASSERT_EQ(slices->size(), 1U);
  EXPECT_EQ(slices->front().docs, 3U);
  model::LatencyHistogram expected;
  expected.add(0, 1);
  expected.add(model::kBins - 1, 1);
  EXPECT_EQ(slices->front().latency, expected);
}

TEST_P(TelemetryContract, DocumentsFromTheFutureAndFromLongAgoAreKeptAtTheirTime) {
  put(row("a", "future", hours(24 * 365)));
  put(row("a", "past", -hours(24 * 365 * 57)));
  EXPECT_EQ(messages(all()), (Texts{"future", "past"}));
  EXPECT_TRUE(store().slices({noon_ - hours(1), noon_ + hours(1)}, seconds(60))->empty());
}

TEST_P(TelemetryContract, ADocumentThatCameTwiceCountsTwice) {
  put(row("a"));
  put(row("a"));
  EXPECT_EQ(store().slices({noon_, noon_ + minutes(1)}, seconds(60))->front().docs, 2U);
}

TEST_P(TelemetryContract, ArrivalsTellWhichSlicesGotDocumentsAndHowLate) {
  model::DocumentBatch early;
  early.add(row("a"));
  put(std::move(early), noon_ + seconds(5));
  model::DocumentBatch late;
  late.add(row("a"));
  late.add(row("a", "x", seconds(10)));
  late.add(row("", "orphan"));
  put(std::move(late), noon_ + minutes(10));
  const auto found = store().arrivals({noon_ + minutes(1), noon_ + minutes(20)}, seconds(60));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(*found, (std::vector<model::Arrival>{{"a", noon_, 2, minutes(10)}}));
}

TEST_P(TelemetryContract, ArrivalsTellTheHostsApart) {
  model::DocumentBatch batch;
  for (const char* host : {"h1", "h2", "h1"}) {
    auto one = row("a");
    one.host = host;
    batch.add(one);
  }
  put(std::move(batch), noon_ + seconds(5));
  const auto found = store().arrivals({noon_, noon_ + minutes(1)}, seconds(60));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(*found, (std::vector<model::Arrival>{{"a", noon_, 2, seconds(5), "h1"},
                                                 {"a", noon_, 1, seconds(5), "h2"}}));
}

TEST_P(TelemetryContract, AnEmptyBatchIsAcknowledgedAndAnEmptyStoreAnswers) {
  put(model::DocumentBatch());
  EXPECT_TRUE(events(all()).empty());
  EXPECT_EQ(store().count(all()).value(), 0U);
  EXPECT_TRUE(store().slices({noon_, noon_ + minutes(1)}, seconds(60))->empty());
  EXPECT_FALSE(store().status()->extent);
}

TEST_P(TelemetryContract, StatusTellsRowsAndExtent) {
  put(row("a", "x"));
  put(row("a", "y", seconds(7)));
  const auto status = store().status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->rows, 2U);
  EXPECT_EQ(status->extent, (model::TimeRange{noon_, noon_ + seconds(7) + Duration(1)}));
}

}  // namespace

}  // namespace sentinel::telemetry
