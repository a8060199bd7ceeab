// Runs every story of this folder through the real engine on simulated time: real detection, correlation and
// incidents, stores in memory, a tick every 30 seconds.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <set>

#include "audience.hpp"
#include "base/text.hpp"
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
      : story_(story),
        store_(seconds(60)),
        unreliable_(store_),
        fleet_(story, start_),
        audience_(state_, story.channels) {
    (void)runbooks::seed_if_empty(state_);
    boot();
  }

  void run() {
    deliver(fleet_.requests(start_ - story_.baseline, start_), start_);
    ASSERT_TRUE(engine_->start(start_));
    std::size_t restarted = 0;
    std::vector<Fleet::Document> waiting;
    for (Duration at = story_.every; at <= story_.length; at += story_.every) {
      const Time now = start_ + at;
      for (auto& document : fleet_.requests(now - story_.every, now)) waiting.push_back(std::move(document));
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
      for (; done_ < story_.deeds.size() && at >= story_.deeds[done_].at; ++done_)
        act(story_.deeds[done_], now);
      auto report = engine_->tick(now);
      while (report && report->backlog) report = engine_->tick(now);
      EXPECT_EQ(report.has_value(), !unreliable_.down) << (report ? "" : report.error().text());
      for (const auto& gap : engine_->view()->telemetry_gaps) notices_.insert(gap.source);
      if (report) anomalies_ += static_cast<int>(report->anomalies.size());
      audience_.listen(now);
    }
  }

  std::vector<model::Incident> incidents(bool with_merged) {
    auto all = state_.incidents({.limit = 1000})->incidents;
    if (!with_merged)
      std::erase_if(all, [](const model::Incident& incident) { return !incident.merged_into.empty(); });
    return all;
  }
  std::vector<std::string> kinds(const std::string& id) {
    std::vector<std::string> all;
    const auto timeline = state_.timeline(id);
    for (const auto& event : *timeline) {
      if (event.kind != "updated") all.push_back(event.kind);
    }
    return all;
  }
  const std::map<std::string, int>& heard_of() const { return audience_.heard_of(); }
  const std::map<std::string, std::vector<std::string>>& told() const { return audience_.told(); }
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
  int anomalies() const { return anomalies_; }
  const std::set<std::string>& notices() const { return notices_; }
  Time start() const { return start_; }

 private:
  void boot() {
    engine::Settings settings;
    settings.channels = story_.channels;
    settings.interval = story_.every;
    engine_ = std::make_unique<engine::Engine>(
        engine::Engine::Deps{unreliable_, state_, Log(logger_, "scenario"), metrics_}, settings);
  }

  // Newest first, and the active before the others.
  std::string incident_of(const std::string& service) {
    const auto all = state_.incidents({.service = service, .limit = 1000});
    for (const bool active : {true, false}) {
      for (const auto& incident : all->incidents) {
        if (!active || incident.is_active()) return incident.id;
      }
    }
    return "";
  }

  void act(const Deed& deed, Time now) {
    engine::Engine& e = *engine_;
    const std::string id = deed.service.empty() ? "" : incident_of(deed.service);
    std::string failed;
    const auto keep = [&](const auto& done) {
      if (!done) failed = done.error().text();
    };
    if (deed.verb == "acknowledge") keep(e.acknowledge(id, deed.who, deed.why, now));
    if (deed.verb == "resolve") keep(e.resolve(id, deed.who, deed.why, now));
    if (deed.verb == "reopen") keep(e.reopen(id, deed.who, deed.why, now));
    if (deed.verb == "comment") keep(e.comment(id, deed.who, deed.why, now));
    if (deed.verb == "undo") keep(e.undo(id, deed.who, deed.why, now));
    if (deed.verb == "merge") keep(e.merge(id, incident_of(deed.into), deed.who, deed.why, now));
    if (deed.verb == "split") keep(e.split(id, deed.services, deed.who, deed.why, now));
    if (deed.verb == "silence") {
      model::Silence silence = deed.silence;
      silence.starts_at = now;
      silence.ends_at = now + (silence.ends_at - Time{});
      keep(e.put_silence(std::move(silence), now));
    }
    if (deed.verb == "expire") {
      const auto all = state_.silences();
      for (const auto& silence : *all) keep(e.expire_silence(silence.id, deed.who, now));
    }
    EXPECT_EQ(failed, "") << deed.verb << " of " << deed.service << " at +" << format_duration(deed.at)
                          << timelines();
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
  Audience audience_;
  std::size_t done_ = 0;  // of the deeds
  std::unique_ptr<engine::Engine> engine_;
  std::set<std::string> notices_;
  int anomalies_ = 0;
};

