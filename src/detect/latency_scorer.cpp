#include "detect/latency_scorer.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {

constexpr int kWindowMinutes = 60;
constexpr int kLeastBaselineMinutes = 15;
constexpr std::uint64_t kLeastRequests = 20;
constexpr double kLeastKnown = 0.6;
constexpr double kJobFactor = 1.6;  // a job's slices are not the normal shape
constexpr double kMostShare = 0.9;  // no more than this part of the requests can be expected above a limit
constexpr double kSeasonDoubt = 0.3;
constexpr double kCalmRaw = 1.5;
constexpr int kNoLimit = LatencyLimits::kNone;

// As LatencyScore::horizons lists them. `looks` a day: three channels, three times those of one.
struct Horizon {
  LatencyChannel channel;
  int minutes;
  double looks;
};
constexpr int kHour = 60;
constexpr std::array<Horizon, 9> kHorizons = {{{kP90, 5, 1800},
                                               {kP90, 20, 600},
                                               {kP99, 5, 1800},
                                               {kP99, 20, 600},
                                               {kFar, 5, 1800},
                                               {kFar, 20, 600},
                                               {kP90, kHour, 120},
                                               {kP99, kHour, 120},
                                               {kP90, Easing::kNewestMinutes, 3000}}};
constexpr std::size_t kFirstHour = 6;

double square(double v) { return v * v; }

Cap gate_short(double ratio, double ms, double excess) {
  if (!(ratio >= 1.15 && ms >= 10 && excess >= 1.5)) return Cap::kBelowP4;
  if (!(ratio >= 1.25 && excess >= 2.5)) return Cap::kBelowP3;
  if (!(ratio >= 1.4 && excess >= 3.5)) return Cap::kBelowP2;
  if (!(ratio >= 2 && excess >= 4.5)) return Cap::kBelowP1;
  return Cap::kNone;
}

Cap gate_hour(double ratio, double ms, double excess) {
  if (!(ratio >= 1.15 && ms >= 10)) return Cap::kBelowP4;
  if (!(ratio >= 1.25)) return Cap::kBelowP3;
  if (!(ratio >= 1.5 && excess >= 8)) return Cap::kBelowP2;
  if (!(ratio >= 2.5 && excess >= 15)) return Cap::kBelowP1;
  return Cap::kNone;
}

// Calls visit(bin, count) from the slowest bin down until it returns false.
template <class Visit>
void each_from_top(const model::LatencyHistogram& histogram, Visit visit) {
  for (auto it = histogram.bins().rbegin(); it != histogram.bins().rend(); ++it) {
    if (!visit(static_cast<int>(it->index), static_cast<std::uint64_t>(it->count))) return;
  }
}

}  // namespace

struct LatencyScorer::Window {
  std::array<std::uint64_t, 5> above{};  // the three limits, then the two of the hour
  std::uint64_t requests = 0;
  std::array<double, 2> requests_by_factor{};
  int known = 0;
};

LatencyScorer::Core::Core(Grid g, std::int64_t first_slice)
    : grid(g), first(first_slice), now(first_slice - 1), block(g.block_of(first_slice) - 1), baseline(g) {}

LatencyScorer::LatencyScorer(Grid grid, std::int64_t first) : core_(grid, first) {}

void LatencyScorer::begin_slice(Core& core) const {
  ++core.now;
  if (const std::int64_t b = core.grid.block_of(core.now); b != core.block) {
    core.block = b;
    core.baseline.fade();
    for (std::size_t c = 0; c < 3; ++c) {
      Channel& channel = core.channels[c];
      const double m = channel.last_mu0;
      channel.factor[static_cast<std::size_t>(b & 15)] =
          block_factor(week5_[c], b, m, std::sqrt(std::max(0.25, channel.d5.variance(m))));
      if (c == kFar) continue;
      channel.hour_factor_before = channel.hour_factor;
      channel.hour_factor = std::max(1.0, week60_[c].daily_median(b).value_or(1));
    }
  }
  admit(core);
}

