#include "detect/detector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

#include "base/rng.hpp"

namespace sentinel::detect {
namespace {

constexpr std::int64_t kMinute = 60'000'000;
// A midnight, so that blocks and hours are where a reader expects them.
constexpr std::int64_t kStart = 20'000LL * 24 * 60;

Time minute(std::int64_t m) { return time_from_micros((kStart + m) * kMinute); }

model::Slice slice_of(const std::string& service, std::int64_t m, std::uint64_t docs, std::uint64_t errors) {
  model::Slice s;
  s.service = service;
  s.start = minute(m);
  s.docs = docs;
  s.errors = errors;
  return s;
}

FleetSlice fleet(std::int64_t m, std::vector<model::Slice> services) {
  return FleetSlice{minute(m), std::move(services), {}, true};
}

const model::Anomaly* find(const std::vector<model::Anomaly>& anomalies, std::string_view service,
                           std::string_view metric) {
  const auto it = std::find_if(anomalies.begin(), anomalies.end(),
                               [&](const auto& a) { return a.service == service && a.metric == metric; });
  return it == anomalies.end() ? nullptr : &*it;
}

// A fleet with noise, latency, a gauge and trouble now and then: what the property tests replay.
class RandomFleet {
 public:
  explicit RandomFleet(std::uint64_t seed) : rng_(seed) {}

  FleetSlice next() {
    FleetSlice out;
    const std::int64_t m = minute_++;
    out.start = minute(m);
    out.known = m % 211 != 17;
    for (int i = 0; i < 4; ++i) {
      const bool bad = m % 300 > 240 && i == 1;
      model::Slice s = slice_of("svc-" + std::to_string(i), m, 0, 0);
      if (i == 3 && (m < 40 || m % 500 > 450)) continue;
      s.docs = static_cast<std::uint64_t>(rng_.poisson(i == 2 ? 2 : 60));
      s.errors = std::min<std::uint64_t>(s.docs, static_cast<std::uint64_t>(rng_.poisson(bad ? 9 : 1)));
      for (std::uint64_t d = 0; d < s.docs; ++d)
        s.latency.add_ms((bad ? 300 : 100) * std::exp(0.5 * rng_.normal()));
      out.services.push_back(s);
      out.metrics.push_back({s.service, "cpu", s.start, 2, 2 * (bad ? 0.9 : 0.3) + 0.02 * rng_.normal()});
    }
    return out;
  }

 private:
  Rng rng_;
  std::int64_t minute_ = 0;
};

Settings with_gauge(Method method) {
  Settings settings;
  settings.method = method;
  settings.metrics = {{"cpu", MetricSetting::Direction::kBoth}};
  return settings;
}

bool same(const std::vector<model::Anomaly>& a, const std::vector<model::Anomaly>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.service == y.service && x.metric == y.metric && x.score == y.score && x.sentence == y.sentence &&
           x.observed == y.observed && x.expected == y.expected && x.stddev == y.stddev && x.at == y.at;
  });
}

TEST(Detector, RestoredStateGoesOnBitForBit) {
  for (const Method method : {Method::kRobust, Method::kZscore}) {
    Rng rng(7);
    for (int round = 0; round < 4; ++round) {
      RandomFleet world(static_cast<std::uint64_t>(round) + 1);
      const std::int64_t stop = rng.integer(20, 700);
      Detector one(with_gauge(method));
      for (std::int64_t m = 0; m < stop; ++m) one.close(world.next());
      auto other = Detector::restore(with_gauge(method), one.snapshot());
      ASSERT_TRUE(other.has_value()) << other.error().text();
      EXPECT_EQ(other->newest_closed(), one.newest_closed());
      for (int m = 0; m < 400; ++m) {
        const FleetSlice slice = world.next();
        ASSERT_TRUE(same(one.close(slice), other->close(slice))) << "seed " << round << ", stop " << stop;
      }
      EXPECT_EQ(one.snapshot(), other->snapshot()) << "seed " << round << ", stop " << stop;
    }
  }
}