std::string describe(const std::vector<model::Incident>& incidents, Time start) {
  std::string text;
  for (const auto& i : incidents) {
    text += fmt::format("\n  {} {} {} +{} [{}] relapses {} suppressed {}{}{}{} causes:", i.id,
                        model::to_string(i.severity), model::to_string(i.state),
                        format_duration(i.created_at - start), fmt::join(i.services, ", "), i.reopened,
                        i.suppressed, i.flapping ? " flapping" : "", i.silenced_by.empty() ? "" : " silenced",
                        i.merged_into.empty() ? "" : " merged");
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
  if (!expected.state.empty() && expected.state != model::to_string(incident.state)) return false;
  if (incident.flapping != expected.flapping.value_or(incident.flapping)) return false;
  if (incident.silenced_by.empty() == expected.silenced.value_or(!incident.silenced_by.empty())) return false;
  if (incident.merged_into.empty() == expected.merged.value_or(false)) return false;
  if (incident.reopened != expected.relapses.value_or(incident.reopened)) return false;
  if (incident.suppressed < expected.suppressed_at_least) return false;
  return !expected.resolved || !incident.is_active();
}

bool has_history(const ExpectedIncident& expected, const std::vector<std::string>& kinds) {
  for (const auto& kind : expected.without) {
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return false;
  }
  return expected.kinds.empty() || kinds == expected.kinds;
}

// Each line of what was told, in order, as its glob says.
bool was_told(const std::vector<std::string>& globs, const std::vector<std::string>& lines) {
  return std::equal(globs.begin(), globs.end(), lines.begin(), lines.end(),
                    [](const std::string& glob, const std::string& line) { return glob_match(glob, line); });
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, Holds) {
  const auto story = read_story(std::string(SCENARIO_DIR) + "/" + GetParam() + ".yaml");
  ASSERT_TRUE(story) << story.error().text();
  World world(*story);
  world.run();
  const bool with_merged = std::any_of(story->incidents.begin(), story->incidents.end(),
                                       [](const auto& expected) { return expected.merged.has_value(); });
  auto found = world.incidents(with_merged);
  EXPECT_EQ(found.size(), story->incidents.size()) << story->about << describe(found, world.start());
  for (const auto& expected : story->incidents) {
    const bool there = std::any_of(found.begin(), found.end(), [&](const auto& incident) {
      return fits(expected, incident, world.start()) && has_history(expected, world.kinds(incident.id));
    });
    EXPECT_TRUE(there) << "no incident of " << expected.cause
                       << " as expected; found:" << describe(found, world.start()) << world.timelines();
  }
  EXPECT_LE(world.events(), static_cast<std::size_t>(story->events_at_most));
  EXPECT_GE(world.ledger(model::Coverage::kLate), story->late_slices_at_least.value_or(0));
  EXPECT_GE(world.late_docs(), static_cast<std::uint64_t>(story->late_docs_at_least.value_or(0)));
  EXPECT_EQ(world.notices(), std::set<std::string>(story->notices.begin(), story->notices.end()));
  for (const auto& text : story->says)
    EXPECT_NE(world.timelines().find(text), std::string::npos) << text << world.timelines();
  EXPECT_GE(world.anomalies(), story->anomalies_at_least);
  for (const auto& [channel, count] : story->heard_of)
    EXPECT_EQ(world.heard_of().at(channel), count) << channel << world.timelines();
  for (const auto& [channel, globs] : story->told) {
    ASSERT_TRUE(world.told().contains(channel)) << "no channel " << channel;
    const auto& lines = world.told().at(channel);
    EXPECT_TRUE(was_told(globs, lines))
        << channel << " was told:\n  " << fmt::format("{}", fmt::join(lines, "\n  ")) << world.timelines();
  }
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