void LatencyScorer::admit(Core& core) const {
  const std::int64_t s = core.now - core.grid.per_block();
  if (core.incident.is_open() && !core.incident.is_thawed(core.now, core.grid)) return;
  // Newest first: the slice is W back from now, and closed slices end at or before now - 1.
  const LatencySlices::Entry* entry = nullptr;
  for (std::size_t i = 0; i < slices_.size() && entry == nullptr && slices_.newest(i).slice >= s; ++i) {
    if (slices_.newest(i).slice == s) entry = &slices_.newest(i);
  }
  if (entry == nullptr || entry->flagged || !entry->known) return;
  if (core.channels[kP99].factor_of(core.grid.block_of(s)) >= kJobFactor) return;
  core.baseline.admit(slices_, s);
}

void LatencyScorer::count(const Core& core, std::span<const LatencySlice> open, const LatencyLimits& limits,
                          Windows& out) const {
  std::array<int, 5> bins = {limits.bin[0], limits.bin[1], limits.bin[2], limits.hour_bin[0],
                             limits.hour_bin[1]};
  const int lowest = *std::min_element(bins.begin(), bins.end());
  const bool skip_flagged = !core.incident.is_open();
  Window sum;
  std::int64_t slice = core.now;
  int seen = 0;
  std::size_t next = 0;
  const std::array<int, 5> ends = {core.grid.slices(Easing::kNewestMinutes), core.grid.slices(5),
                                   core.grid.slices(Easing::kNewestMinutes + Easing::kBeforeMinutes),
                                   core.grid.slices(20), core.grid.slices(60)};
  const auto add = [&](bool known, bool flagged, std::uint64_t total, const auto& from_top) {
    if (known) {
      ++sum.known;
      if (!(flagged && skip_flagged)) {
        sum.requests += total;
        const std::int64_t b = core.grid.block_of(slice);
        for (std::size_t c = 0; c < 2; ++c)
          sum.requests_by_factor[c] += static_cast<double>(total) * core.channels[c].factor_of(b);
        from_top([&](int bin, std::uint64_t n) {
          if (bin < lowest) return false;
          for (std::size_t c = 0; c < 5; ++c) sum.above[c] += bin >= bins[c] ? n : 0;
          return true;
        });
      }
    }
    --slice;
    ++seen;
    while (next < ends.size() && seen == ends[next]) out[next++] = sum;
  };
  for (auto it = open.rbegin(); it != open.rend(); ++it) {
    const auto* histogram = it->histogram;
    add(it->known, core.incident.is_open(), histogram == nullptr ? 0 : histogram->total(), [&](auto visit) {
      if (histogram != nullptr) each_from_top(*histogram, visit);
    });
  }
  // Entries newer than the window's end come first and are passed over.
  const auto newer = slices_.size() > 0 && open.empty()
                         ? static_cast<int>(std::max<std::int64_t>(0, slices_.newest().slice - core.now))
                         : 0;
  const auto rest = static_cast<std::size_t>(std::max(0, ends.back() - seen + newer));
  slices_.newest_to_oldest(
      rest, [&](const LatencySlices::Entry& entry, std::span<const std::uint8_t> packed) {
        // Slices are without holes; entries older than the hour may stay for the ring alone.
        if (entry.slice != slice) return;
        add(entry.known, entry.flagged, entry.total, [&](auto visit) { each_from_top(packed, visit); });
      });
  while (next < out.size()) out[next++] = sum;
}