TEST(Detector, PreviewsNeverReachTheState) {
  RandomFleet world(3);
  Detector watched(with_gauge(Method::kRobust));
  Detector alone(with_gauge(Method::kRobust));
  std::vector<FleetSlice> open = {world.next(), world.next()};
  for (int m = 0; m < 500; ++m) {
    open.push_back(world.next());
    watched.close(open.front());
    alone.close(open.front());
    open.erase(open.begin());
    watched.preview(open);
    watched.explain("svc-1", open);
  }
  EXPECT_EQ(watched.snapshot(), alone.snapshot());
}

TEST(Detector, UserThresholdsNeverReachTheState) {
  Settings lenient = with_gauge(Method::kRobust);
  lenient.thresholds = {9, 8, 7, 6};
  Detector a(with_gauge(Method::kRobust));
  Detector b(lenient);
  RandomFleet world(5);
  for (int m = 0; m < 600; ++m) {
    const FleetSlice slice = world.next();
    a.close(slice);
    b.close(slice);
  }
  EXPECT_EQ(a.snapshot(), b.snapshot());
}

TEST(Detector, RefusesSnapshotsItCannotTrust) {
  Detector detector(with_gauge(Method::kRobust));
  RandomFleet world(1);
  for (int m = 0; m < 200; ++m) detector.close(world.next());
  const std::string good = detector.snapshot();
  Settings other = with_gauge(Method::kRobust);
  other.slice = seconds(30);
  EXPECT_EQ(Detector::restore(other, good).error().kind, ErrorKind::kConflict);
  Rng rng(2);
  for (int i = 0; i < 200; ++i) {
    std::string bad = good;
    bad[static_cast<std::size_t>(rng.integer(0, static_cast<std::int64_t>(good.size()) - 1))] ^= 0x20;
    EXPECT_FALSE(Detector::restore(with_gauge(Method::kRobust), bad).has_value());
    const auto cut = static_cast<std::size_t>(rng.integer(0, static_cast<std::int64_t>(good.size()) - 1));
    EXPECT_FALSE(Detector::restore(with_gauge(Method::kRobust), good.substr(0, cut)).has_value());
  }
}

// Closes minutes [from, to) of a fleet whose slices `make` builds.
std::vector<model::Anomaly> run(Detector& detector, std::int64_t from, std::int64_t to,
                                const std::function<FleetSlice(std::int64_t)>& make) {
  std::vector<model::Anomaly> last;
  for (std::int64_t m = from; m < to; ++m) last = detector.close(make(m));
  return last;
}

TEST(Detector, ErrorsCarryTheNumbersThatExplainThem) {
  Detector detector{Settings{}};
  const auto found = run(
      detector, 0, 185, [](std::int64_t m) { return fleet(m, {slice_of("pay", m, 100, m < 180 ? 1 : 20)}); });
  const auto* a = find(found, "pay", model::kErrorRate);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->severity, model::Severity::kP1);
  EXPECT_EQ(a->observed, 100);
  EXPECT_NEAR(a->expected, 5, 0.5);
  EXPECT_EQ(a->horizon, minutes(5));
  EXPECT_EQ(a->window.from, minute(180));
  EXPECT_EQ(a->window.to, minute(185));
  EXPECT_EQ(a->docs, 500U);
  ASSERT_TRUE(a->band_high.has_value());
  EXPECT_LT(*a->band_high, 100);
  EXPECT_NE(a->sentence.find("100 errors in 5 min where"), std::string::npos) << a->sentence;
  EXPECT_NE(a->sentence.find("learning: service is 3 h 5 min old"), std::string::npos) << a->sentence;
}

TEST(Detector, PreviewFindsWhatTheOpenSliceShows) {
  Detector detector{Settings{}};
  run(detector, 0, 180, [](std::int64_t m) { return fleet(m, {slice_of("pay", m, 100, 1)}); });
  const std::vector<FleetSlice> calm = {fleet(180, {slice_of("pay", 180, 100, 1)})};
  EXPECT_TRUE(detector.preview(calm).empty());
  const std::vector<FleetSlice> bad = {fleet(180, {slice_of("pay", 180, 100, 40)}),
                                       fleet(181, {slice_of("pay", 181, 60, 30)})};
  const auto found = detector.preview(bad);
  const auto* a = find(found, "pay", model::kErrorRate);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->at, minute(182));
  EXPECT_TRUE(model::worse(a->severity, model::Severity::kP3)) << a->sentence;
}

