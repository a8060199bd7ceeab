#include "detect/error_scorer.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {

constexpr int kWindowMinutes = 60;
constexpr int kBaselineMinutes = 55;
constexpr int kLeastBaselineMinutes = 15;
constexpr int kRingMinutes = 75;
constexpr double kDay = 86400;
constexpr double kPriorErrors = 0.5;  // an all-zero baseline expects little, not nothing
constexpr double kLeastKnown = 0.6;   // of a window, for a score
constexpr double kCalmRaw = 1.5;
constexpr double kTargetErrors = 40;  // the long reference helps until the baseline holds this many
constexpr double kAgreement = 3;      // standard deviations between short and long reference
constexpr double kSeasonDoubt = 0.3;  // of what the season adds

struct Memory {
  double weight;
  double blocks;
};
constexpr Memory kMemory5{1, 600};
constexpr Memory kMemory20{0.5, 300};
constexpr Memory kMemory60{1.0 / 12, 168};

double square(double v) { return v * v; }

Cap gate_short(double excess, double ratio, int minutes) {
  if (!(excess >= 2.5 && ratio >= 1.25)) return Cap::kBelowP4;
  if (!(ratio >= 1.5)) return Cap::kBelowP3;
  if (!(excess >= 4.5)) return Cap::kBelowP2;
  if (!(ratio >= 2 && excess >= 9.5 && excess >= 4.5 * minutes / 5)) return Cap::kBelowP1;
  return Cap::kNone;
}

Cap gate_hour(double excess, double ratio) {
  if (!(excess >= 6 && ratio >= 1.25)) return Cap::kBelowP4;
  if (!(ratio >= 1.5)) return Cap::kBelowP3;
  if (!(ratio >= 1.75 && excess >= 10)) return Cap::kBelowP2;
  if (!(ratio >= 2.5 && excess >= 20)) return Cap::kBelowP1;
  return Cap::kNone;
}

}  // namespace

// Sums over the newest 55 min of the ring that ended before the window.
struct ErrorScorer::Baseline {
  double errors = 0;
  double others = 0;
  int slices = 0;
};

struct ErrorScorer::Window {
  double errors = 0;
  double others = 0;
  double others_by_factor = 0;  // sum of others times the factor of their block
  double factors = 0;           // sum of the factors
  double top = 0;               // errors of the largest slices
  int counted = 0;
  int known = 0;
};

ErrorScorer::Core::Core(Grid g, std::int64_t first_slice)
    : grid(g),
      first(first_slice),
      now(first_slice - 1),
      block(g.block_of(first_slice) - 1),
      recent(static_cast<std::size_t>(g.slices(kWindowMinutes))),
      ring(static_cast<std::size_t>(g.slices(kRingMinutes))),
      factor{} {
  factor.fill(1);
}

ErrorScorer::ErrorScorer(Grid grid, std::int64_t first) : core_(grid, first) {}

void ErrorScorer::take(Core& core, const ErrorSlice& slice) const {
  ++core.now;
  if (const std::int64_t b = core.grid.block_of(core.now); b != core.block) {
    core.block = b;
    const double m = core.last_mu0;
    core.factor[static_cast<std::size_t>(b & 15)] =
        block_factor(week5_, b, m, std::sqrt(std::max(0.25, core.d5.variance(m))));
    core.hour_factor_before = core.hour_factor;
    core.hour_factor = std::max(1.0, week60_.daily_median(b).value_or(1));
  }
  admit(core);
  const std::uint64_t others = slice.docs > slice.errors ? slice.docs - slice.errors : 0;
  core.recent.push({slice.errors, others, false, slice.known});
}

// The slice that ended 5 min ago becomes baseline, so no window is its own; what falls off the ring becomes
// the long reference.
void ErrorScorer::admit(Core& core) {
  const auto lag = static_cast<std::size_t>(core.grid.per_block());
  if (core.recent.size() < lag) return;
  const Recent& slice = core.recent.newest(lag - 1);
  if (slice.flagged || !slice.known) return;
  if (core.incident.is_open() && !core.incident.is_thawed(core.now, core.grid)) return;
  if (core.ring.full()) {
    const Admitted& old = core.ring[0];
    const double keep = 1 - static_cast<double>(core.grid.slice_seconds) / kDay;
    core.long_errors = core.long_errors * keep + old.errors;
    core.long_others = core.long_others * keep + static_cast<double>(old.others);
    core.long_slices = core.long_slices * keep + 1;
    ++core.long_count;
  }
  const std::int64_t s = core.now - core.grid.per_block();
  core.ring.push(
      {s, static_cast<double>(slice.errors) / core.factor_of(core.grid.block_of(s)), slice.others});
}