double LatencyScorer::quantile_ms(const Core& core, std::span<const LatencySlice> open, int minutes,
                                  double q) const {
  const auto w = static_cast<std::size_t>(core.grid.slices(minutes));
  std::array<std::uint32_t, model::kBins> sum{};
  std::size_t seen = 0;
  const auto add = [&](int bin, std::uint64_t n) {
    sum[static_cast<std::size_t>(bin)] += static_cast<std::uint32_t>(n);
    return true;
  };
  for (auto it = open.rbegin(); it != open.rend() && seen < w; ++it, ++seen) {
    if (it->known && it->histogram != nullptr) each_from_top(*it->histogram, add);
  }
  const bool skip_flagged = !core.incident.is_open();
  const std::int64_t newest = core.now - static_cast<std::int64_t>(open.size());
  const auto newer =
      slices_.size() > 0
          ? static_cast<std::size_t>(std::max<std::int64_t>(0, slices_.newest().slice - newest))
          : 0;
  slices_.newest_to_oldest(w - seen + newer,
                           [&](const LatencySlices::Entry& entry, std::span<const std::uint8_t> p) {
                             if (entry.slice <= newest && entry.known && !(entry.flagged && skip_flagged))
                               each_from_top(p, add);
                           });
  model::LatencyHistogram merged;
  for (int bin = 0; bin < model::kBins; ++bin) merged.add(bin, sum[static_cast<std::size_t>(bin)]);
  return merged.quantile_ms(q).value_or(0);
}

bool LatencyScorer::is_easing(const Core& core, const Windows& windows, std::size_t limit,
                              const HorizonScore& h) {
  const Window& last = windows[kNewest];
  const Window& both = windows[kNewestAndBefore];
  const Easing::Stretch now{static_cast<double>(last.above[limit]), static_cast<double>(last.requests)};
  const Easing::Stretch before{static_cast<double>(both.above[limit]) - now.observed,
                               static_cast<double>(both.requests) - now.exposure};
  return core.easing[limit].judge(now, before, h.expected / h.exposure, core.channels[h.channel].d5);
}

HorizonScore LatencyScorer::score_short(const Core& core, const LatencyLimits& limits, const Windows& windows,
                                        std::size_t horizon,
                                        std::optional<LatencyBaseline::Before>& before) const {
  const auto [channel, minutes, looks] = kHorizons[horizon];
  const bool slow = minutes == 20;
  HorizonScore h;
  h.minutes = minutes;
  h.channel = channel;
  const auto c = static_cast<std::size_t>(channel);
  const Window& win = windows[slow ? kTwenty : minutes == 5 ? kFive : kNewest];
  const int w = core.grid.slices(minutes);
  const int least = core.grid.slices(kLeastBaselineMinutes);
  const LatencyBaseline& baseline = core.baseline;
  auto k = static_cast<double>(baseline.slices());
  if (limits.bin[c] == kNoLimit || k < least || baseline.requests() < kLeastRequests ||
      win.known < kLeastKnown * w || win.requests == 0) {
    return h;
  }
  const Channel& ch = core.channels[c];
  double y = limits.short_above[c];
  auto x = static_cast<double>(baseline.requests());
  if (slow) {
    // Half of what is wrong for ten minutes would be in its own baseline: it must end before the window.
    if (!before) before = baseline.before(slices_, limits, core.now - w);
    if (before->slices < least || before->requests < static_cast<double>(kLeastRequests)) return h;
    k = before->slices;
    y = before->above[c];
    x = before->requests;
  }
  double a = y + 0.5;
  double b = x;
  if (baseline.day_requests() > 0) {
    const double g = x * (limits.long_above[c] + 0.5) / baseline.day_requests();
    if (std::abs(y - g) < 3 * std::sqrt(g * (ch.d5.phi() + ch.d5.alpha() * g / 4) + 1)) {
      const double v = std::clamp((40 - y) / (limits.long_above[c] + 1), 1.0 / 24, 0.5);
      a += v * limits.long_above[c];
      b += v * baseline.day_requests();
    }
  }
  const std::int64_t last = core.grid.block_of(core.now);
  for (std::int64_t at = core.grid.block_of(core.now - w + 1); at <= last; ++at) {
    const double f = ch.factor_of(at);
    h.season = slow ? h.season + (f - 1) / 4 : std::max(h.season, f);
  }
  const Dispersion& d = slow ? ch.d20 : ch.d5;
  const auto requests = static_cast<double>(win.requests);
  h.mu0 = a / (b + 1) * requests;
  h.expected = std::min(h.mu0 * h.season, kMostShare * requests);
  h.observed = static_cast<double>(win.above[c]);
  h.exposure = requests;
  h.known = square(h.expected) * (d.phi() + d.alpha() * a * core.grid.per_block() / k) / a +
            square(kSeasonDoubt * h.mu0 * (h.season - 1));
  h.variance = d.variance(h.expected) + h.known;
  h.limit = model::bin_lower_ms(limits.bin[c]);
  h.base_value = model::bin_middle_ms(limits.base[c]);
  score_upper(h, 1.5, looks, slow ? ch.tail20 : ch.tail5);
  h.easing = (h.z > 0 || core.incident.is_open()) && is_easing(core, windows, c, h);
  return h;
}