TEST(Detector, ASilentServiceIsFoundWhileOthersTalk) {
  Detector detector{Settings{}};
  const auto found = run(detector, 0, 183, [](std::int64_t m) {
    std::vector<model::Slice> s = {slice_of("a", m, 60, 0), slice_of("b", m, 60, 0), slice_of("c", m, 60, 0)};
    if (m >= 180) s.erase(s.begin());
    return fleet(m, s);
  });
  const auto* a = find(found, "a", model::kSilence);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->severity, model::Severity::kP1);
  EXPECT_NE(a->sentence.find("last one 3 min ago"), std::string::npos) << a->sentence;
  EXPECT_FALSE(detector.telemetry_gap().has_value());
}

TEST(Detector, HalfTheFleetSilentAtOnceIsOneGap) {
  Detector detector{Settings{}};
  std::size_t silences = 0;
  for (std::int64_t m = 0; m < 200; ++m) {
    std::vector<model::Slice> s;
    for (int i = 0; i < 6; ++i) {
      if (m < 180 || i >= 3) s.push_back(slice_of("svc" + std::to_string(i), m, 60, 0));
    }
    for (const auto& a : detector.close(fleet(m, s))) silences += a.metric == model::kSilence ? 1 : 0;
  }
  EXPECT_EQ(silences, 0U);
  const auto gap = detector.telemetry_gap();
  ASSERT_TRUE(gap.has_value());
  EXPECT_FALSE(gap->whole_fleet);
  EXPECT_EQ(gap->services, (std::vector<std::string>{"svc0", "svc1", "svc2"}));
  EXPECT_EQ(gap->since, minute(180));
}

TEST(Detector, AFleetThatSendsNothingIsAGapAndTeachesNothing) {
  Detector gap{Settings{}};
  Detector told{Settings{}};
  for (std::int64_t m = 0; m < 400; ++m) {
    const bool missing = m >= 180 && m < 240;
    FleetSlice slice = fleet(m, {});
    if (!missing) slice.services = {slice_of("a", m, 60, 1), slice_of("b", m, 40, 0)};
    EXPECT_TRUE(gap.close(slice).empty()) << m;
    EXPECT_EQ(gap.telemetry_gap().has_value(), missing) << m;
    slice.known = !missing;
    told.close(slice);
  }
  EXPECT_EQ(gap.snapshot(), told.snapshot());
}

TEST(Detector, ASmallFleetMayBeQuietForAMinute) {
  Detector detector{Settings{}};
  run(detector, 0, 120,
      [](std::int64_t m) { return fleet(m, {slice_of("cron", m, m % 5 == 0 ? 3 : 0, 0)}); });
  EXPECT_FALSE(detector.is_gap(fleet(120, {})));
}

TEST(Detector, ForgetsAServiceAfterEightDays) {
  Detector detector{Settings{}};
  const auto make = [](std::int64_t m) {
    std::vector<model::Slice> s = {slice_of("stays", m, 30, 0)};
    if (m < 60) s.push_back(slice_of("goes", m, 30, 0));
    return fleet(m, s);
  };
  run(detector, 0, 8 * 24 * 60, make);
  EXPECT_EQ(detector.services(), (std::vector<std::string>{"goes", "stays"}));
  run(detector, 8 * 24 * 60, 8 * 24 * 60 + 120, make);
  EXPECT_EQ(detector.services(), (std::vector<std::string>{"stays"}));
}

TEST(Detector, ZscoreAlertsOnTheCountWhateverTheTraffic) {
  Settings settings;
  settings.method = Method::kZscore;
  Detector detector(settings);
  Rng rng(4);
  const auto found = run(detector, 0, 125, [&rng](std::int64_t m) {
    const auto errors = static_cast<std::uint64_t>(rng.integer(1, 3));
    return fleet(m, {slice_of("pay", m, 100, m < 120 ? errors : 9)});
  });
  const auto* a = find(found, "pay", model::kErrorRate);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->observed, 45);
  EXPECT_NE(a->sentence.find("where the last 11 windows average"), std::string::npos) << a->sentence;
}