ErrorScorer::Baseline ErrorScorer::baseline(const Core& core, int window) {
  std::size_t end = core.ring.size();
  while (end > 0 && core.ring[end - 1].slice > core.now - window) --end;
  const auto most = static_cast<std::size_t>(core.grid.slices(kBaselineMinutes));
  Baseline sum;
  // Oldest to newest: the same order of additions at every replay.
  for (std::size_t i = end > most ? end - most : 0; i < end; ++i) {
    sum.errors += core.ring[i].errors;
    sum.others += static_cast<double>(core.ring[i].others);
    ++sum.slices;
  }
  return sum;
}

ErrorScorer::Window ErrorScorer::window(const Core& core, int slices, bool skip_flagged, int largest) {
  Window sum;
  std::array<std::uint64_t, 3> top{};
  const auto n = std::min(static_cast<std::size_t>(slices), core.recent.size());
  for (std::size_t i = n; i-- > 0;) {
    const Recent& slice = core.recent.newest(i);
    if (!slice.known) continue;
    ++sum.known;
    if (skip_flagged && slice.flagged) continue;
    ++sum.counted;
    const double f = core.factor_of(core.grid.block_of(core.now - static_cast<std::int64_t>(i)));
    sum.errors += static_cast<double>(slice.errors);
    sum.others += static_cast<double>(slice.others);
    sum.others_by_factor += static_cast<double>(slice.others) * f;
    sum.factors += f;
    std::uint64_t e = slice.errors;
    for (int j = 0; j < largest; ++j) {
      if (e > top[static_cast<std::size_t>(j)]) std::swap(e, top[static_cast<std::size_t>(j)]);
    }
  }
  for (const auto e : top) sum.top += static_cast<double>(e);
  return sum;
}

void ErrorScorer::note_easing(const Core& core, HorizonScore& h) {
  const int newest = core.grid.slices(Easing::kNewestMinutes);
  const Window last = window(core, newest, false, 0);
  const Window both = window(core, newest + core.grid.slices(Easing::kBeforeMinutes), false, 0);
  const Easing::Stretch now{last.errors, h.by_time ? last.counted : last.others};
  const Easing::Stretch before{both.errors - last.errors,
                               (h.by_time ? both.counted : both.others) - now.exposure};
  const double all = h.by_time ? core.grid.slices(h.minutes) : h.exposure;
  h.easing = all > 0 && core.easing.judge(now, before, h.expected / all, core.d5);
}

HorizonScore ErrorScorer::score_short(const Core& core, int minutes, Lesson& lesson) {
  HorizonScore h;
  h.minutes = minutes;
  const int w = core.grid.slices(minutes);
  const int largest = minutes == 5 ? 1 : 2;
  const Window win = window(core, w, !core.incident.is_open(), largest);
  const Baseline base = baseline(core, w);
  if (win.known < kLeastKnown * w || base.slices < core.grid.slices(kLeastBaselineMinutes)) return h;
  const double k = base.slices;
  double others_base = base.others;
  double others = win.others;
  double long_others = core.long_others;
  // A service that logs only its errors is measured against time instead of its other documents.
  h.by_time = base.errors >= base.others && win.errors >= win.others;
  if (h.by_time) {
    others_base = k;
    others = win.counted;
    long_others = core.long_slices;
  }
  if (others_base <= 0 || others <= 0) return h;

  const Dispersion& d5 = core.d5;
  double a = base.errors + kPriorErrors;
  double b = others_base;
  if (long_others > 0) {
    const double g = others_base * (core.long_errors + kPriorErrors) / long_others;
    // After a change of level only the recent hour is right, so the long reference must agree.
    if (std::abs(base.errors - g) < kAgreement * std::sqrt(g * (d5.phi() + d5.alpha() * g / 4) + 1)) {
      const double v = std::clamp((kTargetErrors - base.errors) / (core.long_errors + 1), 1.0 / 24, 0.5);
      a += v * core.long_errors;
      b += v * long_others;
    }
  }
  const std::int64_t last = core.grid.block_of(core.now);
  const std::int64_t begin = core.grid.block_of(core.now - w + 1);
  double season = 1;
  for (std::int64_t at = begin; at <= last; ++at) {
    const double f = core.factor_of(at);
    if (minutes == 5) {
      season = std::max(season, f);
    } else {
      season += (f - 1) / 4;
    }
  }
  const Dispersion& d = minutes == 5 ? core.d5 : core.d20;
  // At least the expected exposure: a half-filled slice or lost traffic does not make few errors look rare.
  h.mu0 = a / b * std::max(others, win.known * others_base / k);
  h.season = season;
  h.observed = win.errors;
  h.exposure = win.others;
  h.expected = h.mu0 * season;
  const double lag_share = core.grid.per_block() / k;
  h.known = square(h.expected) * (d.phi() + d.alpha() * a * lag_share) / a +
            square(kSeasonDoubt * h.mu0 * (season - 1));
  h.variance = d.variance(h.expected) + h.known;
  score_upper(h, 1.5, minutes == 5 ? 600 : 200, minutes == 5 ? core.tail5 : core.tail20);
  leave_out(h, win.top, largest, w);
  if (h.z > 0 || core.incident.is_open()) note_easing(core, h);
  apply_cap(h, gate_short(h.observed - h.expected, h.observed / h.expected, minutes));

  // Learned from the plain prediction: short baseline, measured exposure, no long reference.
  const double p = (base.errors + kPriorErrors) / others_base * others * season;
  lesson.valid = !h.by_time || core.long_errors >= core.long_others;
  lesson.observed = win.errors;
  lesson.predicted = p;
  lesson.known = square(p) * (d.phi() + d.alpha() * base.errors * lag_share) / (base.errors + kPriorErrors) +
                 square(kSeasonDoubt * p * (season - 1) / season);
  lesson.full = base.slices == core.grid.slices(kBaselineMinutes);
  return h;
}

