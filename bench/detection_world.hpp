// Simulated services for the acceptance of detection: 30-s slots, daily swing, jobs, deploys, noise of four
// kinds, and incidents of known size. docs/detection.md, "Acceptance". Everything follows from the seed.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "base/rng.hpp"
#include "model/slice.hpp"

namespace sentinel::bench {

inline constexpr int kSlotSeconds = 30;
inline constexpr int kSlotsPerMinute = 2;
inline constexpr int kSlotsPerDay = 2880;
inline constexpr int kWarmDays = 8;
inline constexpr int kDays = 15;
inline constexpr int kSlots = kDays * kSlotsPerDay;
inline constexpr int kFirstMeasured = kWarmDays * kSlotsPerDay;

enum class Noise { kPoisson, kGamma10, kGamma2, kClumped, kWander };
enum class Job { kNone, kHourly, kDaily };

struct Spec {
  double errors = 2;      // per 5 min
  double requests = 400;  // per 5 min
  Noise noise = Noise::kPoisson;
  double wander = 0.4;     // relative, for Noise::kWander
  double gamma_shape = 0;  // overrides the noise's own
  double swing = 1;        // peak to trough of a day
  Job job = Job::kNone;
  double deploys_a_week = 0;
  double deploy_errors = 1.3;
  bool independent = false;  // errors do not follow traffic
  double traffic_cv = 0.10;
  bool blips = false;
  bool only_errors = false;    // the service logs nothing else
  double level_wander = 0.05;  // latency
  bool heavy_tail = false;
};

// What happens from slot `begin` to before `end`; it rises over `ramp` slots and holds.
struct Trouble {
  int begin = 0;
  int end = 0;
  int ramp = 0;
  double errors = 1;      // factor
  double added = 0;       // errors per 5 min where there are none
  double traffic = 1;     // factor
  double latency = 1;     // factor
  double slow_share = 0;  // part of the requests that take ten times as long
  int burst = 0;          // errors in the first slot alone

  double part(int slot) const {
    if (slot < begin || slot >= end) return 0;
    return ramp > 0 ? std::min(1.0, static_cast<double>(slot - begin) / ramp) : 1;
  }
};

template <class T, std::size_t N>
T pick(Rng& rng, const std::array<T, N>& values, const std::array<double, N>& weights) {
  double u = rng.uniform();
  for (std::size_t i = 0; i + 1 < N; ++i) {
    if (u < weights[i]) return values[i];
    u -= weights[i];
  }
  return values[N - 1];
}

inline void pick_common(Rng& rng, Spec& spec) {
  spec.swing = pick<double, 3>(rng, {1, 2, 10}, {0.25, 0.45, 0.30});
  spec.job = pick<Job, 3>(rng, {Job::kNone, Job::kHourly, Job::kDaily}, {0.70, 0.15, 0.15});
  spec.deploys_a_week = 3;
  spec.traffic_cv = pick<double, 2>(rng, {0.10, 0.25}, {0.7, 0.3});
}

inline Spec error_service(Rng& rng) {
  Spec spec;
  const auto i = pick<std::size_t, 5>(rng, {0, 1, 2, 3, 4}, {0.15, 0.20, 0.25, 0.25, 0.15});
  spec.errors = std::array{0.0, 0.2, 2.0, 20.0, 200.0}[i];
  spec.requests = std::array{300.0, 200.0, 400.0, 2000.0, 10000.0}[i];
  spec.noise =
      pick<Noise, 5>(rng, {Noise::kPoisson, Noise::kGamma10, Noise::kGamma2, Noise::kClumped, Noise::kWander},
                     {0.35, 0.30, 0.10, 0.10, 0.15});
  pick_common(rng, spec);
  spec.independent = rng.chance(0.10);
  spec.blips = rng.chance(0.2) && spec.errors > 0;
  return spec;
}

inline Spec latency_service(Rng& rng) {
  Spec spec;
  spec.errors = 0;
  spec.requests = pick<double, 4>(rng, {5, 30, 300, 3000}, {0.20, 0.25, 0.35, 0.20});
  pick_common(rng, spec);
  spec.level_wander = pick<double, 2>(rng, {0.05, 0.15}, {0.6, 0.4});
  spec.heavy_tail = rng.chance(0.3);
  return spec;
}

// A Gaussian of unit variance with exponential memory.
class Wander {
 public:
  Wander(Rng& rng, double memory_minutes, double step_seconds = kSlotSeconds)
      : keep_(std::exp(-step_seconds / (60 * memory_minutes))), value_(rng.normal()) {}
  double next(Rng& rng) {
    value_ = keep_ * value_ + std::sqrt(1 - keep_ * keep_) * rng.normal();
    return value_;
  }

