#include "engine/outage_context.hpp"

#include <algorithm>

#include "correlate/pattern_counts.hpp"

namespace sentinel::engine {
namespace {

// How far before the window spans and lines are sampled as "what is normal".
constexpr Duration kBaselineSample = minutes(30);

// How much of `range` a sample of its newest documents spans.
double covered_seconds(const std::vector<model::LogEvent>& newest_first, model::TimeRange range,
                       std::size_t limit) {
  const bool whole = newest_first.size() < limit;
  return std::max(1.0, seconds_of(whole ? range.length() : range.to - newest_first.back().time));
}

correlate::PatternCounts count_patterns(const std::vector<model::LogEvent>& lines,
                                        correlate::PatternMiner& miner) {
  correlate::PatternCounts counts;
  // Oldest first: a pattern's example and its id come from its first line.
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    counts.add(miner.learn(line->message), *line);
  return counts;
}

}  // namespace

model::TimeRange correlation_window(const OutageContext& context, const Settings& settings) {
  Time earliest = context.now - settings.correlate.window;
  for (const auto& anomaly : context.anomalies) {
    // A slow ramp is judged over an hour; its beginning says little about who started what.
    earliest =
        std::min(earliest, std::max(anomaly.window.from, anomaly.window.to - settings.correlate.window));
  }
  if (context.since) earliest = std::min(earliest, std::max(*context.since, context.now - hours(1)));
  return {align_down(earliest, settings.detect.slice), context.now};
}

Result<correlate::Input> gather(const OutageContext& context, telemetry::TelemetryStore& store,
                                correlate::PatternMiner& miner, const Settings& settings) {
  const Duration step = settings.detect.slice;
  const model::TimeRange window = correlation_window(context, settings);
  const model::TimeRange before{align_down(window.from - kBaselineSample, step), window.from};
  const Time slice_end = align_down(window.to, step) + step;

  correlate::Input input;
  input.now = context.now;
  if (context.since) input.since = std::max(*context.since, window.from);
  input.anomalies.assign(context.anomalies.begin(), context.anomalies.end());
  input.topology = settings.topology;
  input.services = context.services;
  for (const auto& fleet : context.closed) {
    if (fleet.start < window.to)
      input.slices.insert(input.slices.end(), fleet.services.begin(), fleet.services.end());
    if (fleet.start < window.to)
      input.metrics.insert(input.metrics.end(), fleet.metrics.begin(), fleet.metrics.end());
  }
  for (const auto& fleet : context.open) {
    input.slices.insert(input.slices.end(), fleet.services.begin(), fleet.services.end());
    input.metrics.insert(input.metrics.end(), fleet.metrics.begin(), fleet.metrics.end());
  }

  const auto sample = [&](model::TimeRange range, telemetry::EventQuery::Kind kind,
                          std::optional<model::Level> level, std::size_t limit,
                          bool oldest_first = false) -> Result<std::vector<model::LogEvent>> {
    telemetry::EventQuery query;
    query.range = range;
    query.kind = kind;
    query.min_level = level;
    query.limit = limit;
    query.oldest_first = oldest_first;
    return store.events(query);
  };
  using Kind = telemetry::EventQuery::Kind;
  SENTINEL_ASSIGN(input.events, sample(window, Kind::kAll, model::Level::kWarning, settings.event_sample));
  // A busy fleet fills the sample within minutes. Once it is known when the trouble began, its beginning is
  // what says who started it; the newest spans are those of a fleet that may have recovered.
  const model::TimeRange trouble{input.since.value_or(window.from), window.to};
  SENTINEL_ASSIGN(auto spans,
                  sample(trouble, Kind::kSpans, std::nullopt, settings.span_sample, input.since.has_value()));
  SENTINEL_ASSIGN(input.events_before,
                  sample(before, Kind::kAll, model::Level::kWarning, settings.event_sample));
  SENTINEL_ASSIGN(auto spans_before, sample(before, Kind::kSpans, std::nullopt, settings.span_sample));
  // A failed request may be in both samples: it is one event.
  const auto merge = [](std::vector<model::LogEvent>& into, std::vector<model::LogEvent>& spans_in) {
    std::erase_if(spans_in, [](const model::LogEvent& e) { return e.level >= model::Level::kWarning; });
    into.insert(into.end(), std::make_move_iterator(spans_in.begin()),
                std::make_move_iterator(spans_in.end()));
  };
  merge(input.events, spans);
  merge(input.events_before, spans_before);
  SENTINEL_ASSIGN(input.calls, store.calls({window.from, slice_end}, step));
  SENTINEL_ASSIGN(input.calls_before, store.calls(before, step));

  // A busy fleet fills a sample before the stretch is covered: rates are compared over what each sample
  // spans.
  SENTINEL_ASSIGN(const auto lines, sample(window, Kind::kLogs, std::nullopt, settings.span_sample));
  SENTINEL_ASSIGN(const auto lines_before, sample(before, Kind::kLogs, std::nullopt, settings.span_sample));
  const double covered = covered_seconds(lines, window, settings.span_sample);
  const double covered_before = covered_seconds(lines_before, before, settings.span_sample);
  input.patterns = correlate::compare(count_patterns(lines, miner), count_patterns(lines_before, miner),
                                      lines_before.empty() ? 0 : covered_before / covered);
  for (auto& pattern : input.patterns) pattern.text = miner.template_of(pattern.id);
  return input;
}

}  // namespace sentinel::engine
