#include "app/backtest/backtest.hpp"

#include <algorithm>
#include <memory>

#include "engine/engine.hpp"
#include "ingest/ndjson.hpp"
#include "runbooks/runbooks.hpp"
#include "state/memory/memory_state.hpp"
#include "telemetry/replay/replay_store.hpp"

namespace sentinel::app {
namespace {

// One file, read one document ahead.
class Recording {
 public:
  static Result<std::unique_ptr<Recording>> open(const std::string& path, const ingest::FieldNames& fields) {
    SENTINEL_ASSIGN(auto source, ingest::open_source(path));
    auto recording = std::unique_ptr<Recording>(new Recording(std::move(source), fields));
    if (auto first = recording->next(); !first) return fail(std::move(first).error(), path);
    return recording;
  }
  bool ended() const { return ended_; }
  Time time() const { return ahead_.logs.empty() ? ahead_.metrics.front().time : ahead_.logs.front().time; }
  const model::DocumentBatch& document() const { return ahead_; }
  std::uint64_t rejected() const { return rejected_; }
  double share() const {
    const auto size = source_->size();
    return size && *size > 0 ? static_cast<double>(source_->consumed()) / static_cast<double>(*size) : 0;
  }

  Result<void> next() {
    for (;;) {
      SENTINEL_ASSIGN(const auto line, lines_.next());
      ahead_ = {};
      ended_ = !line;
      if (ended_) return {};
      if (line->text.empty()) continue;
      if (parser_.add(line->text, false, ingest::DocumentClass::kLog, Time{}, ahead_)) return {};
      ahead_ = {};
      ++rejected_;
    }
  }

 private:
  Recording(std::unique_ptr<ingest::ByteSource> source, const ingest::FieldNames& fields)
      : source_(std::move(source)), lines_(*source_, 64U << 20), parser_(fields) {}
  std::unique_ptr<ingest::ByteSource> source_;
  ingest::LineReader lines_;
  ingest::DocumentParser parser_;
  model::DocumentBatch ahead_;
  bool ended_ = false;
  std::uint64_t rejected_ = 0;
};

// Raw documents are needed as far back as correlation may look: its window, an hour of an open incident, and
// the baseline sample before it.
constexpr Duration kRawDocuments = minutes(100);
constexpr Duration kAggregates = hours(3);

}  // namespace

Result<BacktestResult> run_backtest(const BacktestInput& input, const std::function<void(double)>& progress) {
  std::vector<std::unique_ptr<Recording>> recordings;
  for (const auto& path : input.files) {
    SENTINEL_ASSIGN(auto recording, Recording::open(path, input.fields));
    if (!recording->ended()) recordings.push_back(std::move(recording));
  }
  if (recordings.empty()) return fail(ErrorKind::kInvalid, "the files hold no document");
  const auto earliest = [&] {
    return std::min_element(recordings.begin(), recordings.end(),
                            [](const auto& a, const auto& b) { return a->time() < b->time(); });
  };

  telemetry::ReplayStore store(input.settings.detect.slice);
  state::MemoryState state;
  SENTINEL_TRY(runbooks::seed_if_empty(state).map([](int) {}));
  NullLogger logger;
  NullMetrics metrics;
  engine::Engine engine({store, state, Log(logger, "backtest"), metrics}, input.settings);

  BacktestResult result;
  result.from = align_down((*earliest())->time(), input.settings.detect.slice);
  SENTINEL_TRY(engine.start(result.from));
  Time now = result.from;
  Time last = result.from;
  std::uint64_t ticks = 0;
  // After the last document the engine goes on until all that is open has settled and resolved.
  const Duration tail = input.settings.settle + input.settings.detect.slice;
  while (!recordings.empty() || now < last + tail) {
    now += input.settings.interval;
    model::DocumentBatch batch;
    while (!recordings.empty()) {
      const auto next = earliest();
      if ((*next)->time() >= now) break;
      last = std::max(last, (*next)->time());
      for (const auto& row : (*next)->document().logs) batch.add(row);
      ++result.documents;
      SENTINEL_TRY((*next)->next());
      if ((*next)->ended()) {
        result.rejected += (*next)->rejected();
        recordings.erase(next);
      }
    }
    SENTINEL_TRY(telemetry::write(store, std::move(batch), now));
    auto report = engine.tick(now);
    while (report && report->backlog) report = engine.tick(now);
    if (!report) return tl::unexpected<Error>(std::move(report).error());
    store.forget_before(now - kRawDocuments, now - kAggregates);
    if (progress && ++ticks % 50 == 0 && !recordings.empty()) progress((*earliest())->share());
  }
  result.to = last;
  SENTINEL_ASSIGN(auto page, state.incidents({.limit = 1'000'000}));
  for (auto& incident : page.incidents) {
    if (incident.merged_into.empty()) result.incidents.push_back(std::move(incident));
  }
  std::reverse(result.incidents.begin(), result.incidents.end());
  SENTINEL_ASSIGN(const auto ledger, state.ledger({result.from, now}));
  result.gap_slices = static_cast<std::size_t>(std::count_if(
      ledger.begin(), ledger.end(), [](const auto& e) { return e.coverage == model::Coverage::kGap; }));
  return result;
}

}  // namespace sentinel::app