TEST(Detector, ZscoreNeedsTenWindows) {
  Settings settings;
  settings.method = Method::kZscore;
  Detector detector(settings);
  const auto make = [](std::int64_t m) {
    return fleet(m, {slice_of("pay", m, 100, m >= 45 ? 50U : static_cast<std::uint64_t>(m / 5 % 2))});
  };
  EXPECT_TRUE(run(detector, 0, 50, make).empty());
}

TEST(Detector, ExplainSaysWhyThereIsNoAlert) {
  Detector detector{Settings{}};
  run(detector, 0, 180, [](std::int64_t m) { return fleet(m, {slice_of("pay", m, 100, 1)}); });
  const std::vector<FleetSlice> burst = {fleet(180, {slice_of("pay", 180, 100, 25)})};
  const auto explained = detector.explain("pay", burst);
  const auto it = std::find_if(explained.begin(), explained.end(),
                               [](const auto& e) { return e.metric == model::kErrorRate; });
  ASSERT_NE(it, explained.end());
  ASSERT_EQ(it->horizons.size(), 3U);
  EXPECT_EQ(it->horizons[0].observed, 29);
  const auto& gates = it->horizons[0].gates;
  EXPECT_TRUE(std::any_of(gates.begin(), gates.end(), [](const auto& g) { return g.starts_with("burst:"); }));
  EXPECT_LT(it->score, 2);
}

TEST(Detector, ExplainOfAnUnknownServiceIsEmpty) {
  EXPECT_TRUE(Detector{Settings{}}.explain("nobody", {}).empty());
}

TEST(Detector, UserThresholdsMoveTheSeverityAndItsCap) {
  Settings settings;
  settings.thresholds = {30, 25, 20, 1};
  Detector detector(settings);
  const auto found = run(
      detector, 0, 185, [](std::int64_t m) { return fleet(m, {slice_of("pay", m, 100, m < 180 ? 1 : 20)}); });
  const auto* a = find(found, "pay", model::kErrorRate);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->severity, model::Severity::kP4);
}

TEST(Detector, AGaugeThatRisesIsFoundAndAFallOnlyWhenAskedFor) {
  for (const auto& [direction, after, expected] :
       std::vector<std::tuple<MetricSetting::Direction, double, bool>>{
           {MetricSetting::Direction::kUp, 90, true},
           {MetricSetting::Direction::kUp, 5, false},
           {MetricSetting::Direction::kDown, 5, true},
           {MetricSetting::Direction::kBoth, 90, true},
           {MetricSetting::Direction::kBoth, 5, true}}) {
    Settings settings;
    settings.metrics = {{"cpu", direction}};
    Detector detector(settings);
    Rng rng(11);
    const auto found = run(detector, 0, 310, [&, after_value = after](std::int64_t m) {
      FleetSlice slice = fleet(m, {});
      const double value = (m < 300 ? 40 : after_value) + rng.normal();
      slice.metrics = {{"db", "cpu", minute(m), 2, 2 * value}, {"db", "disk", minute(m), 1, 5}};
      return slice;
    });
    const auto* a = find(found, "db", "cpu");
    EXPECT_EQ(a != nullptr, expected) << "value " << after;
    if (a != nullptr) {
      EXPECT_NEAR(a->observed, after, 2);
    }
    EXPECT_EQ(find(found, "db", "disk"), nullptr);
  }
}

// 3 hours of a service with 60 documents a minute; the documents of minutes 180 to 185 come late.
class LateDocuments : public testing::Test {
 protected:
  LateDocuments() {
    for (std::int64_t m = 0; m < 180; ++m)
      detector_.close(fleet(m, {ordinary("pay", m), ordinary("stock", m)}));
    for (std::int64_t m = 180; m < 186; ++m) detector_.close(fleet(m, {ordinary("stock", m)}));
  }
  static model::Slice ordinary(const std::string& service, std::int64_t m) {
    model::Slice s = slice_of(service, m, 60, m % 3 == 0 ? 1 : 0);
    for (int i = 0; i < 60; ++i) s.latency.add_ms(100 + i % 7);
    return s;
  }
  Detector detector_{Settings{}};
};