 private:
  double keep_;
  double value_;
};

struct Slot {
  std::uint64_t docs = 0;
  std::uint64_t errors = 0;
  model::LatencyHistogram latency;
};

class World {
 public:
  World(const Spec& spec, std::vector<Trouble> troubles, std::uint64_t seed, bool with_latency = false)
      : spec_(spec),
        troubles_(std::move(troubles)),
        with_latency_(with_latency),
        rng_(seed),
        traffic_(rng_, 10),
        level_(rng_, 15),
        error_wander_(rng_, 20),
        phase_(rng_.uniform() * kSlotsPerDay),
        gamma_offset_(static_cast<int>(rng_.integer(0, 9))) {
    double sum = 0;
    for (int i = 0; i < kSlotsPerDay; ++i) sum += swing(i);
    mean_swing_ = sum / kSlotsPerDay;
    const auto deploys = rng_.poisson(spec.deploys_a_week * kDays / 7);
    for (std::int64_t i = 0; i < deploys; ++i) deploys_.push_back(rng_.uniform() * kSlots);
    std::sort(deploys_.begin(), deploys_.end());
  }

  Slot next() {
    const int slot = slot_++;
    while (next_deploy_ < deploys_.size() && deploys_[next_deploy_] <= slot) {
      ++next_deploy_;
      deployed_ = !deployed_;
    }
    double trouble_errors = 1;
    double added = 0;
    double trouble_traffic = 1;
    double trouble_latency = 1;
    double slow_share = 0;
    int burst = 0;
    for (const Trouble& t : troubles_) {
      const double part = t.part(slot);
      if (part <= 0 && !(t.begin == slot)) continue;
      trouble_errors *= 1 + (t.errors - 1) * part;
      added += t.added * part;
      trouble_traffic *= 1 + (t.traffic - 1) * part;
      trouble_latency *= 1 + (t.latency - 1) * part;
      slow_share += t.slow_share * part;
      if (slot == t.begin) burst += t.burst;
    }
    const Factors job = job_factors(slot);
    const double daily = swing(slot) / mean_swing_;
    const double cv = spec_.traffic_cv;
    const double u = traffic_.next(rng_);
    Slot out;
    out.docs = static_cast<std::uint64_t>(rng_.poisson(
        spec_.requests / 10 * daily * std::exp(cv * u - cv * cv / 2) * job.traffic * trouble_traffic));
    const double base = spec_.independent ? spec_.errors / 10 * job.traffic
                                          : static_cast<double>(out.docs) * spec_.errors / spec_.requests;
    const double deploy = deployed_ ? spec_.deploy_errors : 1;
    const double mean = base * noise(slot) * job.errors * deploy * trouble_errors + added / 10;
    if (spec_.noise == Noise::kClumped && spec_.gamma_shape == 0) {
      for (auto failures = rng_.poisson(mean / 4); failures > 0; --failures) {
        do ++out.errors;
        while (rng_.chance(0.75));
      }
    } else {
      out.errors = static_cast<std::uint64_t>(rng_.poisson(mean));
    }
    if (spec_.blips && rng_.chance(4.0 / kSlotsPerDay))
      out.errors += static_cast<std::uint64_t>(rng_.integer(10, 39));
    out.errors += static_cast<std::uint64_t>(burst);
    if (with_latency_) {
      const double center = std::log(100.0) + spec_.level_wander * level_.next(rng_) +
                            std::log((deployed_ ? 1.15 : 1) * job.latency * trouble_latency) +
                            0.15 * std::log(daily);
      draw_latency(out, center, slow_share);
    }
    out.docs = spec_.only_errors ? out.errors : std::max(out.docs, out.errors);
    return out;
  }

 private:
  struct Factors {
    double traffic = 1;
    double errors = 1;
    double latency = 1;
  };

  double swing(int slot) const {
    return std::exp(std::log(spec_.swing) / 2 *
                    std::sin(2 * std::numbers::pi * (slot + phase_) / kSlotsPerDay));
  }

  Factors job_factors(int slot) {
    const int of_hour = slot % (60 * kSlotsPerMinute);
    const int of_day = slot % kSlotsPerDay;
    const bool hourly = spec_.job == Job::kHourly && of_hour < 2 * kSlotsPerMinute;
    const bool daily =
        spec_.job == Job::kDaily && of_day >= 120 * kSlotsPerMinute && of_day < 140 * kSlotsPerMinute;
    if (!hourly && !daily) {
      in_job_ = false;
      return {};
    }
    if (!in_job_) job_size_ = std::exp(0.15 * rng_.normal());
    in_job_ = true;
    return hourly ? Factors{2, 3 * job_size_, 1.5} : Factors{1.5, 5 * job_size_, 1.6};
  }

