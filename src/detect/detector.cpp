#include "detect/detector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <map>

#include "base/hash.hpp"
#include "detect/archive.hpp"
#include "detect/service_state.hpp"

namespace sentinel::detect {
namespace {

constexpr std::string_view kMagic = "sentinel-detect 4\n";  // the number is the layout's version
constexpr double kSurelyMissing = 16;                       // documents: e^-16 is certain
constexpr int kTogetherMinutes = 10;
constexpr std::size_t kLeastTogether = 3;

// What the state depends on. Thresholds are not in it: they only change what is reported.
std::uint64_t fingerprint(const Settings& s) {
  std::string text = fmt::format("{} {} {} {} {}", static_cast<int>(s.method), s.slice.count(),
                                 s.lookback.count(), s.baseline_window.count(), s.min_data_points);
  for (const auto& m : s.metrics) text += fmt::format("\n{} {}", m.name, static_cast<int>(m.direction));
  return fnv1a(text);
}

template <class T>
std::vector<const T*> by_service(const std::vector<T>& items) {
  std::vector<const T*> out;
  out.reserve(items.size());
  for (const T& item : items) out.push_back(&item);
  const auto less = [](const T* a, const T* b) { return a->service < b->service; };
  if (!std::is_sorted(out.begin(), out.end(), less)) std::stable_sort(out.begin(), out.end(), less);
  return out;
}

bool has_documents(const FleetSlice& slice) {
  return std::any_of(slice.services.begin(), slice.services.end(),
                     [](const auto& s) { return s.docs > 0; }) ||
         std::any_of(slice.metrics.begin(), slice.metrics.end(), [](const auto& m) { return m.count > 0; });
}

// Reads a FleetSlice service by service in rising order of names.
class FleetCursor {
 public:
  FleetCursor(const FleetSlice& slice, const Settings& settings, bool known)
      : settings_(&settings),
        known_(known),
        unheard_(&slice.unheard),
        logs_(by_service(slice.services)),
        metrics_(by_service(slice.metrics)) {}

  // Names must rise from call to call. Unknown slices hold nothing.
  ServiceSlice of(const std::string& name) {
    ServiceSlice out;
    out.known = known_ && !std::binary_search(unheard_->begin(), unheard_->end(), name);
    out.metrics.assign(settings_->metrics.size(), nullptr);
    while (log_ < logs_.size() && logs_[log_]->service < name) ++log_;
    if (out.known && log_ < logs_.size() && logs_[log_]->service == name) out.logs = logs_[log_];
    while (metric_ < metrics_.size() && metrics_[metric_]->service < name) ++metric_;
    for (; out.known && metric_ < metrics_.size() && metrics_[metric_]->service == name; ++metric_) {
      for (std::size_t i = 0; i < settings_->metrics.size(); ++i) {
        if (settings_->metrics[i].name == metrics_[metric_]->metric) out.metrics[i] = metrics_[metric_];
      }
    }
    return out;
  }

 private:
  const Settings* settings_;
  bool known_;
  const std::vector<std::string>* unheard_;
  std::vector<const model::Slice*> logs_;
  std::vector<const model::MetricSlice*> metrics_;
  std::size_t log_ = 0;
  std::size_t metric_ = 0;
};

}  // namespace

struct Detector::Impl {
  Settings settings;
  Grid grid;
  std::optional<std::int64_t> now;          // newest closed slice
  std::optional<std::int64_t> fleet_quiet;  // first slice of a gap of the whole fleet that still lasts
  std::map<std::string, ServiceState> services;

  explicit Impl(Settings s)
      : settings(std::move(s)),
        grid{std::chrono::duration_cast<std::chrono::seconds>(settings.slice).count()} {
    assert(grid.slice_seconds > 0 && kBlockSeconds % grid.slice_seconds == 0);
  }

  bool is_watched(const model::MetricSlice& m) const {
    return m.count > 0 && std::any_of(settings.metrics.begin(), settings.metrics.end(),
                                      [&m](const auto& watched) { return watched.name == m.metric; });
  }

  bool is_gap(const FleetSlice& slice) const {
    if (!settings.finds_fleet_gaps || has_documents(slice)) return false;
    double usual = 0;
    for (const auto& [name, state] : services)
      usual += state.silence() != nullptr ? state.silence()->level() : 0;
    return usual >= kSurelyMissing;
  }

