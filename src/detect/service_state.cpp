#include "detect/service_state.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {

constexpr double kQuietDeviations = 3.95;  // what z = 2 of a day needs of a normal

Grid grid_of(const Settings& s) {
  return Grid{std::chrono::duration_cast<std::chrono::seconds>(s.slice).count()};
}

ZscoreWindows windows_of(const Settings& s) {
  ZscoreWindows w;
  w.slices = static_cast<int>(std::max<std::int64_t>(1, s.lookback / s.slice));
  w.count = static_cast<int>(std::max<std::int64_t>(1, s.baseline_window / s.lookback));
  w.min_data_points = s.min_data_points;
  return w;
}

ErrorSlice error_slice(const ServiceSlice& s) {
  return s.logs == nullptr ? ErrorSlice{0, 0, s.known} : ErrorSlice{s.logs->docs, s.logs->errors, s.known};
}
LatencySlice latency_slice(const ServiceSlice& s) {
  return {s.logs == nullptr ? nullptr : &s.logs->latency, s.known};
}
CountSlice count_slice(const ServiceSlice& s) {
  if (s.logs == nullptr) return {0, 0, nullptr, s.known};
  return {s.logs->docs, s.logs->errors, &s.logs->latency, s.known};
}
MeanSlice mean_slice(const ServiceSlice& s, std::size_t metric) {
  const model::MetricSlice* m = metric < s.metrics.size() ? s.metrics[metric] : nullptr;
  return m == nullptr ? MeanSlice{0, 0, s.known} : MeanSlice{m->count, m->sum, s.known};
}
GaugeSlice gauge_slice(const MeanSlice& m, double sign) { return {m.count, sign * m.sum, m.known}; }

// A drop is a rise of the negated values; what is shown has its own sign again.
HorizonScore mirrored(HorizonScore h) {
  h.value = -h.value;
  h.observed = -h.observed;
  h.expected = -h.expected;
  h.mu0 = -h.mu0;
  return h;
}

// A window as `explain` shows it.
Explanation::Horizon explained(const HorizonScore& h, const SentenceContext& c, Time end) {
  Explanation::Horizon x;
  x.length = minutes(h.minutes);
  x.window = {end - x.length, end};
  x.observed = h.observed;
  x.expected = h.expected;
  x.variance = h.variance;
  x.docs = h.exposure;
  x.season = h.season;
  if (c.kind == MetricKind::kLatency) {
    x.channel = kChannelNames[h.channel];
    if (h.scored) {
      x.value_ms = h.value;
      x.normal_ms = h.base_value;
      x.limit_ms = h.limit;
    }
  }
  if (h.scored && c.kind == MetricKind::kGauge) {
    x.band_low = h.expected - kQuietDeviations * h.base_value;
    x.band_high = h.expected + kQuietDeviations * h.base_value;
  } else if (h.scored) {
    const Band band = quiet_band(h.expected, h.variance);
    x.band_low = band.low;
    x.band_high = band.high;
  }
  x.scored = h.scored;
  x.raw = h.raw;
  x.score = reported(h, c.thresholds);
  x.gates = gates_in_words(h, c);
  return x;
}

void explain_plain(const Settings& settings, const ZscoreReading& reading, Time end, Explanation& e) {
  const Zscore& z = reading.result;
  Explanation::Horizon h;
  h.length = settings.lookback;
  h.window = {end - h.length, end};
  h.observed = reading.current;
  h.docs = static_cast<double>(reading.docs);
  h.expected = z.mean;
  h.variance = z.stddev * z.stddev;
  h.band_low = std::max(0.0, z.mean - settings.thresholds.p4 * z.stddev);
  h.band_high = z.mean + settings.thresholds.p4 * z.stddev;
  h.scored = z.z.has_value();
  h.score = h.raw = z.z.value_or(0);
  if (z.points < settings.min_data_points) {
    h.gates.push_back("not judged: fewer windows than min_data_points");
  } else if (!z.z) {
    h.gates.push_back("not judged: the baseline has no deviation");
  }
  e.score = h.score;
  if (h.scored) e.severity = settings.thresholds.severity_of(h.score);
  e.sentence = sentence(h.observed, z);
  e.verdict = h.scored ? threshold_words(h.score, settings.thresholds) : "no alert: " + h.gates.front();
  e.horizons.push_back(std::move(h));
}

