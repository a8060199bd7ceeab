// Runs every story of this folder through the real engine on simulated time: real detection, correlation and
// incidents, stores in memory, a tick every 30 seconds.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <set>

#include "engine/engine.hpp"
#include "fleet.hpp"
#include "runbooks/runbooks.hpp"
#include "state/memory/memory_state.hpp"
#include "telemetry/replay/replay_store.hpp"

namespace sentinel::scenario {
namespace {

// The replay store behind a switch: while it is down, every question fails.
class Unreliable final : public telemetry::TelemetryStore {
 public:
  explicit Unreliable(telemetry::TelemetryStore& inner) : inner_(inner) {}
  bool down = false;

  Result<std::vector<model::Slice>> slices(model::TimeRange r, Duration s) override {
    SENTINEL_TRY(up());
    return inner_.slices(r, s);
  }
  Result<std::vector<model::CallSlice>> calls(model::TimeRange r, Duration s) override {
    SENTINEL_TRY(up());
    return inner_.calls(r, s);
  }
  Result<std::vector<model::MetricSlice>> metrics(model::TimeRange r, Duration s,
                                                  const std::vector<std::string>& n) override {
    SENTINEL_TRY(up());
    return inner_.metrics(r, s, n);
  }
  Result<std::vector<model::LogEvent>> events(const telemetry::EventQuery& q) override {
    SENTINEL_TRY(up());
    return inner_.events(q);
  }
  Result<std::uint64_t> count(const telemetry::EventQuery& q) override {
    SENTINEL_TRY(up());
    return inner_.count(q);
  }
  Result<std::vector<model::Arrival>> arrivals(model::TimeRange r, Duration s) override {
    SENTINEL_TRY(up());
    return inner_.arrivals(r, s);
  }
  Result<telemetry::StoreStatus> status() override {
    SENTINEL_TRY(up());
    return inner_.status();
  }

 private:
  Result<void> up() const {
    if (down) return fail(ErrorKind::kUnavailable, "the store is down");
    return {};
  }
  telemetry::TelemetryStore& inner_;
};

bool within(const std::vector<std::pair<Duration, Duration>>& stretches, Duration at) {
  return std::any_of(stretches.begin(), stretches.end(),
                     [&](const auto& s) { return at >= s.first && at < s.second; });
}

class World {
 public:
  explicit World(const Story& story)
      : story_(story), store_(seconds(60)), unreliable_(store_), fleet_(story, start_) {
    (void)runbooks::seed_if_empty(state_);
    boot();
  }

  void run() {
    deliver(fleet_.requests(start_ - story_.baseline, start_), start_);
    ASSERT_TRUE(engine_->start(start_));
    std::size_t restarted = 0;
    std::vector<Fleet::Document> waiting;
    for (Duration at = seconds(30); at <= story_.length; at += seconds(30)) {
      const Time now = start_ + at;
      for (auto& document : fleet_.requests(now - seconds(30), now)) waiting.push_back(std::move(document));
      std::vector<Fleet::Document> due;
      std::erase_if(waiting, [&](Fleet::Document& d) {
        if (d.arrives > now) return false;
        due.push_back(std::move(d));
        return true;
      });
      deliver(due, now);
      unreliable_.down = within(story_.store_down, at);
      if (restarted < story_.restarts.size() && at >= story_.restarts[restarted]) {
        ++restarted;
        boot();  // without a flush, as after a crash
        ASSERT_TRUE(engine_->start(now));
      }
      auto report = engine_->tick(now);
      while (report && report->backlog) report = engine_->tick(now);
      EXPECT_EQ(report.has_value(), !unreliable_.down) << (report ? "" : report.error().text());
      for (const auto& gap : engine_->view()->telemetry_gaps) notices_.insert(gap.source);
    }
  }

  std::vector<model::Incident> incidents() {
    auto all = state_.incidents({.limit = 1000})->incidents;
    std::erase_if(all, [](const model::Incident& incident) { return !incident.merged_into.empty(); });
    return all;
  }
  std::size_t events() {
    std::size_t total = 0;
    const auto page = state_.incidents({.limit = 1000});
    for (const auto& incident : page->incidents) total += state_.timeline(incident.id)->size();
    return total;
  }
  int ledger(model::Coverage coverage) {
    int count = 0;
    const auto entries = state_.ledger({start_ - hours(1000), start_ + hours(1000)});
    for (const auto& entry : *entries) count += entry.coverage == coverage ? 1 : 0;
    return count;
  }
  std::uint64_t late_docs() {
    std::uint64_t count = 0;
    const auto entries = state_.ledger({start_ - hours(1000), start_ + hours(1000)});
    for (const auto& entry : *entries) count += entry.late_docs;
    return count;
  }
  std::string timelines() {
    std::string text;
    const auto page = state_.incidents({.limit = 1000});
    for (const auto& incident : page->incidents) {
      const auto timeline = state_.timeline(incident.id);
      for (const auto& event : *timeline)
        text += fmt::format("\n  +{} {}: {}", format_duration(event.at - start_), event.kind, event.text);
    }
    return text;
  }
  const std::set<std::string>& notices() const { return notices_; }
  Time start() const { return start_; }