HorizonScore LatencyScorer::score_hour(const Core& core, const LatencyLimits& limits, const Windows& windows,
                                       std::size_t horizon) const {
  const auto [channel, minutes, looks] = kHorizons[horizon];
  HorizonScore h;
  h.minutes = minutes;
  h.channel = channel;
  const auto c = static_cast<std::size_t>(channel);
  const Window& win = windows[kSixty];
  if (limits.hour_bin[c] == kNoLimit ||
      core.baseline.day_slices() < core.grid.slices(LatencyBaseline::kMinutes) ||
      win.known < kLeastKnown * core.grid.slices(kWindowMinutes) || win.requests == 0) {
    return h;
  }
  const Channel& ch = core.channels[c];
  const double a = limits.hour_above[c] + 0.5;
  const auto requests = static_cast<double>(win.requests);
  const double rate = a / core.baseline.day_requests();
  h.mu0 = rate * win.requests_by_factor[c];  // without the hour's own habit: what the season stores
  h.expected = std::min(h.mu0 * std::max(ch.hour_factor, ch.hour_factor_before), kMostShare * requests);
  h.observed = static_cast<double>(win.above[3 + c]);
  h.exposure = requests;
  h.season = h.expected / (rate * requests);
  h.known = square(h.expected) / a + square(kSeasonDoubt * (h.expected - rate * requests));
  h.variance = ch.d60.variance(h.expected) + h.known;
  h.limit = model::bin_lower_ms(limits.hour_bin[c]);
  h.base_value = model::bin_middle_ms(limits.hour_bin[c]);
  score_upper(h, 2, looks, ch.tail60);
  h.easing = (h.z > 0 || core.incident.is_open()) && is_easing(core, windows, 3 + c, h);
  return h;
}

namespace {
void find_best(LatencyScore& out) {
  out.z = kNoScore;
  for (std::size_t i = 0; i < out.horizons.size(); ++i) {
    if (out.horizons[i].z > out.z) {
      out.z = out.horizons[i].z;
      out.best = static_cast<int>(i);
    }
  }
}
bool of_hour(std::size_t horizon) { return kHorizons[horizon].minutes == kHour; }
double largest(const LatencyScore& score, bool hour) {
  double z = kNoScore;
  for (std::size_t i = 0; i < kHorizons.size(); ++i) {
    if (of_hour(i) == hour) z = std::max(z, score.horizons[i].z);
  }
  return z;
}
double fast_of(const LatencyScore& score) { return largest(score, false); }
double hour_of(const LatencyScore& score) { return largest(score, true); }
}  // namespace

LatencyScore LatencyScorer::score(const Core& core, std::span<const LatencySlice> open,
                                  bool all_quantiles) const {
  LatencyScore out;
  const bool known = open.empty() ? slices_.newest().known : open.back().known;
  if (!known) return out;
  const LatencyLimits limits = core.baseline.limits();
  Windows windows;
  count(core, open, limits, windows);
  std::optional<LatencyBaseline::Before> before;
  for (std::size_t i = 0; i < kHorizons.size(); ++i) {
    HorizonScore& h = out.horizons[i];
    h = of_hour(i) ? score_hour(core, limits, windows, i) : score_short(core, limits, windows, i, before);
    const bool gated = h.z > 0;  // the gates cannot change less, and the quantile costs a merge
    if (gated || (all_quantiles && h.scored))
      h.value = quantile_ms(core, open, h.minutes, h.channel == kP90 ? 0.9 : 0.99);
    if (gated) {
      const double ratio = h.value / h.base_value;
      const double ms = h.value - h.base_value;
      const double excess = h.observed - h.expected;
      apply_cap(h, of_hour(i) ? gate_hour(ratio, ms, excess) : gate_short(ratio, ms, excess));
    }
  }
  find_best(out);
  return out;
}

