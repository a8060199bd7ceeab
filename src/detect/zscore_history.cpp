#include "detect/zscore_history.hpp"

#include <optional>

#include "model/anomaly.hpp"

namespace sentinel::detect {
namespace {

constexpr double kLeastKnown = 0.6;

std::size_t length_of(const ZscoreWindows& w) { return static_cast<std::size_t>(w.slices * w.count); }

// The judged value is the first window's; the others are the baseline.
ZscoreReading reading(std::string_view metric, const std::vector<std::optional<double>>& values,
                      std::uint64_t docs, int min_data_points) {
  ZscoreReading out;
  out.metric = metric;
  out.docs = docs;
  if (values.empty() || !values[0]) return out;
  out.current = *values[0];
  std::vector<double> baseline;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i]) baseline.push_back(*values[i]);
  }
  out.result = zscore(baseline, out.current, min_data_points);
  return out;
}

}  // namespace

ZscoreHistory::ZscoreHistory(ZscoreWindows windows, std::int64_t first)
    : windows_(windows), first_(first), now_(first - 1), counts_(length_of(windows)) {}

void ZscoreHistory::close(const CountSlice& slice) {
  ++now_;
  counts_.push({slice.docs, slice.errors, slice.known});
  static const model::LatencyHistogram kEmpty;
  latency_.push(now_, slice.latency != nullptr ? *slice.latency : kEmpty, slice.known);
  const std::int64_t oldest = now_ - windows_.slices * windows_.count;
  latency_.retain([oldest](const LatencySlices::Entry& entry) { return entry.slice > oldest; });
}

std::vector<ZscoreReading> ZscoreHistory::judge(std::span<const CountSlice> open) const {
  const std::int64_t newest = now_ + static_cast<std::int64_t>(open.size());
  const auto count = static_cast<std::size_t>(windows_.count);
  struct Window {
    std::uint64_t docs = 0;
    std::uint64_t errors = 0;
    int known = 0;
    std::vector<std::uint32_t> bins;
  };
  std::vector<Window> windows(count);
  const auto window_of = [&](std::int64_t slice) -> Window* {
    const auto i = static_cast<std::size_t>((newest - slice) / windows_.slices);
    return i < count ? &windows[i] : nullptr;
  };
  const auto add_bin = [](Window& w, int bin, std::uint64_t n) {
    if (w.bins.empty()) w.bins.resize(model::kBins);
    w.bins[static_cast<std::size_t>(bin)] += static_cast<std::uint32_t>(n);
  };
  for (std::size_t i = 0; i < open.size(); ++i) {
    Window* w = window_of(now_ + 1 + static_cast<std::int64_t>(i));
    if (w == nullptr || !open[i].known) continue;
    w->docs += open[i].docs;
    w->errors += open[i].errors;
    ++w->known;
    if (open[i].latency == nullptr) continue;
    for (const auto& bin : open[i].latency->bins()) add_bin(*w, bin.index, bin.count);
  }
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    Window* w = window_of(now_ - static_cast<std::int64_t>(i));
    const Counts& c = counts_.newest(i);
    if (w == nullptr || !c.known) continue;
    w->docs += c.docs;
    w->errors += c.errors;
    ++w->known;
  }
  latency_.newest_to_oldest(latency_.size(), [&](const LatencySlices::Entry& entry, auto packed) {
    Window* w = window_of(entry.slice);
    if (w == nullptr || !entry.known) return;
    each_from_top(packed, [&](int bin, std::uint64_t n) {
      add_bin(*w, bin, n);
      return true;
    });
  });
  std::vector<std::optional<double>> errors(count);
  std::vector<std::optional<double>> p99(count);
  std::vector<std::optional<double>> p95(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Window& w = windows[i];
    const std::int64_t end = newest - static_cast<std::int64_t>(i) * windows_.slices;
    if (end < first_) continue;  // it ended before the service's first document
    const std::int64_t begin = std::max(first_, end - windows_.slices + 1);
    if (w.known < kLeastKnown * static_cast<double>(end - begin + 1)) continue;
    errors[i] = static_cast<double>(w.errors);
    if (w.bins.empty()) continue;
    model::LatencyHistogram merged;
    for (int bin = 0; bin < model::kBins; ++bin) merged.add(bin, w.bins[static_cast<std::size_t>(bin)]);
    p99[i] = merged.quantile_ms(0.99);
    p95[i] = merged.quantile_ms(0.95);
  }
  const std::uint64_t docs = windows.empty() ? 0 : windows[0].docs;
  return {reading(model::kErrorRate, errors, docs, windows_.min_data_points),
          reading(model::kLatencyP95, p95, docs, windows_.min_data_points),
          reading(model::kLatencyP99, p99, docs, windows_.min_data_points)};
}

ZscoreGauge::ZscoreGauge(ZscoreWindows windows) : windows_(windows), slices_(length_of(windows)) {}

ZscoreReading ZscoreGauge::judge(std::span<const MeanSlice> open) const {
  const auto count = static_cast<std::size_t>(windows_.count);
  std::vector<MeanSlice> sums(count);
  std::size_t age = 0;
  const auto add = [&](const MeanSlice& slice) {
    const std::size_t i = age++ / static_cast<std::size_t>(windows_.slices);
    if (i >= count || !slice.known) return;
    sums[i].count += slice.count;
    sums[i].sum += slice.sum;
  };
  for (auto it = open.rbegin(); it != open.rend(); ++it) add(*it);
  for (std::size_t i = 0; i < slices_.size(); ++i) add(slices_.newest(i));
  std::vector<std::optional<double>> means(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (sums[i].count > 0) means[i] = sums[i].sum / static_cast<double>(sums[i].count);
  }
  return reading({}, means, sums.empty() ? 0 : sums[0].count, windows_.min_data_points);
}

}  // namespace sentinel::detect
