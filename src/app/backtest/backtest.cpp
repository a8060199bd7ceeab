#include "app/backtest/backtest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/log.hpp"
#include "engine/engine.hpp"
#include "model/ledger.hpp"
#include "runbooks/runbooks.hpp"
#include "state/memory/memory_state.hpp"
#include "telemetry/replay/replay_store.hpp"

namespace sentinel::app {
namespace {

// Raw documents are needed as far back as correlation may look: its window, an hour of an open incident, and
// the baseline sample before it.
constexpr Duration kRawDocuments = minutes(100);
constexpr Duration kAggregates = hours(3);
// How often progress is told, in ticks.
constexpr std::uint64_t kProgressTicks = 20;

// Follows the incidents from tick to tick, because the state at the end no longer says what stood where when.
class OpeningBook {
 public:
  void note(const engine::TickReport& report, Time now) {
    for (const auto& incident : report.changed) {
      if (!incident.merged_into.empty()) {
        for (const auto i : of_[incident.id]) dropped_.push_back(i);
        of_.erase(incident.id);
        continue;
      }
      auto& mine = of_[incident.id];
      // One tick may resolve and reopen: each reopening is an opening of its own.
      while (mine.size() < static_cast<std::size_t>(incident.reopened) + 1) {
        Opening opening;
        opening.id = mine.empty() ? incident.id : fmt::format("{}#{}", incident.id, mine.size() + 1);
        opening.opened_at = mine.empty() ? incident.created_at : now;
        // A relapse of an incident that had not resolved ends what came before it where that had gone calm.
        if (!mine.empty() && !openings_[mine.back()].resolved_at)
          openings_[mine.back()].resolved_at = last_bad_[incident.id];
        mine.push_back(openings_.size());
        openings_.push_back(std::move(opening));
      }
      Opening& opening = openings_[mine.back()];
      opening.severity = incident.severity;
      opening.services = incident.services;
      opening.causes = incident.causes;
      opening.resolved_at = incident.resolved_at;
      last_bad_[incident.id] = incident.last_bad_at;
    }
  }
  std::vector<Opening> take() {
    std::vector<Opening> all;
    for (std::size_t i = 0; i < openings_.size(); ++i)
      if (std::ranges::find(dropped_, i) == dropped_.end()) all.push_back(std::move(openings_[i]));
    std::ranges::stable_sort(all, {}, &Opening::opened_at);
    return all;
  }

 private:
  std::vector<Opening> openings_;
  std::map<std::string, std::vector<std::size_t>> of_;  // per incident: its openings
  std::map<std::string, Time> last_bad_;                // per incident, as of its newest opening
  std::vector<std::size_t> dropped_;
};

}  // namespace

Result<BacktestResult> run_backtest(std::vector<std::unique_ptr<DocumentSource>> sources,
                                    engine::Settings settings, const std::function<void(double)>& progress) {
  std::erase_if(sources, [](const auto& source) { return source->ended(); });
  if (sources.empty()) return fail(ErrorKind::kInvalid, "there is no document to replay");
  const auto earliest = [&] {
    return std::ranges::min_element(sources, {}, [](const auto& source) { return source->time(); });
  };

  settings.channels.clear();  // nobody is told about the past
  telemetry::ReplayStore store(settings.detect.slice);
  state::MemoryState state;
  SENTINEL_TRY(runbooks::seed_if_empty(state).map([](int) {}));
  NullLogger logger;
  NullMetrics metrics;
  engine::Engine engine({store, state, Log(logger, "backtest"), metrics}, settings);

  BacktestResult result;
  OpeningBook book;
  result.from = align_down((*earliest())->time(), settings.detect.slice);
  SENTINEL_TRY(engine.start(result.from));
  Time now = result.from;
  Time last = result.from;
  std::uint64_t ticks = 0;
  // After the last document the engine goes on until its last slice has closed.
  const Duration tail = settings.settle + settings.detect.slice;
  while (!sources.empty() || now < last + tail) {
    now += settings.interval;
    model::DocumentBatch batch;
    while (!sources.empty()) {
      const auto next = earliest();
      if ((*next)->time() >= now) break;
      last = std::max(last, (*next)->time());
      for (const auto& row : (*next)->document().logs) batch.add(row);
      for (const auto& point : (*next)->document().metrics) batch.add(point);
      ++result.documents;
      SENTINEL_TRY((*next)->next());
      if ((*next)->ended()) {
        result.rejected += (*next)->rejected();
        sources.erase(next);
      }
    }
    SENTINEL_TRY(telemetry::write(store, std::move(batch), now));
    auto report = engine.tick(now);
    if (report) book.note(*report, now);
    while (report && report->backlog) {
      report = engine.tick(now);
      if (report) book.note(*report, now);
    }
    if (!report) return tl::unexpected<Error>(std::move(report).error());
    store.forget_before(now - kRawDocuments, now - kAggregates);
    if (progress && ++ticks % kProgressTicks == 0 && !sources.empty()) progress((*earliest())->share());
  }
  result.to = last;
  result.openings = book.take();
  SENTINEL_ASSIGN(const auto ledger, state.ledger({result.from, now}));
  result.gap_slices = static_cast<std::size_t>(
      std::ranges::count_if(ledger, [](const auto& e) { return e.coverage == model::Coverage::kGap; }));
  return result;
}

}  // namespace sentinel::app