void LatencyScorer::hold(const Standing& standing, std::optional<double> before, LatencyScore& score) {
  for (std::size_t i = 0; i < kHorizons.size(); ++i) {
    HorizonScore& h = score.horizons[i];
    if (of_hour(i)) {
      standing.hold_hour(h);
      continue;
    }
    standing.hold_fast(h, before);
    // A level that wanders doubles by chance for a minute or two; what pages first is told as P2.
    if (h.z >= model::Thresholds{}.p1 && !standing.long_p1()) {
      h.z_alone = std::max(h.z_alone, h.z_free);
      h.cap = Cap::kBelowP1;
      h.z = capped(h.z_free, h.cap);
    }
  }
  find_best(score);
}

LatencyScore LatencyScorer::preview(std::span<const LatencySlice> open, bool all_quantiles) const {
  if (open.empty() && slices_.size() == 0) return {};
  Core copy = core_;
  for (std::size_t i = 0; i < open.size(); ++i) begin_slice(copy);
  LatencyScore out = score(copy, open, all_quantiles);
  if (open.empty()) {
    hold(before_newest_, {}, out);  // as close() judged it
    return out;
  }
  std::optional<double> before;
  if (open.size() >= 2 && fast_of(out) > 0) {
    Core earlier = core_;
    for (std::size_t i = 0; i + 1 < open.size(); ++i) begin_slice(earlier);
    before = fast_of(score(earlier, open.first(open.size() - 1), false));
  }
  hold(core_.standing, before, out);
  return out;
}

bool LatencyScorer::amend(std::int64_t index, const LatencySlice& slice) {
  static const model::LatencyHistogram kEmpty;
  const model::LatencyHistogram& now = slice.histogram != nullptr ? *slice.histogram : kEmpty;
  bool held = false;
  for (std::size_t i = 0; i < slices_.size() && !held; ++i) held = slices_.newest(i).slice == index;
  if (!held) return false;
  core_.baseline.amend(slices_, index, now);
  slices_.replace(index, now, slice.known);
  return true;
}

LatencyScore LatencyScorer::judge_past(std::int64_t index) const {
  if (index > core_.now || core_.now - index >= core_.grid.slices(kWindowMinutes)) return {};
  Core copy = core_;
  copy.now = index;
  LatencyScore past = score(copy, {}, false);
  if (index == core_.now) return past;
  // The hour no longer holds its own beginning.
  for (std::size_t i = 0; i < kHorizons.size(); ++i) {
    if (of_hour(i)) past.horizons[i] = HorizonScore{.minutes = kHour, .channel = kHorizons[i].channel};
  }
  find_best(past);
  return past;
}

