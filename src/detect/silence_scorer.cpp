#include "detect/silence_scorer.hpp"

#include <algorithm>
#include <cmath>

namespace sentinel::detect {
namespace {

constexpr std::array<double, 3> kCounts = {16, 32, 64};  // e^-16 is certain, 64 sees partial drops
constexpr int kLongestMinutes = 120;
constexpr int kShortestMinutes = 2;
constexpr int kHistoryMinutes = 30;
constexpr double kLooks = 1200;
constexpr double kMemoryDocs = 200;  // the level remembers about this many documents, 30 to 300 min
constexpr double kSeasonDoubt = 0.3;
constexpr double kOpens = 2;
constexpr double kBack = 0.7;  // of the expected: traffic has returned
constexpr int kGiveUpMinutes = 24 * 60;

double square(double v) { return v * v; }

Cap gate(double ratio) {
  if (!(ratio <= 0.6)) return Cap::kBelowP4;
  if (!(ratio <= 0.5)) return Cap::kBelowP3;
  if (!(ratio <= 0.3)) return Cap::kBelowP2;
  if (!(ratio <= 0.05)) return Cap::kBelowP1;
  return Cap::kNone;
}

}  // namespace

SilenceScorer::SilenceScorer(Grid grid, std::int64_t first)
    : grid_(grid),
      first_(first),
      now_(first - 1),
      block_(grid.block_of(first) - 1),
      closed_(first - 1 - grid.per_block()),
      docs_(static_cast<std::size_t>(grid.slices(kLongestMinutes))),
      season_{} {
  season_.fill(1);
}

bool SilenceScorer::is_judged() const {
  return now_ - first_ >= grid_.slices(kHistoryMinutes) &&
         level_ * grid_.slices(kLongestMinutes) >= kCounts[0];
}

double SilenceScorer::known_variance(double expected, double plain, double season) const {
  const double learned = std::max(level_ * grid_.slices(30), 100.0);
  return square(expected) / learned + square(kSeasonDoubt * plain * (1 - season));
}

HorizonScore SilenceScorer::score(double count, bool& stop) const {
  HorizonScore h;
  const double wanted = std::max<double>(grid_.slices(kShortestMinutes), std::ceil(count / level_));
  if (!(wanted <= static_cast<double>(docs_.size()))) {
    stop = true;  // too little traffic for a window of two hours, or too young
    return h;
  }
  const auto w = static_cast<std::size_t>(wanted);
  double seen = 0;
  for (std::size_t i = 0; i < w; ++i) {
    if (docs_.newest(i) == kUnknown) return h;
    seen += docs_.newest(i);
  }
  h.minutes = static_cast<int>(static_cast<std::int64_t>(w) * grid_.slice_seconds / 60);
  const auto begin = grid_.block_of(now_ - static_cast<std::int64_t>(w) + 1);
  h.season = std::min(season_of(grid_.block_of(now_)), season_of(begin));
  const double plain = level_ * static_cast<double>(w);
  h.observed = seen;
  h.expected = plain * h.season;
  h.known = known_variance(h.expected, plain, h.season);
  h.variance = dispersion_.variance(h.expected) + h.known;
  h.scored = true;
  if (seen >= h.expected) {
    h.screened = true;
    h.z = h.z_tail = -1;
    return h;
  }
  const double logp = log_lower_tail(seen, h.expected, h.variance);
  h.raw = z_from_logp(logp);
  h.z = h.z_tail = z_of_day(logp, kLooks);
  apply_cap(h, gate(seen / h.expected));
  return h;
}

SilenceScore SilenceScorer::close(std::uint64_t docs, bool known) {
  ++now_;
  if (const std::int64_t b = grid_.block_of(now_); b != block_) {
    block_ = b;
    // The season only lowers: a usual quiet hour is no silence, a usual busy one is no reason to expect more.
    season_[static_cast<std::size_t>(b & 31)] = std::min(1.0, week_.daily_median(b).value_or(1));
  }
  const auto lag = static_cast<std::size_t>(grid_.per_block());
  // Nor from the slices of an outage that ended less than the lag ago.
  const bool frozen = open_ || now_ - closed_ <= grid_.per_block();
  if (!frozen && docs_.size() >= lag && docs_.newest(lag - 1) != kUnknown) {
    ++updates_;
    const double memory =
        std::clamp(level_ > 0 ? kMemoryDocs / level_ : 1e300, static_cast<double>(grid_.slices(30)),
                   static_cast<double>(grid_.slices(300)));
    level_ += std::max(1.0 / static_cast<double>(updates_), 1 / memory) * (docs_.newest(lag - 1) - level_);
  }
  docs_.push(known ? static_cast<std::uint32_t>(std::min<std::uint64_t>(docs, kUnknown - 1)) : kUnknown);
  if (known) quiet_slices_ = docs > 0 ? 0 : quiet_slices_ + 1;
  last_ = {};
  last_.quiet_slices = quiet_slices_;
  if (!known) return last_;

  const HorizonScore* shortest = judge();  // sees the return of traffic first
  if (!open_ && last_.best.z >= kOpens) {
    open_ = true;
    opened_ = now_;
  } else if (open_) {
    if (shortest != nullptr && shortest->observed > kBack * shortest->expected) {
      open_ = false;
      closed_ = now_;
    }
    if (open_ && open_for() > grid_.slices(kGiveUpMinutes)) give_up();
  }
  if (grid_.ends_block(now_)) {
    std::optional<SeenExpected> block;
    double seen = 0;
    bool whole = docs_.size() >= lag && level_ > 0 && now_ - first_ >= grid_.slices(kHistoryMinutes);
    for (std::size_t i = 0; whole && i < lag; ++i) {
      whole = docs_.newest(i) != kUnknown;
      seen += docs_.newest(i);
    }
    if (whole) {
      const double plain = level_ * static_cast<double>(lag);
      const double season = season_of(block_);
      block = {seen, plain};
      if (!open_)
        dispersion_.add(seen, plain * season, known_variance(plain * season, plain, season), 1, 600);
    }
    week_.put(block_, block);
  }
  return last_;
}

const HorizonScore* SilenceScorer::judge() {
  const HorizonScore* shortest = nullptr;
  bool stop = !is_judged();
  for (std::size_t i = 0; i < kCounts.size() && !stop; ++i) {
    const HorizonScore& h = last_.tried[i] = score(kCounts[i], stop);
    if (!h.scored) continue;
    if (shortest == nullptr) shortest = &h;
    if (!h.screened && h.z > last_.best.z) last_.best = h;
  }
  return shortest;
}

bool SilenceScorer::amend(std::int64_t index, std::uint64_t docs, bool known) {
  const std::int64_t age = now_ - index;
  if (age < 0 || age >= static_cast<std::int64_t>(docs_.size())) return false;
  docs_.newest(static_cast<std::size_t>(age)) =
      known ? static_cast<std::uint32_t>(std::min<std::uint64_t>(docs, kUnknown - 1)) : kUnknown;
  quiet_slices_ = 0;
  while (quiet_slices_ < static_cast<std::int64_t>(docs_.size()) &&
         docs_.newest(static_cast<std::size_t>(quiet_slices_)) == 0)
    ++quiet_slices_;
  last_ = {};
  last_.quiet_slices = quiet_slices_;
  const HorizonScore* shortest = judge();
  if (!open_ || shortest == nullptr || shortest->observed <= kBack * shortest->expected) return false;
  open_ = false;
  closed_ = now_;
  return true;
}

// Silent for a day: that is how it is now. The level starts anew.
void SilenceScorer::give_up() {
  open_ = false;
  level_ = 0;
  updates_ = 0;
}

std::size_t SilenceScorer::bytes() const {
  return sizeof(*this) + docs_.capacity() * sizeof(std::uint32_t) + week_.bytes() - sizeof(week_);
}

}  // namespace sentinel::detect