TEST_F(LateDocuments, ThatWereNotFailingTakeTheSilenceBack) {
  ASSERT_NE(find(detector_.preview({}), "pay", model::kSilence), nullptr);
  std::vector<model::Slice> late;
  for (std::int64_t m = 180; m < 186; ++m) late.push_back(ordinary("pay", m));
  const Amended found = detector_.amend(late);
  EXPECT_EQ(found.silences_ended, std::vector<std::string>{"pay"});
  EXPECT_TRUE(found.anomalies.empty());
  EXPECT_EQ(find(detector_.preview({}), "pay", model::kSilence), nullptr);
}

TEST_F(LateDocuments, ThatWereFailingAreJudgedInTheirOwnWindow) {
  std::vector<model::Slice> late;
  for (std::int64_t m = 180; m < 184; ++m) late.push_back(slice_of("pay", m, 60, 30));
  const Amended found = detector_.amend(late);
  const auto* errors = find(found.anomalies, "pay", model::kErrorRate);
  ASSERT_NE(errors, nullptr);
  EXPECT_TRUE(errors->late);
  EXPECT_GT(errors->observed, 50);
  EXPECT_GE(errors->at, minute(181));
  EXPECT_LE(errors->at, minute(184));
}

TEST_F(LateDocuments, LatencyIsJudgedAgainToo) {
  std::vector<model::Slice> late;
  for (std::int64_t m = 180; m < 184; ++m) {
    model::Slice s = slice_of("pay", m, 60, 0);
    for (int i = 0; i < 60; ++i) s.latency.add_ms(900);
    late.push_back(s);
  }
  const auto found = detector_.amend(late);
  const auto* slow = find(found.anomalies, "pay", model::kLatencyP99);
  ASSERT_NE(slow, nullptr);
  EXPECT_GT(slow->observed, 500);
}

TEST_F(LateDocuments, OfAnUnknownServiceOrLongAgoChangeNothing) {
  const std::string before = detector_.snapshot();
  const std::vector<model::Slice> late = {slice_of("nobody", 184, 60, 30), slice_of("pay", 20, 60, 30)};
  EXPECT_TRUE(detector_.amend(late).anomalies.empty());
  EXPECT_EQ(detector_.snapshot(), before);
}

TEST_F(LateDocuments, TheSameAgainGivesTheSameState) {
  const std::vector<model::Slice> late = {ordinary("pay", 181), ordinary("pay", 182)};
  detector_.amend(late);
  const std::string once = detector_.snapshot();
  detector_.amend(late);
  EXPECT_EQ(detector_.snapshot(), once);
}

TEST_F(LateDocuments, StateAfterThemGoesOnAfterARestart) {
  detector_.amend(std::vector<model::Slice>{ordinary("pay", 182), slice_of("pay", 183, 60, 20)});
  auto other = Detector::restore(Settings{}, detector_.snapshot());
  ASSERT_TRUE(other) << other.error().text();
  for (std::int64_t m = 186; m < 260; ++m) {
    const FleetSlice slice = fleet(m, {ordinary("pay", m), ordinary("stock", m)});
    ASSERT_TRUE(same(detector_.close(slice), other->close(slice)));
  }
  EXPECT_EQ(detector_.snapshot(), other->snapshot());
}

TEST(Detector, AnUnheardServiceIsNotSilentAndLearnsNothing) {
  Detector detector{Settings{}};
  const auto both = [](std::int64_t m) {
    return fleet(m, {slice_of("pay", m, 60, 0), slice_of("stock", m, 60, 0), slice_of("mail", m, 60, 0)});
  };
  for (std::int64_t m = 0; m < 180; ++m) detector.close(both(m));
  for (std::int64_t m = 180; m < 220; ++m) {
    FleetSlice slice = fleet(m, {slice_of("mail", m, 60, 0)});
    slice.unheard = {"pay", "stock"};
    EXPECT_TRUE(detector.close(slice).empty()) << "minute " << m;
  }
  for (std::int64_t m = 220; m < 240; ++m) EXPECT_TRUE(detector.close(both(m)).empty()) << "minute " << m;
}

}  // namespace
}  // namespace sentinel::detect