template <class Score>
std::vector<HorizonScore> listed(const Score& score) {
  return {score.horizons.begin(), score.horizons.end()};
}

}  // namespace

struct ServiceState::Reading {
  std::string metric;
  MetricKind kind = MetricKind::kErrors;
  std::vector<HorizonScore> horizons;  // robust
  ZscoreReading plain;                 // zscore
  bool is_plain = false;
  std::int64_t quiet_slices = 0;  // silence
  bool as_of_closed = false;      // silence: judged at the newest closed slice
};

ServiceState::ServiceState(const Settings& settings, std::int64_t slice)
    : first_(slice), now_(slice - 1), last_heard_(slice), gauges_(settings.metrics.size()) {}

void ServiceState::make_scorers(const Settings& settings, const ServiceSlice& slice) {
  const Grid grid = grid_of(settings);
  const std::int64_t next = now_ + 1;
  const bool robust = settings.method == Method::kRobust;
  if (slice.logs != nullptr && slice.logs->docs > 0) {
    if (robust && !errors_) {
      errors_ = std::make_unique<ErrorScorer>(grid, next);
      silence_ = std::make_unique<SilenceScorer>(grid, next);
    }
    if (robust && !latency_ && !slice.logs->latency.empty())
      latency_ = std::make_unique<LatencyScorer>(grid, next);
    if (!robust && !plain_) plain_ = std::make_unique<ZscoreHistory>(windows_of(settings), next);
  }
  for (std::size_t i = 0; i < gauges_.size(); ++i) {
    if (mean_slice(slice, i).count == 0) continue;
    Gauge& gauge = gauges_[i];
    if (!robust) {
      if (!gauge.plain) gauge.plain = std::make_unique<ZscoreGauge>(windows_of(settings));
      continue;
    }
    const auto direction = settings.metrics[i].direction;
    if (!gauge.up && direction != MetricSetting::Direction::kDown)
      gauge.up = std::make_unique<GaugeScorer>(grid, next);
    if (!gauge.down && direction != MetricSetting::Direction::kUp)
      gauge.down = std::make_unique<GaugeScorer>(grid, next);
  }
}

std::vector<model::Anomaly> ServiceState::close(const Settings& settings, const std::string& name,
                                                const ServiceSlice& slice) {
  make_scorers(settings, slice);
  ++now_;
  bool heard = slice.logs != nullptr && slice.logs->docs > 0;
  std::vector<Reading> readings;
  const auto add = [&](std::string metric, MetricKind kind, std::vector<HorizonScore> horizons) {
    Reading r;
    r.metric = std::move(metric);
    r.kind = kind;
    r.horizons = std::move(horizons);
    readings.push_back(std::move(r));
  };
  if (errors_)
    add(std::string(model::kErrorRate), MetricKind::kErrors, listed(errors_->close(error_slice(slice))));
  if (latency_)
    add(std::string(model::kLatencyP99), MetricKind::kLatency, listed(latency_->close(latency_slice(slice))));
  if (silence_) {
    const SilenceScore score = silence_->close(slice.logs == nullptr ? 0 : slice.logs->docs, slice.known);
    add(std::string(model::kSilence), MetricKind::kSilence, {score.best});
    readings.back().quiet_slices = score.quiet_slices;
  }
  if (plain_) plain_->close(count_slice(slice));
  for (std::size_t i = 0; i < gauges_.size(); ++i) {
    const MeanSlice mean = mean_slice(slice, i);
    heard = heard || mean.count > 0;
    Gauge& gauge = gauges_[i];
    if (gauge.plain) gauge.plain->close(mean);
    std::vector<HorizonScore> both;
    if (gauge.up) both.push_back(gauge.up->close(gauge_slice(mean, 1)));
    if (gauge.down) both.push_back(mirrored(gauge.down->close(gauge_slice(mean, -1))));
    if (!both.empty()) add(settings.metrics[i].name, MetricKind::kGauge, std::move(both));
  }
  if (heard && slice.known) last_heard_ = now_;
  if (settings.method == Method::kZscore) readings = judge_open(settings, {});
  if (!slice.known) readings.clear();
  return anomalies(settings, name, readings, now_);
}