  // Half of all services (at least three) fell silent within minutes: that is the telemetry, not the
  // services.
  void find_gap() {
    std::size_t judged = 0;
    std::vector<ServiceState*> together;
    for (auto& [name, state] : services) {
      const SilenceScorer* silence = state.silence();
      if (silence == nullptr) continue;
      if (!silence->incident_open()) state.in_gap = false;
      if (silence->is_judged()) ++judged;
      if (silence->incident_open() && (state.in_gap || silence->open_for() <= grid.slices(kTogetherMinutes)))
        together.push_back(&state);
    }
    if (together.size() < kLeastTogether || 2 * together.size() < judged) return;
    for (ServiceState* state : together) state->in_gap = true;
  }

  std::vector<model::Anomaly> close(const FleetSlice& slice) {
    const std::int64_t index = grid.index_of(slice.start);
    assert(!now || index == *now + 1);
    if (now && index <= *now) return {};
    // A hole is a caller's mistake; the state stays right if it counts as not known.
    while (now && index > *now + 1) close_one(FleetSlice{grid.start_of(*now + 1), {}, {}, false}, *now + 1);
    return close_one(slice, index);
  }

  std::vector<model::Anomaly> close_one(const FleetSlice& slice, std::int64_t index) {
    const bool empty_fleet = slice.known && is_gap(slice);
    const bool known = slice.known && !empty_fleet;
    if (empty_fleet && !fleet_quiet) fleet_quiet = index;
    if (known) fleet_quiet.reset();
    now = index;
    if (known) {
      for (const auto& s : slice.services) {
        if (s.docs > 0 && !s.service.empty()) services.try_emplace(s.service, settings, index);
      }
      for (const auto& m : slice.metrics) {
        if (is_watched(m) && !m.service.empty()) services.try_emplace(m.service, settings, index);
      }
    }
    FleetCursor cursor(slice, settings, known);
    std::vector<model::Anomaly> out;
    const std::int64_t forget = index - kForgetAfter / settings.slice;
    for (auto it = services.begin(); it != services.end();) {
      auto found = it->second.close(settings, it->first, cursor.of(it->first));
      std::move(found.begin(), found.end(), std::back_inserter(out));
      it = it->second.last_heard() < forget ? services.erase(it) : std::next(it);
    }
    find_gap();
    drop_gap_silences(out);
    return out;
  }

  void drop_gap_silences(std::vector<model::Anomaly>& anomalies) const {
    std::erase_if(anomalies, [this](const model::Anomaly& a) {
      if (a.metric != model::kSilence) return false;
      const auto it = services.find(a.service);
      return it != services.end() && it->second.in_gap;
    });
  }

