#include "detect/gauge_scorer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "detect/season.hpp"

namespace sentinel::detect {
namespace {

constexpr int kLeastMeans = 8;
constexpr int kMostMeans = 11;
constexpr int kLeastBlocks = 24;
constexpr double kMemoryBlocks = 864;     // three days
constexpr double kMeanToNormal = 1.2533;  // standard deviation of a normal from its mean |e|
constexpr double kLeastKnown = 0.6;

Cap gate(double change) {
  if (!(change > 0.10)) return Cap::kBelowP4;
  if (!(change >= 0.15)) return Cap::kBelowP3;
  if (!(change >= 0.25)) return Cap::kBelowP2;
  if (!(change >= 0.5)) return Cap::kBelowP1;
  return Cap::kNone;
}

std::size_t modulo(std::int64_t a, std::int64_t n) { return static_cast<std::size_t>(((a % n) + n) % n); }

// Median of the 5-min means of the newest 55 admitted minutes; none below eight of them.
template <class Ring>
std::optional<double> level_of(const Ring& ring, std::size_t per_block) {
  std::vector<double> means;
  for (std::size_t start = 0; start + per_block <= ring.size() && means.size() < kMostMeans;
       start += per_block) {
    double sum = 0;
    double count = 0;
    for (std::size_t i = per_block; i-- > 0;) {
      sum += ring.newest(start + i).sum;
      count += static_cast<double>(ring.newest(start + i).count);
    }
    if (count > 0) means.push_back(sum / count);
  }
  if (means.size() < kLeastMeans) return std::nullopt;
  return upper_median(means);
}

}  // namespace

GaugeScorer::Core::Core(Grid g, std::int64_t first_slice)
    : grid(g),
      first(first_slice),
      now(first_slice - 1),
      recent(static_cast<std::size_t>(g.slices(60))),
      ring(static_cast<std::size_t>(g.slices(75))) {}

GaugeScorer::GaugeScorer(Grid grid, std::int64_t first) : core_(grid, first) {}

void GaugeScorer::take(Core& core, const GaugeSlice& slice) {
  ++core.now;
  const auto lag = static_cast<std::size_t>(core.grid.per_block());
  if (core.recent.size() >= lag) {
    const Recent& old = core.recent.newest(lag - 1);
    const bool frozen = core.incident.is_open() && !core.incident.is_thawed(core.now, core.grid);
    if (!old.flagged && old.known && !frozen) core.ring.push({old.count, old.sum});
  }
  core.recent.push({slice.count, slice.sum, false, slice.known});
}

double GaugeScorer::habit(std::int64_t block) const {
  std::vector<double> values;
  for (std::int64_t j = 1; j <= 7; ++j) {
    const std::int64_t b = block - kBlocksPerDay * j;
    const auto& day = residuals_[modulo(b, 7 * kBlocksPerDay) / kBlocks];
    if (!day) continue;
    const float value = (*day)[modulo(b, kBlocksPerDay)];
    if (!std::isnan(value)) values.push_back(value);
  }
  return values.size() < 3 ? 0 : std::max(0.0, upper_median(values));
}

void GaugeScorer::put_residual(std::int64_t block, float residual) {
  auto& day = residuals_[modulo(block, 7 * kBlocksPerDay) / kBlocks];
  if (!day) {
    if (std::isnan(residual)) return;
    day = std::make_unique<Day>();
    day->fill(std::numeric_limits<float>::quiet_NaN());
  }
  (*day)[modulo(block, kBlocksPerDay)] = residual;
}

HorizonScore GaugeScorer::score(const Core& core, double& lone) const {
  HorizonScore h;
  h.minutes = 5;
  lone = kNoScore;
  double sum = 0;
  double count = 0;
  int known = 0;
  const auto w = static_cast<std::size_t>(core.grid.per_block());
  for (std::size_t i = std::min(w, core.recent.size()); i-- > 0;) {
    const Recent& slice = core.recent.newest(i);
    if (!slice.known) continue;
    ++known;
    if (slice.flagged && !core.incident.is_open()) continue;
    sum += slice.sum;
    count += static_cast<double>(slice.count);
  }
  const auto level = level_of(core.ring, w);
  if (!core.recent.newest().known || known < kLeastKnown * static_cast<double>(w) || count <= 0 || !level)
    return h;
  // The window reaches back into the block before: the end of a daily job is part of the job.
  const double s = std::max(habit(core.grid.block_of(core.now)),
                            habit(core.grid.block_of(core.now - core.grid.per_block() + 1)));
  h.value = sum / count;
  h.observed = h.value;
  h.mu0 = *level;
  h.expected = *level + s;
  h.exposure = count;
  h.season = s;
  h.base_value = std::max({kMeanToNormal * core.deviation, 0.02 * std::abs(*level), 1e-9});
  h.variance = h.base_value * h.base_value;
  if (core.deviations < kLeastBlocks) return h;
  h.scored = true;
  const double e = h.value - h.expected;
  const double t = e / (1.07 * h.base_value + 0.3 * s);
  h.raw = t;
  h.calibration = core.tail.factor();
  if (t <= 0) {
    h.screened = true;
    h.z = h.z_tail = lone = -1;
    return h;
  }
  const double logp = log_student12_tail(t);
  h.raw = z_from_logp(logp);
  h.z_tail = lone = z_of_day(core.tail.calibrated(logp, h.raw), 600);
  // A lone slice needs half a unit more.
  std::array<double, 3> last = {core.last_z[0], core.last_z[1], lone};
  std::sort(last.begin(), last.end());
  h.z = std::max(last[1], lone - 0.5);
  const double change = std::abs(h.value - *level) / std::max(std::abs(*level), 1e-300);
  apply_cap(h, gate(change));
  return h;
}

HorizonScore GaugeScorer::preview(std::span<const GaugeSlice> open) const {
  Core copy = core_;
  double lone = kNoScore;
  if (open.empty()) return copy.recent.size() == 0 ? HorizonScore{} : score(copy, lone);
  HorizonScore out;
  for (const GaugeSlice& slice : open) {
    take(copy, slice);
    out = score(copy, lone);
    if (slice.known) copy.last_z = {copy.last_z[1], lone};
  }
  return out;
}

HorizonScore GaugeScorer::close(const GaugeSlice& slice) {
  take(core_, slice);
  double lone = kNoScore;
  const HorizonScore h = score(core_, lone);
  const bool has_level = h.base_value > 0;
  const double e = h.value - h.expected;
  if (slice.known) {
    core_.last_z = {core_.last_z[1], lone};
    IncidentState& incident = core_.incident;
    if (incident.is_open() && !incident.is_thawed(core_.now, core_.grid))
      core_.recent.newest().flagged = true;
    const Turn turn = incident.advance(core_.now, h.z, !h.scored || e < 2 * h.base_value, core_.grid);
    if (turn == Turn::kOpened || turn == Turn::kClosed) {
      const auto w = std::min(static_cast<std::size_t>(core_.grid.per_block()), core_.recent.size());
      for (std::size_t i = 0; i < w; ++i) core_.recent.newest(i).flagged = turn == Turn::kOpened;
    }
    if (turn == Turn::kRelearned) relearn();
  }
  if (!core_.grid.ends_block(core_.now)) return h;
  put_residual(core_.grid.block_of(core_.now),
               has_level ? static_cast<float>(h.value - h.mu0) : std::numeric_limits<float>::quiet_NaN());
  if (has_level && core_.incident.may_learn(core_.now, core_.grid)) {
    double size = std::abs(e);
    if (core_.deviations > 0 && core_.deviation > 0) size = std::min(size, 5 * core_.deviation);
    ++core_.deviations;
    core_.deviation +=
        (size - core_.deviation) / std::min(static_cast<double>(core_.deviations), kMemoryBlocks);
    if (h.scored && core_.now - core_.first >= core_.grid.slices(24 * 60)) core_.tail.feed(h.raw, 0.15);
  }
  return h;
}

void GaugeScorer::relearn() {
  core_.ring.clear();
  for (std::size_t i = core_.recent.size(); i-- > 0;) {
    Recent& slice = core_.recent.newest(i);
    slice.flagged = false;
    if (i >= static_cast<std::size_t>(core_.grid.per_block()) && slice.known)
      core_.ring.push({slice.count, slice.sum});
  }
}

std::size_t GaugeScorer::bytes() const {
  std::size_t sum =
      sizeof(*this) + core_.recent.capacity() * sizeof(Recent) + core_.ring.capacity() * sizeof(Admitted);
  for (const auto& day : residuals_) sum += day ? sizeof(Day) + 16 : 0;
  return sum;
}

}  // namespace sentinel::detect