std::vector<ServiceState::Reading> ServiceState::judge_open(const Settings& settings,
                                                            std::span<const ServiceSlice> open,
                                                            bool in_full) const {
  std::vector<Reading> out;
  if (errors_) {
    std::vector<ErrorSlice> slices;
    for (const auto& s : open) slices.push_back(error_slice(s));
    Reading r;
    r.metric = model::kErrorRate;
    r.horizons = listed(errors_->preview(slices));
    out.push_back(std::move(r));
  }
  if (latency_) {
    std::vector<LatencySlice> slices;
    for (const auto& s : open) slices.push_back(latency_slice(s));
    Reading r;
    r.metric = model::kLatencyP99;
    r.kind = MetricKind::kLatency;
    r.horizons = listed(latency_->preview(slices, in_full));
    out.push_back(std::move(r));
  }
  if (silence_) {
    Reading r;
    r.metric = model::kSilence;
    r.kind = MetricKind::kSilence;
    r.horizons = {silence_->last().best};
    r.quiet_slices = silence_->last().quiet_slices;
    r.as_of_closed = true;
    out.push_back(std::move(r));
  }
  if (plain_) {
    std::vector<CountSlice> slices;
    for (const auto& s : open) slices.push_back(count_slice(s));
    for (ZscoreReading& reading : plain_->judge(slices)) {
      Reading r;
      r.metric = reading.metric;
      r.kind = reading.metric == model::kErrorRate ? MetricKind::kErrors : MetricKind::kLatency;
      r.plain = reading;
      r.is_plain = true;
      out.push_back(std::move(r));
    }
  }
  for (std::size_t i = 0; i < gauges_.size(); ++i) {
    const Gauge& gauge = gauges_[i];
    Reading r;
    r.metric = settings.metrics[i].name;
    r.kind = MetricKind::kGauge;
    std::vector<MeanSlice> means;
    for (const auto& s : open) means.push_back(mean_slice(s, i));
    const auto preview = [&means](const GaugeScorer& scorer, double sign) {
      std::vector<GaugeSlice> slices;
      for (const auto& m : means) slices.push_back(gauge_slice(m, sign));
      return scorer.preview(slices);
    };
    if (gauge.plain) {
      r.plain = gauge.plain->judge(means);
      r.is_plain = true;
      out.push_back(std::move(r));
      continue;
    }
    if (gauge.up) r.horizons.push_back(preview(*gauge.up, 1));
    if (gauge.down) r.horizons.push_back(mirrored(preview(*gauge.down, -1)));
    if (!r.horizons.empty()) out.push_back(std::move(r));
  }
  return out;
}

SentenceContext ServiceState::context(const Settings& settings, const Reading& reading,
                                      std::int64_t newest) const {
  SentenceContext c;
  c.kind = reading.kind;
  c.metric = reading.metric;
  c.thresholds = settings.thresholds;
  c.age = settings.slice * (newest - first_ + 1);
  c.since_last_document = settings.slice * reading.quiet_slices;
  return c;
}