  double noise(int slot) {
    double shape = spec_.gamma_shape;
    if (shape == 0 && spec_.noise == Noise::kGamma10) shape = 10;
    if (shape == 0 && spec_.noise == Noise::kGamma2) shape = 2;
    if (shape > 0) {
      if (slot == 0 || slot % 10 == gamma_offset_) gamma_ = rng_.gamma(shape) / shape;
      return gamma_;
    }
    if (spec_.noise != Noise::kWander) return 1;
    const double s2 = std::log(1 + spec_.wander * spec_.wander);
    return std::exp(std::sqrt(s2) * error_wander_.next(rng_) - s2 / 2);
  }

  // Counts by bin first: inserting each request into the histogram would cost more than drawing it.
  void draw_latency(Slot& out, double center, double slow_share) {
    bins_.fill(0);
    for (std::uint64_t i = 0; i < out.docs; ++i) {
      double log_ms = center;
      log_ms +=
          spec_.heavy_tail && rng_.chance(0.03) ? std::log(3.0) + rng_.exponential(1.5) : 0.5 * rng_.normal();
      if (slow_share > 0 && rng_.chance(slow_share)) log_ms += std::log(10.0);
      const int bin =
          std::clamp(static_cast<int>(std::floor(log_ms / model::kBinWidth)), 0, model::kBins - 1);
      ++bins_[static_cast<std::size_t>(bin)];
    }
    for (int bin = 0; bin < model::kBins; ++bin) out.latency.add(bin, bins_[static_cast<std::size_t>(bin)]);
  }

  Spec spec_;
  std::vector<Trouble> troubles_;
  bool with_latency_;
  Rng rng_;
  Wander traffic_;
  Wander level_;
  Wander error_wander_;
  double phase_;
  int gamma_offset_;
  double mean_swing_ = 1;
  std::vector<double> deploys_;
  std::size_t next_deploy_ = 0;
  bool deployed_ = false;
  bool in_job_ = false;
  double job_size_ = 1;
  double gamma_ = 1;
  int slot_ = 0;
  std::array<std::uint32_t, model::kBins> bins_{};
};

// A metric in percent, 60-s values.
struct GaugeSpec {
  double level = 20;
  double swing = 1;
  double wander = 0.05;
  double noise = 0.05;
  Job job = Job::kNone;
  bool spikes = false;
};

inline GaugeSpec gauge_service(Rng& rng) {
  GaugeSpec spec;
  spec.level = pick<double, 4>(rng, {5, 20, 30, 40}, {0.25, 0.25, 0.25, 0.25});
  spec.swing = pick<double, 3>(rng, {1, 2, 4}, {0.4, 0.36, 0.24});
  spec.wander = pick<double, 2>(rng, {0.05, 0.15}, {0.6, 0.4});
  spec.noise = pick<double, 2>(rng, {0.05, 0.20}, {0.5, 0.5});
  spec.job = pick<Job, 3>(rng, {Job::kNone, Job::kHourly, Job::kDaily}, {0.70, 0.15, 0.15});
  spec.spikes = rng.chance(0.3);
  return spec;
}

class GaugeWorld {
 public:
  GaugeWorld(const GaugeSpec& spec, std::vector<Trouble> troubles, std::uint64_t seed)
      : spec_(spec),
        troubles_(std::move(troubles)),
        rng_(seed),
        wander_(rng_, 30, 60),
        phase_(rng_.uniform()) {
    const auto steps = rng_.poisson(3.0 * kDays / 7);
    for (std::int64_t i = 0; i < steps; ++i) steps_.push_back(rng_.uniform() * kDays * 1440);
    std::sort(steps_.begin(), steps_.end());
  }

  double next() {
    const int minute = minute_++;
    while (next_step_ < steps_.size() && steps_[next_step_] <= minute) {
      ++next_step_;
      stepped_ = !stepped_;
    }
    double trouble = 1;
    for (const Trouble& t : troubles_) trouble *= 1 + (t.errors - 1) * t.part(minute * kSlotsPerMinute);
    double job = 1;
    if (spec_.job == Job::kHourly && minute % 60 < 2) job = 1.6;
    if (spec_.job == Job::kDaily && minute % 1440 >= 120 && minute % 1440 < 140) job = 1.8;
    if (spec_.spikes && rng_.chance(4.0 / 1440)) job *= 2;
    const double daily =
        std::log(spec_.swing) / 2 * std::sin(2 * std::numbers::pi * (minute / 1440.0 + phase_));
    const double log_value = daily + spec_.wander * wander_.next(rng_) + spec_.noise * rng_.normal();
    return std::min(100.0, spec_.level * std::exp(log_value) * (stepped_ ? 1.15 : 1) * job * trouble);
  }

 private:
  GaugeSpec spec_;
  std::vector<Trouble> troubles_;
  Rng rng_;
  Wander wander_;
  double phase_;
  std::vector<double> steps_;
  std::size_t next_step_ = 0;
  bool stepped_ = false;
  int minute_ = 0;
};

}  // namespace sentinel::bench
