#include "app/backtest/diagnosis.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "correlate/diagnose.hpp"
#include "correlate/pattern_counts.hpp"
#include "correlate/pattern_miner.hpp"
#include "telemetry/row_filter.hpp"

namespace sentinel::app {
namespace {

// A fault without an end is looked at for so long.
constexpr Duration kStretch = minutes(3);
// Effects are seen a little before and after what the labels say; that is no normal time either.
constexpr Duration kMargin = seconds(60);
// The anomaly of a service of which a label says that it suffers; P1 begins here.
constexpr double kKnownSufferer = 5.0;

struct Documents {
  std::vector<model::LogEvent> events;
  std::vector<std::string> patterns;  // per event, empty for spans
  std::vector<model::MetricSlice> points;

  bool empty() const { return events.empty() && points.empty(); }
  model::TimeRange extent() const {
    std::set<Time> ends;
    if (!events.empty()) ends.insert({events.front().time, events.back().time});
    for (const auto& p : points) ends.insert(p.start);
    return ends.empty() ? model::TimeRange{} : model::TimeRange{*ends.begin(), *ends.rbegin()};
  }
};

Result<void> read(DocumentSource& source, correlate::PatternMiner& miner, Documents& into,
                  const std::function<void(double)>& progress) {
  for (std::uint64_t n = 0; !source.ended(); ++n) {
    for (const auto& row : source.document().logs) {
      into.events.push_back(telemetry::to_event(row, row.time));
      const auto& event = into.events.back();
      into.patterns.push_back(event.is_span ? std::string() : miner.learn(event.message));
    }
    for (const auto& point : source.document().metrics)
      into.points.push_back(
          {std::string(point.service), std::string(point.name), point.time, 1, point.value});
    SENTINEL_TRY(source.next());
    if (progress && n % 10'000 == 0) progress(source.share());
  }
  return {};
}

// What correlation gets to see, from documents one by one.
class InputBuilder {
 public:
  explicit InputBuilder(Duration slice) : slice_(slice) {}

  void add(const model::LogEvent& e, const std::string& pattern, bool during) {
    (during ? input_.events : input_.events_before).push_back(e);
    const Time start = align_down(e.time, slice_);
    (during ? during_ : before_).insert(start);
    if (model::is_outgoing(e.span_kind)) {
      if (!e.peer.empty()) add_call(e, start, during);
    } else if (!e.service.empty()) {
      auto& s = slices_[{start, e.service}];
      s.service = e.service;
      s.start = start;
      s.docs += 1;
      s.errors += e.failed() ? 1 : 0;
      if (e.has_duration()) s.latency.add_ms(e.duration_ms);
    }
    if (!pattern.empty()) patterns_[during ? 1 : 0].add(pattern, e);
  }
  void add(model::MetricSlice point) {
    point.start = align_down(point.start, slice_);
    input_.metrics.push_back(std::move(point));
  }

  correlate::Input take(const correlate::PatternMiner& miner) {
    for (auto& [key, slice] : slices_) input_.slices.push_back(std::move(slice));
    for (auto& [key, call] : calls_)
      (std::get<0>(key) ? input_.calls : input_.calls_before).push_back(std::move(call));
    const double windows =
        static_cast<double>(before_.size()) / std::max(1.0, static_cast<double>(during_.size()));
    input_.patterns = compare(patterns_[1], patterns_[0], windows);
    for (auto& p : input_.patterns) p.text = miner.template_of(p.id);
    return std::move(input_);
  }

 private:
  void add_call(const model::LogEvent& e, Time start, bool during) {
    auto& c = calls_[{during, start, e.service, e.peer}];
    c.caller = e.service;
    c.callee = e.peer;
    c.start = start;
    c.calls += 1;
    c.errors += e.failed() ? 1 : 0;
    if (e.has_duration()) c.latency.add_ms(e.duration_ms);
  }

  Duration slice_;
  correlate::Input input_;
  std::map<std::pair<Time, std::string>, model::Slice> slices_;
  std::map<std::tuple<bool, Time, std::string, std::string>, model::CallSlice> calls_;
  correlate::PatternCounts patterns_[2];
  std::set<Time> during_;  // slices with documents
  std::set<Time> before_;
};

model::TimeRange stretch_of(const Label& label) {
  return {label.injected, label.ended.value_or(label.injected + kStretch)};
}

class Doctor {
 public:
  Doctor(const DiagnosisInput& input, const Documents& documents, correlate::PatternMiner& miner)
      : input_(input), documents_(documents), miner_(miner) {}

  Result<Diagnosis> diagnose(const Label& label) {
    Diagnosis result{.id = label.id, .service = label.service, .at = label.injected};
    InputBuilder builder(input_.settings.slice);
    model::TimeRange during = stretch_of(label);
    if (label.file.empty()) {
      take_from_stream(during, builder, result);
    } else {
      SENTINEL_ASSIGN(during, take_from_file(label, builder, result));
    }
    if (!result.has_data) return result;
    correlate::Input input = builder.take(miner_);
    input.topology = input_.topology;
    input.now = during.to;
    if (!label.sufferer.empty()) {
      model::Anomaly anomaly;
      anomaly.service = label.sufferer;
      anomaly.metric = label.symptom;
      anomaly.score = kKnownSufferer;
      anomaly.window = during;
      anomaly.at = during.to;
      input.anomalies.push_back(std::move(anomaly));
    }
    result.causes = correlate::diagnose(input, during, input_.settings);
    result.rank = rank_of(result.causes, label);
    return result;
  }

 private:
  bool in_a_fault(Time t) const {
    return std::ranges::any_of(input_.labels, [&](const Label& other) {
      const auto stretch = stretch_of(other);
      return stretch.from - kMargin <= t && t < stretch.to + kMargin;
    });
  }

  void take_from_stream(model::TimeRange during, InputBuilder& builder, Diagnosis& result) const {
    const auto wanted = [&](Time t) {
      if (t >= during.to) return false;
      const bool just_before = during.from - kMargin <= t;
      return just_before || !in_a_fault(t);
    };
    for (std::size_t i = 0; i < documents_.events.size(); ++i) {
      const auto& e = documents_.events[i];
      if (!wanted(e.time)) continue;
      const bool now = during.contains(e.time);
      (now ? result.has_data : result.has_history) = true;
      builder.add(e, documents_.patterns[i], now);
    }
    // With documents, measurements are a second opinion; alone they must do.
    for (const auto& p : documents_.points) {
      if (!wanted(p.start)) continue;
      if (documents_.events.empty()) (during.contains(p.start) ? result.has_data : result.has_history) = true;
      builder.add(p);
    }
  }

  // The normal time is moved so that it ends where the file begins.
  Result<model::TimeRange> take_from_file(const Label& label, InputBuilder& builder, Diagnosis& result) {
    const std::string path = input_.folder.empty() ? label.file : input_.folder + "/" + label.file;
    SENTINEL_ASSIGN(auto source, open_recording(path, input_.fields));
    Documents own;
    SENTINEL_TRY(read(*source, miner_, own, {}));
    const auto extent = own.extent();
    // What the file holds before the trouble was noticed is more of the normal time.
    const bool inside = extent.from < label.injected && label.injected <= extent.to;
    const model::TimeRange during{inside ? label.injected : extent.from, extent.to + input_.settings.slice};
    const Duration shift = extent.from - input_.settings.slice - documents_.extent().to;
    for (std::size_t i = 0; i < documents_.events.size(); ++i) {
      model::LogEvent e = documents_.events[i];
      e.time += shift;
      builder.add(e, documents_.patterns[i], false);
    }
    for (auto p : documents_.points) {
      p.start += shift;
      builder.add(std::move(p));
    }
    for (std::size_t i = 0; i < own.events.size(); ++i) builder.add(own.events[i], own.patterns[i], true);
    for (auto& p : own.points) builder.add(std::move(p));
    result.has_data = !own.empty();
    result.has_history = !documents_.empty();
    return during;
  }

  const DiagnosisInput& input_;
  const Documents& documents_;
  correlate::PatternMiner& miner_;
};

}  // namespace

std::size_t DiagnosisSummary::counted() const {
  return static_cast<std::size_t>(std::ranges::count_if(faults, &Diagnosis::has_data));
}
std::size_t DiagnosisSummary::top(std::size_t n) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(faults, [n](const auto& d) { return d.rank >= 1 && d.rank <= n; }));
}

Result<DiagnosisSummary> run_diagnosis(DiagnosisInput input, const std::function<void(double)>& progress) {
  correlate::PatternMiner miner({});
  Documents documents;
  for (const auto& source : input.sources) SENTINEL_TRY(read(*source, miner, documents, progress));
  if (documents.empty()) return fail(ErrorKind::kInvalid, "there is no document to diagnose");
  Doctor doctor(input, documents, miner);
  DiagnosisSummary summary;
  for (const auto& label : input.labels) {
    SENTINEL_ASSIGN(auto diagnosis, doctor.diagnose(label));
    summary.faults.push_back(std::move(diagnosis));
  }
  return summary;
}

}  // namespace sentinel::app