  // Calls visit(name, state, slices) for each service, or for one.
  template <class Visit>
  void each_open(std::span<const FleetSlice> open, const std::string* only, Visit visit) const {
    std::vector<FleetCursor> cursors;
    for (const FleetSlice& slice : open) cursors.emplace_back(slice, settings, slice.known);
    std::vector<ServiceSlice> slices(open.size());
    for (const auto& [name, state] : services) {
      if (only != nullptr && name != *only) continue;
      for (std::size_t i = 0; i < open.size(); ++i) slices[i] = cursors[i].of(name);
      visit(name, state, std::span<const ServiceSlice>(slices));
    }
  }
};

Detector::Detector(Settings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;

std::vector<model::Anomaly> Detector::close(const FleetSlice& slice) { return impl_->close(slice); }

Amended Detector::amend(std::span<const model::Slice> slices) {
  Amended out;
  if (!impl_->now) return out;
  std::map<std::string, std::vector<const model::Slice*>> by_service;
  for (const auto& slice : slices) by_service[slice.service].push_back(&slice);
  for (const auto& [name, late] : by_service) {
    const auto it = impl_->services.find(name);
    if (it == impl_->services.end()) continue;
    ServiceState& state = it->second;
    bool ended = false;
    for (const model::Slice* slice : late)
      ended = state.amend(impl_->grid.index_of(slice->start), *slice) || ended;
    if (ended) out.silences_ended.push_back(name);
    // Only when all of them are in place: the windows overlap.
    std::map<std::string, model::Anomaly> worst;
    for (const model::Slice* slice : late) {
      for (auto& anomaly : state.judge_past(impl_->settings, name, impl_->grid.index_of(slice->start))) {
        anomaly.late = true;
        auto [kept, fresh] = worst.try_emplace(anomaly.metric, anomaly);
        if (!fresh && anomaly.score > kept->second.score) kept->second = std::move(anomaly);
      }
    }
    for (auto& [metric, anomaly] : worst) out.anomalies.push_back(std::move(anomaly));
  }
  return out;
}

std::vector<model::Anomaly> Detector::preview(std::span<const FleetSlice> open) const {
  if (!impl_->now) return {};
  assert(open.empty() || impl_->grid.index_of(open.front().start) == *impl_->now + 1);
  std::vector<model::Anomaly> out;
  impl_->each_open(open, nullptr, [&](const std::string& name, const ServiceState& state, auto slices) {
    auto found = state.preview(impl_->settings, name, slices);
    std::move(found.begin(), found.end(), std::back_inserter(out));
  });
  impl_->drop_gap_silences(out);
  return out;
}

std::vector<Explanation> Detector::explain(const std::string& service,
                                           std::span<const FleetSlice> open) const {
  std::vector<Explanation> out;
  impl_->each_open(open, &service, [&](const std::string& name, const ServiceState& state, auto slices) {
    out = state.explain(impl_->settings, name, slices);
  });
  return out;
}

bool Detector::is_gap(const FleetSlice& slice) const { return impl_->is_gap(slice); }

std::optional<TelemetryGap> Detector::telemetry_gap() const {
  if (impl_->fleet_quiet) return TelemetryGap{impl_->grid.start_of(*impl_->fleet_quiet), true, {}};
  TelemetryGap gap;
  gap.since = kNever;
  for (const auto& [name, state] : impl_->services) {
    if (!state.in_gap) continue;
    gap.services.push_back(name);
    const std::int64_t quiet = state.silence()->last().quiet_slices;
    gap.since = std::min(gap.since, impl_->grid.start_of(*impl_->now + 1 - quiet));
  }
  if (gap.services.empty()) return std::nullopt;
  return gap;
}

std::optional<Time> Detector::newest_closed() const {
  if (!impl_->now) return std::nullopt;
  return impl_->grid.start_of(*impl_->now);
}

std::vector<std::string> Detector::services() const {
  std::vector<std::string> out;
  for (const auto& [name, state] : impl_->services) out.push_back(name);
  return out;
}

std::size_t Detector::memory_bytes() const {
  std::size_t sum = sizeof(Impl);
  for (const auto& [name, state] : impl_->services) sum += name.capacity() + 48 + state.bytes();
  return sum;
}

std::string Detector::snapshot() const {
  StateWriter out;
  out.bytes() = std::string(kMagic);
  out(fingerprint(impl_->settings), impl_->now.has_value(), impl_->now.value_or(0),
      impl_->fleet_quiet.has_value(), impl_->fleet_quiet.value_or(0),
      static_cast<std::uint64_t>(impl_->services.size()));
  for (const auto& [name, state] : impl_->services) {
    out(name);
    state.save(out);
  }
  const std::uint64_t checksum = fnv1a(out.bytes());
  out(checksum);
  return std::move(out.bytes());
}

Result<Detector> Detector::restore(Settings settings, std::string_view snapshot) {
  if (!snapshot.starts_with(kMagic))
    return fail(ErrorKind::kCorrupt, "detector snapshot: not of this version (it starts with another mark)");
  if (snapshot.size() < kMagic.size() + sizeof(std::uint64_t))
    return fail(ErrorKind::kCorrupt, "detector snapshot: cut off");
  const std::string_view body = snapshot.substr(0, snapshot.size() - sizeof(std::uint64_t));
  std::uint64_t checksum = 0;
  StateReader(snapshot.substr(body.size()))(checksum);
  if (checksum != fnv1a(body))
    return fail(ErrorKind::kCorrupt, "detector snapshot: the checksum does not match");

  StateReader in(body.substr(kMagic.size()));
  std::uint64_t settings_then = 0;
  in(settings_then);
  if (settings_then != fingerprint(settings))
    return fail(ErrorKind::kConflict, "detector snapshot: made with other detection settings");
  Detector out(std::move(settings));
  Impl& impl = *out.impl_;
  bool has_now = false;
  bool has_quiet = false;
  std::int64_t now = 0;
  std::int64_t quiet = 0;
  std::uint64_t count = 0;
  in(has_now, now, has_quiet, quiet, count);
  if (has_now) impl.now = now;
  if (has_quiet) impl.fleet_quiet = quiet;
  for (std::uint64_t i = 0; i < count && in.failure() == nullptr; ++i) {
    std::string name;
    in(name);
    ServiceState state(impl.settings, 0);
    state.load(in, impl.settings);
    impl.services.emplace(std::move(name), std::move(state));
  }
  if (in.failure() != nullptr || !in.at_end())
    return fail(ErrorKind::kCorrupt, fmt::format("detector snapshot: {}",
                                                 in.failure() != nullptr ? in.failure() : "bytes left over"));
  return out;
}

}  // namespace sentinel::detect