HorizonScore ErrorScorer::score_hour(const Core& core) {
  HorizonScore h;
  h.minutes = 60;
  const int w = core.grid.slices(kWindowMinutes);
  if (core.long_count < core.grid.slices(kBaselineMinutes)) return h;
  const Window win = window(core, w, true, 3);
  if (win.known < kLeastKnown * w) return h;
  h.by_time = core.long_errors >= core.long_others && win.errors >= win.others;
  const double long_others = h.by_time ? core.long_slices : core.long_others;
  const double others = h.by_time ? win.counted : win.others;
  const double by_factor = h.by_time ? win.factors : win.others_by_factor;
  if (long_others <= 0 || others <= 0) return h;
  const double a = core.long_errors + kPriorErrors;
  const double plain = a / long_others * others;
  h.observed = win.errors;
  h.exposure = win.others;
  h.expected = a / long_others * by_factor * std::max(core.hour_factor, core.hour_factor_before);
  h.season = h.expected / plain;
  h.known = square(h.expected) / a + square(kSeasonDoubt * (h.expected - plain));
  h.variance = core.d60.variance(h.expected) + h.known;
  score_upper(h, 2, 60, core.tail60);
  leave_out(h, win.top, 3, w);
  if (h.z > 0 || core.incident.is_open()) note_easing(core, h);
  apply_cap(h, gate_hour(h.observed - h.expected, h.observed / h.expected));
  return h;
}

ErrorScore ErrorScorer::score(const Core& core, Lesson& lesson5, Lesson& lesson20) {
  ErrorScore out;
  if (!core.recent.newest().known) return out;
  out.horizons = {score_short(core, 5, lesson5), score_short(core, 20, lesson20), score_hour(core)};
  for (int i = 0; i < 3; ++i) {
    if (out.horizons[static_cast<std::size_t>(i)].z > out.z) {
      out.z = out.horizons[static_cast<std::size_t>(i)].z;
      out.best = i;
    }
  }
  return out;
}

ErrorScore ErrorScorer::preview(std::span<const ErrorSlice> open) const {
  Core copy = core_;
  for (const ErrorSlice& slice : open) take(copy, slice);
  if (copy.recent.size() == 0) return {};
  Lesson unused5;
  Lesson unused20;
  return score(copy, unused5, unused20);
}

bool ErrorScorer::amend(std::int64_t index, const ErrorSlice& slice) {
  const std::int64_t age = core_.now - index;
  if (age < 0 || age >= static_cast<std::int64_t>(core_.recent.size())) return false;
  Recent& held = core_.recent.newest(static_cast<std::size_t>(age));
  held.errors = slice.errors;
  held.others = slice.docs > slice.errors ? slice.docs - slice.errors : 0;
  held.known = slice.known;
  for (std::size_t i = 0; i < core_.ring.size(); ++i) {
    if (core_.ring[i].slice != index) continue;
    core_.ring[i].errors = static_cast<double>(slice.errors) / core_.factor_of(core_.grid.block_of(index));
    core_.ring[i].others = held.others;
  }
  return true;
}

ErrorScore ErrorScorer::judge_past(std::int64_t index) const {
  const std::int64_t age = core_.now - index;
  if (age < 0 || age >= static_cast<std::int64_t>(core_.recent.size())) return {};
  Core copy = core_;
  copy.now = index;
  copy.recent.drop_newest(static_cast<std::size_t>(age));
  Lesson unused5;
  Lesson unused20;
  ErrorScore past = score(copy, unused5, unused20);
  // The hour no longer holds its own beginning.
  if (age > 0) past.horizons[2] = HorizonScore{.minutes = 60};
  past.z = std::max(past.horizons[0].z, past.horizons[1].z);
  past.best = past.horizons[1].z > past.horizons[0].z ? 1 : 0;
  return past;
}

