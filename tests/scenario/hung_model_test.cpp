// A model's API that hangs for the whole story: when incidents are opened, and what is announced, is the same
// as without it.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "app/analysis/analyst.hpp"
#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "fleet.hpp"
#include "runbooks/runbooks.hpp"
#include "state/memory/memory_state.hpp"
#include "story.hpp"
#include "telemetry/replay/replay_store.hpp"

namespace sentinel::scenario {
namespace {

// Takes every question and never answers, until it is stopped.
class Hanging final : public net::Transport {
 public:
  Result<net::ClientResponse> send(const net::ClientRequest&, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, stop, [] { return false; });
    return fail(ErrorKind::kUnavailable, "stopped");
  }
  bool was_asked() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return asked_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int asked_ = 0;
};

struct Told {
  std::vector<std::string> incidents;  // id, when, severity, state
  std::vector<std::string> events;
  std::size_t outbox = 0;
  std::vector<model::AnalysisRecord> records;
};

Told run_story(const Story& story, net::Transport* transport) {
  const Time start = *parse_rfc3339("2026-03-02T10:00:00Z");
  telemetry::ReplayStore store(seconds(60));
  state::MemoryState state;
  NullLogger logger;
  NullMetrics metrics;
  ManualClock clock(start);
  Fleet fleet(story, start);
  (void)runbooks::seed_if_empty(state);
  engine::Settings settings;
  settings.channels.push_back({.name = "pager"});
  engine::Engine engine({store, state, Log(logger, "scenario"), metrics}, settings);
  std::optional<app::Analyst> analyst;
  if (transport != nullptr) {
    app::AnalystSettings s;
    s.api.key = "k";
    analyst.emplace(app::Analyst::Deps{engine, state, *transport, clock, Log(logger, "scenario"), metrics},
                    s);
  }
  const auto deliver = [&](const std::vector<Fleet::Document>& documents, Time now) {
    model::DocumentBatch batch;
    for (const auto& d : documents) {
      model::LogRow row{.time = d.at,
                        .service = d.service,
                        .message = d.message,
                        .trace_id = d.trace,
                        .span_id = d.span,
                        .parent_id = d.parent,
                        .version = d.version};
      row.duration_ms = static_cast<float>(d.duration_ms);
      row.status_code = d.failed ? 500 : 200;
      row.level = d.failed ? model::Level::kError : model::Level::kInfo;
      batch.add(row);
    }
    ASSERT_TRUE(telemetry::write(store, std::move(batch), now));
  };
  deliver(fleet.requests(start - story.baseline, start), start);
  EXPECT_TRUE(engine.start(start));
  if (analyst) {
    EXPECT_TRUE(analyst->start());
  }
  Told told;
  for (Duration at = seconds(30); at <= story.length; at += seconds(30)) {
    const Time now = start + at;
    clock.set(now);
    deliver(fleet.requests(now - seconds(30), now), now);
    const auto report = engine.tick(now);
    EXPECT_TRUE(report);
    if (!report) break;
    if (analyst) analyst->consider(report->changed);
    for (const auto& event : report->events)
      told.events.push_back(event.incident_id + " " + event.kind + " " + format_clock(event.at));
  }
  if (analyst) {
    EXPECT_TRUE(static_cast<Hanging*>(transport)->was_asked());
    analyst->stop();
  }
  const auto page = state.incidents({.limit = 100});
  for (const auto& i : page->incidents)
    told.incidents.push_back(
        i.id + " " + format_clock(i.created_at) + " " + std::string(model::to_string(i.severity)) + " " +
        std::string(model::to_string(i.state)) + " " + (i.analysis ? i.analysis->source : "none"));
  told.outbox = state.outbox(std::nullopt, 10'000)->size();
  const auto records = state.analyses({});
  told.records = *records;
  return told;
}

TEST(HungModel, DelaysNeitherIncidentsNorMessages) {
  auto story = read_story(std::string(SCENARIO_DIR) + "/cascade_of_four.yaml");
  ASSERT_TRUE(story) << story.error().text();
  const Told without = run_story(*story, nullptr);
  Hanging hanging;
  const Told with = run_story(*story, &hanging);
  ASSERT_FALSE(without.incidents.empty());
  EXPECT_EQ(with.incidents, without.incidents);
  EXPECT_EQ(with.events, without.events);
  EXPECT_EQ(with.outbox, without.outbox);
  EXPECT_GT(with.outbox, 0U);
  ASSERT_FALSE(with.records.empty());
  EXPECT_EQ(with.records.front().outcome, "stopped");  // to be taken up at the next start
}

}  // namespace
}  // namespace sentinel::scenario