std::vector<model::Anomaly> ServiceState::anomalies(const Settings& settings, const std::string& name,
                                                    const std::vector<Reading>& readings,
                                                    std::int64_t newest) const {
  const Grid grid = grid_of(settings);
  std::vector<model::Anomaly> out;
  for (const Reading& r : readings) {
    const std::int64_t at = r.as_of_closed ? now_ : newest;
    model::Anomaly a;
    a.service = name;
    a.metric = r.metric;
    a.at = grid.start_of(at + 1);
    if (r.is_plain) {
      const Zscore& z = r.plain.result;
      if (!z.z) continue;
      const auto severity = settings.thresholds.severity_of(*z.z);
      if (!severity) continue;
      a.severity = *severity;
      a.score = *z.z;
      a.observed = r.plain.current;
      a.expected = z.mean;
      a.stddev = z.stddev;
      a.band_low = std::max(0.0, z.mean - settings.thresholds.p4 * z.stddev);
      a.band_high = z.mean + settings.thresholds.p4 * z.stddev;
      a.docs = r.plain.docs;
      a.horizon = settings.lookback;
      a.sentence = sentence(a.observed, z);
    } else {
      const HorizonScore* best = nullptr;
      double score = kNoScore;
      for (const HorizonScore& h : r.horizons) {
        if (const double z = reported(h, settings.thresholds); h.scored && z > score) {
          best = &h;
          score = z;
        }
      }
      const auto severity = settings.thresholds.severity_of(score);
      if (best == nullptr || !severity) continue;
      a.easing = std::all_of(r.horizons.begin(), r.horizons.end(), [&](const HorizonScore& h) {
        return !h.scored || h.easing || !settings.thresholds.severity_of(reported(h, settings.thresholds));
      });
      a.severity = *severity;
      a.score = score;
      a.observed = r.kind == MetricKind::kLatency ? best->value : best->observed;
      a.expected = r.kind == MetricKind::kLatency ? best->base_value : best->expected;
      a.stddev = std::sqrt(best->variance);
      if (r.kind == MetricKind::kErrors || r.kind == MetricKind::kSilence) {
        const Band band = quiet_band(best->expected, best->variance);
        a.band_low = band.low;
        a.band_high = band.high;
      } else if (r.kind == MetricKind::kGauge) {
        a.band_low = best->expected - kQuietDeviations * best->base_value;
        a.band_high = best->expected + kQuietDeviations * best->base_value;
      }
      const double docs = r.kind == MetricKind::kErrors    ? best->exposure + best->observed
                          : r.kind == MetricKind::kSilence ? best->observed
                                                           : best->exposure;
      a.docs = static_cast<std::uint64_t>(std::llround(docs));
      a.horizon = minutes(best->minutes);
      if (r.kind == MetricKind::kLatency) a.channel = kChannelNames[best->channel];
      a.sentence = sentence(*best, context(settings, r, at));
    }
    a.window = {a.at - a.horizon, a.at};
    a.ratio = a.expected == 0 ? 0 : a.observed / a.expected;
    out.push_back(std::move(a));
  }
  std::sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return x.metric < y.metric; });
  return out;
}

std::vector<model::Anomaly> ServiceState::preview(const Settings& settings, const std::string& name,
                                                  std::span<const ServiceSlice> open) const {
  std::vector<Reading> readings = judge_open(settings, open);
  // A newest slice that is not known judges nothing but the silence that stands.
  if (!open.empty() && !open.back().known)
    std::erase_if(readings, [](const Reading& r) { return !r.as_of_closed; });
  return anomalies(settings, name, readings, now_ + static_cast<std::int64_t>(open.size()));
}

bool ServiceState::amend(std::int64_t index, const model::Slice& slice) {
  if (index < first_ || index > now_) return false;
  if (slice.docs > 0) last_heard_ = std::max(last_heard_, index);
  if (errors_) errors_->amend(index, {slice.docs, slice.errors, true});
  if (latency_) latency_->amend(index, {&slice.latency, true});
  return silence_ && silence_->amend(index, slice.docs, true);
}

std::vector<model::Anomaly> ServiceState::judge_past(const Settings& settings, const std::string& name,
                                                     std::int64_t index) const {
  std::vector<Reading> readings;
  if (errors_) {
    Reading r;
    r.metric = model::kErrorRate;
    r.horizons = listed(errors_->judge_past(index));
    readings.push_back(std::move(r));
  }
  if (latency_) {
    Reading r;
    r.metric = model::kLatencyP99;
    r.kind = MetricKind::kLatency;
    r.horizons = listed(latency_->judge_past(index));
    readings.push_back(std::move(r));
  }
  return anomalies(settings, name, readings, index);
}