ErrorScore ErrorScorer::close(const ErrorSlice& slice) {
  take(core_, slice);
  Lesson lesson5;
  Lesson lesson20;
  const ErrorScore out = score(core_, lesson5, lesson20);
  const HorizonScore& five = out.horizons[0];
  if (five.scored) core_.last_mu0 = five.mu0;
  core_.easing.push(five.easing);
  if (slice.known) {
    IncidentState& incident = core_.incident;
    if (incident.is_open() && !incident.is_thawed(core_.now, core_.grid))
      core_.recent.newest().flagged = true;
    const double fast = std::max(five.z, out.horizons[1].z);
    const Turn turn = incident.advance(core_.now, fast, !five.scored || five.raw < kCalmRaw, core_.grid);
    const auto window = std::min(static_cast<std::size_t>(core_.grid.per_block()), core_.recent.size());
    if (turn == Turn::kOpened || turn == Turn::kClosed) {
      for (std::size_t i = 0; i < window; ++i) core_.recent.newest(i).flagged = turn == Turn::kOpened;
    }
    if (turn == Turn::kRelearned) relearn();
  }
  if (core_.grid.ends_block(core_.now)) learn(out, lesson5, lesson20);
  return out;
}

void ErrorScorer::learn(const ErrorScore& score, const Lesson& lesson5, const Lesson& lesson20) {
  const auto& [five, twenty, hour] = score.horizons;
  const std::int64_t b = core_.block;
  const bool known = core_.recent.newest().known;
  week5_.put(b, five.scored ? std::optional(SeenExpected{five.observed, five.mu0}) : std::nullopt);
  std::optional<SeenExpected> of_hour;
  if (known && core_.long_count >= core_.grid.slices(kBaselineMinutes)) {
    const Window all = window(core_, core_.grid.slices(kWindowMinutes), false, 0);
    const bool by_time = core_.long_errors >= core_.long_others && all.errors >= all.others;
    const double exposure = by_time ? core_.long_slices : core_.long_others;
    if (exposure > 0 && all.known >= kLeastKnown * core_.grid.slices(kWindowMinutes)) {
      of_hour = {all.errors, (core_.long_errors + kPriorErrors) / exposure *
                                 (by_time ? all.factors : all.others_by_factor)};
    }
  }
  week60_.put(b, of_hour);

  if (!core_.incident.may_learn(core_.now, core_.grid)) return;
  if (five.scored && lesson5.valid) {
    core_.d5.add(lesson5.observed, lesson5.predicted, lesson5.known, kMemory5.weight, kMemory5.blocks);
  }
  if (twenty.scored && lesson20.valid && lesson20.full && b % 2 == 0) {
    core_.d20.add(lesson20.observed, lesson20.predicted, lesson20.known, kMemory20.weight, kMemory20.blocks);
  }
  if (hour.scored && !core_.incident.is_open())
    core_.d60.add(hour.observed, hour.expected, hour.known, kMemory60.weight, kMemory60.blocks);
  if (core_.now - core_.first < core_.grid.slices(24 * 60)) return;
  if (five.scored) core_.tail5.feed(five.raw, 0.15);
  if (twenty.scored && b % 4 == 0) core_.tail20.feed(twenty.raw, 0.15);
  if (hour.scored && b % 6 == 0) core_.tail60.feed(hour.raw, 0.05);
}

// A change that stayed for hours is the new normal: the hour before the window becomes the whole baseline.
void ErrorScorer::relearn() {
  core_.ring.clear();
  core_.long_errors = core_.long_others = core_.long_slices = 0;
  core_.long_count = 0;
  for (std::size_t i = core_.recent.size(); i-- > 0;) {
    Recent& slice = core_.recent.newest(i);
    slice.flagged = false;
    if (i < static_cast<std::size_t>(core_.grid.per_block()) || !slice.known) continue;
    const std::int64_t s = core_.now - static_cast<std::int64_t>(i);
    const double errors = static_cast<double>(slice.errors) / core_.factor_of(core_.grid.block_of(s));
    core_.ring.push({s, errors, slice.others});
    core_.long_errors += errors;
    core_.long_others += static_cast<double>(slice.others);
    core_.long_slices += 1;
    ++core_.long_count;
  }
}

std::size_t ErrorScorer::bytes() const {
  return sizeof(*this) + core_.recent.capacity() * sizeof(Recent) + core_.ring.capacity() * sizeof(Admitted) +
         week5_.bytes() + week60_.bytes() - sizeof(week5_) - sizeof(week60_);
}

}  // namespace sentinel::detect