LatencyScore LatencyScorer::close(const LatencySlice& slice) {
  begin_slice(core_);
  static const model::LatencyHistogram kEmpty;
  slices_.push(core_.now, slice.histogram != nullptr ? *slice.histogram : kEmpty, slice.known);
  LatencyScore out = score(core_, {}, false);
  for (std::size_t c = 0; c < 3; ++c) core_.easing[c].push(out.horizons[2 * c].easing);
  for (std::size_t c = 0; c < 2; ++c) core_.easing[3 + c].push(out.horizons[kFirstHour + c].easing);
  before_newest_ = core_.standing;
  core_.standing.push(fast_of(out), hour_of(out));
  hold(before_newest_, {}, out);
  double fast = kNoScore;
  double raw = kNoScore;
  for (std::size_t i = 0; i < kHorizons.size(); ++i) {
    const HorizonScore& h = out.horizons[i];
    if (!h.scored || of_hour(i)) continue;
    fast = std::max(fast, h.z);
    if (h.minutes == 5) {
      raw = std::max(raw, h.raw);
      core_.channels[i / 2].last_mu0 = h.mu0;
    }
  }
  if (slice.known) {
    IncidentState& incident = core_.incident;
    if (incident.is_open() && !incident.is_thawed(core_.now, core_.grid)) slices_.set_flagged(0, true);
    const Turn turn = incident.advance(core_.now, fast, raw < kCalmRaw, core_.grid);
    if (turn == Turn::kOpened || turn == Turn::kClosed) {
      const auto window = std::min(static_cast<std::size_t>(core_.grid.per_block()), slices_.size());
      for (std::size_t i = 0; i < window; ++i) slices_.set_flagged(i, turn == Turn::kOpened);
    }
    if (turn == Turn::kRelearned) relearn();
  }
  if (core_.grid.ends_block(core_.now)) learn(out, slice.known);
  const std::int64_t hour_ago = core_.now - core_.grid.slices(kWindowMinutes);
  const auto& ring = core_.baseline.ring();
  // Both lists rise, so one walk finds the entries that only the ring still needs.
  std::size_t r = 0;
  slices_.retain([&](const LatencySlices::Entry& entry) {
    while (r < ring.size() && ring[r] < entry.slice) ++r;
    return entry.slice > hour_ago || (r < ring.size() && ring[r] == entry.slice);
  });
  return out;
}

void LatencyScorer::learn(const LatencyScore& score, bool known) {
  const std::int64_t b = core_.block;
  const bool full = core_.baseline.full();
  const bool may_learn = known && core_.incident.may_learn(core_.now, core_.grid);
  const bool calibrates = may_learn && core_.now - core_.first >= core_.grid.slices(24 * 60);
  for (std::size_t c = 0; c < 3; ++c) {
    Channel& ch = core_.channels[c];
    const HorizonScore& five = score.horizons[2 * c];
    const HorizonScore& twenty = score.horizons[2 * c + 1];
    week5_[c].put(b, five.scored ? std::optional(SeenExpected{five.observed, five.expected / five.season})
                                 : std::nullopt);
    if (may_learn && five.scored) ch.d5.add(five.observed, five.expected, five.known, 1, 600);
    if (may_learn && twenty.scored && full && b % 2 == 0)
      ch.d20.add(twenty.observed, twenty.expected, twenty.known, 0.5, 300);
    if (calibrates && five.scored) ch.tail5.feed(five.raw, 0.15);
    if (calibrates && twenty.scored && b % 4 == 0) ch.tail20.feed(twenty.raw, 0.15);
    if (c == kFar) continue;
    const HorizonScore& hour = score.horizons[kFirstHour + c];
    week60_[c].put(b, hour.scored ? std::optional(SeenExpected{hour.observed, hour.mu0}) : std::nullopt);
    if (may_learn && hour.scored && !core_.incident.is_open())
      ch.d60.add(hour.observed, hour.expected, hour.known, 1.0 / 12, 168);
    if (calibrates && hour.scored && b % 6 == 0) ch.tail60.feed(hour.raw, 0.05);
  }
}

void LatencyScorer::relearn() {
  core_.baseline.clear();
  const std::int64_t hour_ago = core_.now - core_.grid.slices(kWindowMinutes);
  const std::int64_t window = core_.now - core_.grid.per_block();
  for (std::size_t i = slices_.size(); i-- > 0;) {
    const LatencySlices::Entry& entry = slices_.newest(i);
    if (entry.slice <= hour_ago) continue;
    slices_.set_flagged(i, false);
    if (entry.slice > window || !entry.known) continue;
    core_.baseline.learn_again(slices_, entry.slice);
  }
}

std::size_t LatencyScorer::bytes() const {
  std::size_t sum = sizeof(*this) + core_.baseline.bytes() + slices_.bytes();
  for (const auto& week : week5_) sum += week.bytes() - sizeof(WeekOfBlocks);
  for (const auto& week : week60_) sum += week.bytes() - sizeof(WeekOfRatios<Habit::kBusy>);
  return sum;
}

}  // namespace sentinel::detect