bool ServiceState::is_frozen(const Reading& reading) const {
  switch (reading.kind) {
    case MetricKind::kErrors:
      return errors_ && errors_->incident_open();
    case MetricKind::kLatency:
      return latency_ && latency_->incident_open();
    case MetricKind::kSilence:
      return silence_ && silence_->incident_open();
    case MetricKind::kGauge:
      break;
  }
  return false;
}

std::vector<Explanation> ServiceState::explain(const Settings& settings, const std::string& name,
                                               std::span<const ServiceSlice> open) const {
  const Grid grid = grid_of(settings);
  const std::int64_t newest = now_ + static_cast<std::int64_t>(open.size());
  std::vector<Explanation> out;
  for (Reading& r : judge_open(settings, open, true)) {
    const std::int64_t at = r.as_of_closed ? now_ : newest;
    const Time end = grid.start_of(at + 1);
    Explanation e;
    e.service = name;
    e.metric = r.metric;
    e.learning = settings.slice * (newest - first_ + 1) < hours(24);
    e.frozen = is_frozen(r);
    if (r.is_plain) {
      explain_plain(settings, r.plain, end, e);
      out.push_back(std::move(e));
      continue;
    }
    if (r.kind == MetricKind::kSilence) {
      const auto& tried = silence_->last().tried;
      r.horizons.assign(tried.begin(), tried.end());
    }
    const SentenceContext c = context(settings, r, at);
    const HorizonScore* best = nullptr;
    for (const HorizonScore& h : r.horizons) {
      e.horizons.push_back(explained(h, c, end));
      if (h.scored && (best == nullptr || h.z > best->z)) best = &h;
    }
    if (best != nullptr) {
      e.score = reported(*best, settings.thresholds);
      e.severity = settings.thresholds.severity_of(e.score);
      e.sentence = sentence(*best, c);
    }
    e.verdict = verdict(best, c);
    out.push_back(std::move(e));
  }
  return out;
}

std::size_t ServiceState::bytes() const {
  std::size_t sum = sizeof(*this) + gauges_.capacity() * sizeof(Gauge);
  if (errors_) sum += errors_->bytes();
  if (latency_) sum += latency_->bytes();
  if (silence_) sum += silence_->bytes();
  for (const Gauge& g : gauges_) sum += (g.up ? g.up->bytes() : 0) + (g.down ? g.down->bytes() : 0);
  return sum;
}

void ServiceState::save(StateWriter& out) const {
  out(first_, now_, last_heard_, in_gap);
  const auto part = [&out](const auto& pointer) {
    out(pointer != nullptr);
    if (pointer) out(*pointer);
  };
  part(errors_);
  part(latency_);
  part(silence_);
  part(plain_);
  for (const Gauge& gauge : gauges_) {
    part(gauge.up);
    part(gauge.down);
    part(gauge.plain);
  }
}

void ServiceState::load(StateReader& in, const Settings& settings) {
  in(first_, now_, last_heard_, in_gap);
  const Grid grid = grid_of(settings);
  // Made as if new, which sizes the rings; what is read must fit them.
  const auto part = [&in](auto& pointer, auto make) {
    bool present = false;
    in(present);
    if (!present) return;
    pointer = make();
    in(*pointer);
  };
  part(errors_, [&] { return std::make_unique<ErrorScorer>(grid, 0); });
  part(latency_, [&] { return std::make_unique<LatencyScorer>(grid, 0); });
  part(silence_, [&] { return std::make_unique<SilenceScorer>(grid, 0); });
  part(plain_, [&] { return std::make_unique<ZscoreHistory>(windows_of(settings), 0); });
  for (Gauge& gauge : gauges_) {
    part(gauge.up, [&] { return std::make_unique<GaugeScorer>(grid, 0); });
    part(gauge.down, [&] { return std::make_unique<GaugeScorer>(grid, 0); });
    part(gauge.plain, [&] { return std::make_unique<ZscoreGauge>(windows_of(settings)); });
  }
}

}  // namespace sentinel::detect