 private:
  void boot() {
    engine_ = std::make_unique<engine::Engine>(
        engine::Engine::Deps{unreliable_, state_, Log(logger_, "scenario"), metrics_}, engine::Settings{});
  }
  void deliver(const std::vector<Fleet::Document>& documents, Time now) {
    model::DocumentBatch batch;
    for (const auto& d : documents) {
      model::LogRow row{.time = d.at,
                        .service = d.service,
                        .message = d.message,
                        .trace_id = d.trace,
                        .span_id = d.span,
                        .parent_id = d.parent,
                        .host = d.host,
                        .version = d.version};
      row.duration_ms = static_cast<float>(d.duration_ms);
      row.status_code = d.failed ? 500 : 200;
      row.level = d.failed ? model::Level::kError : model::Level::kInfo;
      batch.add(row);
    }
    ASSERT_TRUE(telemetry::write(store_, std::move(batch), now));
  }

  const Story& story_;
  Time start_ = *parse_rfc3339("2026-03-02T10:00:00Z");
  telemetry::ReplayStore store_;
  Unreliable unreliable_;
  state::MemoryState state_;
  NullLogger logger_;
  NullMetrics metrics_;
  Fleet fleet_;
  std::unique_ptr<engine::Engine> engine_;
  std::set<std::string> notices_;
};

std::string describe(const std::vector<model::Incident>& incidents, Time start) {
  std::string text;
  for (const auto& i : incidents) {
    text += fmt::format("\n  {} {} +{} [{}] causes:", i.id, model::to_string(i.severity),
                        format_duration(i.created_at - start), fmt::join(i.services, ", "));
    for (const auto& cause : i.causes) text += fmt::format(" {} {:.2f}", cause.service, cause.probability);
    for (const auto& anomaly : i.anomalies)
      text += fmt::format("\n      {} {} {} {:.2f}: {}", anomaly.service, anomaly.metric,
                          model::to_string(anomaly.severity), anomaly.score, anomaly.sentence);
  }
  return text;
}

bool fits(const ExpectedIncident& expected, const model::Incident& incident, Time start) {
  if (incident.services.empty() || incident.services.front() != expected.cause) return false;
  for (const auto& service : expected.services) {
    if (std::find(incident.services.begin(), incident.services.end(), service) == incident.services.end())
      return false;
  }
  const auto severity = std::string(model::to_string(incident.severity));
  if (!expected.severities.empty() && std::find(expected.severities.begin(), expected.severities.end(),
                                                severity) == expected.severities.end())
    return false;
  if (expected.before && incident.created_at > start + *expected.before) return false;
  return !expected.resolved || !incident.is_active();
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, Holds) {
  const auto story = read_story(std::string(SCENARIO_DIR) + "/" + GetParam() + ".yaml");
  ASSERT_TRUE(story) << story.error().text();
  World world(*story);
  world.run();
  auto found = world.incidents();
  EXPECT_EQ(found.size(), story->incidents.size()) << story->about << describe(found, world.start());
  for (const auto& expected : story->incidents) {
    const bool there = std::any_of(found.begin(), found.end(), [&](const auto& incident) {
      return fits(expected, incident, world.start());
    });
    EXPECT_TRUE(there) << "no incident of " << expected.cause
                       << " as expected; found:" << describe(found, world.start());
  }
  EXPECT_LE(world.events(), static_cast<std::size_t>(story->events_at_most));
  EXPECT_GE(world.ledger(model::Coverage::kLate), story->late_slices_at_least.value_or(0));
  EXPECT_GE(world.late_docs(), static_cast<std::uint64_t>(story->late_docs_at_least.value_or(0)));
  EXPECT_EQ(world.notices(), std::set<std::string>(story->notices.begin(), story->notices.end()));
  for (const auto& text : story->says)
    EXPECT_NE(world.timelines().find(text), std::string::npos) << text << world.timelines();
  EXPECT_GE(world.ledger(model::Coverage::kGap), story->gap_slices_at_least.value_or(0));
}

std::vector<std::string> stories() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SCENARIO_DIR)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Stories, Scenario, testing::ValuesIn(stories()),
                         [](const auto& param_info) { return param_info.param; });

}  // namespace
}  // namespace sentinel::scenario
