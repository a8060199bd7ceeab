// The acceptance of detection: simulated fleets of known health, false alerts and recall of `robust` beside
// the plain z-score. docs/detection.md holds the results with the command that printed them.
//   bench_detection [--services N] [--latency N] [--gauges N] [--seed S] [--threads T] [--part NAME]
//   [--quick]
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/hash.hpp"
#include "detect/detector.hpp"
#include "detect/error_scorer.hpp"
#include "detect/gauge_scorer.hpp"
#include "detect/latency_scorer.hpp"
#include "detect/silence_scorer.hpp"
#include "detect/zscore_history.hpp"
#include "detection_tally.hpp"

namespace sentinel::bench {
namespace {

using namespace sentinel::detect;

struct Options {
  int services = 300;
  int latency = 120;
  int gauges = 100;
  int plain = 40;  // services the plain formula is shown on
  std::uint64_t seed = 1;
  int threads = 2;
  std::set<std::string> parts;
  bool wants(const std::string& part) const { return parts.empty() || parts.contains(part); }
};

constexpr int kMeasured = kSlots - kFirstMeasured;
constexpr std::int64_t kFirstSlice = 20'000LL * 1440;  // a midnight
// The plain formula needs an hour of history; more would only cost time.
constexpr int kPlainFrom = kFirstMeasured - 120 * kSlotsPerMinute;

struct Scores {
  std::vector<float> robust;
  std::vector<float> plain;  // empty when not asked for
};

void merge(model::LatencyHistogram& into, const Slot& slot) { into.merge(slot.latency); }

float plain_score(const std::vector<ZscoreReading>& readings, std::string_view metric) {
  for (const auto& r : readings) {
    if (r.metric == metric && r.result.z) return static_cast<float>(*r.result.z);
  }
  return static_cast<float>(kNoScore);
}

// 60-s slices, a tick each 30 s: the newest half slice is judged by a preview, the whole one when it closes.
Scores run_errors(const Spec& spec, const std::vector<Trouble>& troubles, std::uint64_t seed, bool plain,
                  int born = 0) {
  World world(spec, troubles, seed);
  const Grid grid{60};
  ErrorScorer scorer(grid, kFirstSlice + born / 2);
  ZscoreHistory history({5, 12, 10}, kFirstSlice + std::max(born, 0) / 2);
  if (born < kPlainFrom) history = ZscoreHistory({5, 12, 10}, kFirstSlice + kPlainFrom / 2);
  Scores out;
  out.robust.reserve(kMeasured);
  for (int slot = 0; slot < kSlots; slot += 2) {
    const Slot a = world.next();
    const Slot b = world.next();
    const bool measured = slot >= kFirstMeasured;
    if (slot < born) {
      if (measured) out.robust.insert(out.robust.end(), 2, static_cast<float>(kNoScore));
      if (measured && plain) out.plain.insert(out.plain.end(), 2, static_cast<float>(kNoScore));
      continue;
    }
    if (measured) {
      const std::array<ErrorSlice, 1> half = {ErrorSlice{a.docs, a.errors, true}};
      out.robust.push_back(static_cast<float>(scorer.preview(half).z));
      if (plain) {
        const std::array<CountSlice, 1> open = {CountSlice{a.docs, a.errors, nullptr, true}};
        out.plain.push_back(plain_score(history.judge(open), model::kErrorRate));
      }
    }
    const ErrorSlice whole{a.docs + b.docs, a.errors + b.errors, true};
    const double z = scorer.close(whole).z;
    if (plain && slot >= kPlainFrom) history.close({whole.docs, whole.errors, nullptr, true});
    if (measured) {
      out.robust.push_back(static_cast<float>(z));
      if (plain) out.plain.push_back(plain_score(history.judge({}), model::kErrorRate));
    }
  }
  return out;
}

// Latency on closed slices only: a score holds from the end of its slice.
Scores run_latency(const Spec& spec, const std::vector<Trouble>& troubles, std::uint64_t seed, bool plain) {
  World world(spec, troubles, seed, true);
  LatencyScorer scorer(Grid{60}, kFirstSlice);
  ZscoreHistory history({5, 12, 10}, kFirstSlice + kPlainFrom / 2);
  Scores out;
  out.robust.reserve(kMeasured);
  float last = static_cast<float>(kNoScore);
  float last_plain = last;
  for (int slot = 0; slot < kSlots; slot += 2) {
    Slot a = world.next();
    const Slot b = world.next();
    merge(a.latency, b);
    const bool measured = slot >= kFirstMeasured;
    if (measured) {
      out.robust.push_back(last);
      if (plain) out.plain.push_back(last_plain);
    }
    last = static_cast<float>(scorer.close({&a.latency, true}).z);
    if (plain && slot >= kPlainFrom) history.close({a.docs + b.docs, 0, &a.latency, true});
    if (measured) {
      out.robust.push_back(last);
      if (plain) {
        last_plain = plain_score(history.judge({}), model::kLatencyP99);
        out.plain.push_back(last_plain);
      }
    }
  }
  return out;
}

Scores run_silence(const Spec& spec, const std::vector<Trouble>& troubles, std::uint64_t seed) {
  World world(spec, troubles, seed);
  SilenceScorer scorer(Grid{60}, kFirstSlice);
  Scores out;
  float last = static_cast<float>(kNoScore);
  for (int slot = 0; slot < kSlots; slot += 2) {
    const Slot a = world.next();
    const Slot b = world.next();
    if (slot >= kFirstMeasured) out.robust.push_back(last);
    last = static_cast<float>(scorer.close(a.docs + b.docs, true).best.z);
    if (slot >= kFirstMeasured) out.robust.push_back(last);
  }
  return out;
}

Scores run_gauge(const GaugeSpec& spec, const std::vector<Trouble>& troubles, std::uint64_t seed) {
  GaugeWorld world(spec, troubles, seed);
  GaugeScorer scorer(Grid{60}, kFirstSlice);
  ZscoreGauge history({5, 12, 10});
  Scores out;
  float last = static_cast<float>(kNoScore);
  float last_plain = last;
  for (int slot = 0; slot < kSlots; slot += 2) {
    const double value = world.next();
    const bool measured = slot >= kFirstMeasured;
    if (measured) {
      out.robust.push_back(last);
      out.plain.push_back(last_plain);
    }
    last = static_cast<float>(scorer.close({1, value, true}).z);
    history.close({1, value, true});
    if (measured) {
      const auto z = history.judge({}).result.z;
      last_plain = z ? static_cast<float>(*z) : static_cast<float>(kNoScore);
      out.robust.push_back(last);
      out.plain.push_back(last_plain);
    }
  }
  return out;
}

// Runs `job(i)` for i in [0, count) on some threads; the result does not depend on how many.
void parallel(const Options& options, const std::string& what, int count,
              const std::function<void(int)>& job) {
  std::atomic<int> next{0};
  std::atomic<int> done{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < options.threads; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) {
        job(i);
        if (const int d = ++done; d % std::max(1, count / 10) == 0)
          fmt::print(stderr, "\r{:<40} {:3d}%", what, 100 * d / count);
      }
    });
  }
  threads.clear();
  fmt::print(stderr, "\r{:<40} done\n", what);
}

struct Tally {
  Alerts robust;
  Alerts plain;
  std::map<std::string, std::array<Recall, 2>> recall;  // by grade: robust, plain
};

std::uint64_t seed_of(const Options& o, std::string_view what, int i) {
  return fnv1a(what, fnv1a(std::to_string(o.seed) + ":" + std::to_string(i)));
}

void print_false(const char* name, const Alerts& a) {
  fmt::print("| {} | {:.0f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", name, a.services, a.per_100(0),
             a.per_100(1), a.per_100(2), a.per_100(3));
}

void print_recall(const std::vector<std::string>& grades, Tally& tally) {
  fmt::print(
      "\n| incident | robust P4+ % | P2+ % | median delay min | plain P4+ % | P2+ % | delay |\n"
      "|---|---|---|---|---|---|---|\n");
  for (const auto& g : grades) {
    const auto& [r, p] = tally.recall[g];
    fmt::print("| {} | {:.0f} | {:.0f} | {:.1f} | {:.0f} | {:.0f} | {:.1f} |\n", g, r.percent(0),
               r.percent(2), r.median_delay(0), p.percent(0), p.percent(2), p.median_delay(0));
  }
}

void print_false_header(const char* title) {
  fmt::print(
      "\n## {}\n\nFalse alerts per 100 services and week.\n\n"
      "| method | services | P4+ | P3+ | P2+ | P1 |\n|---|---|---|---|---|---|\n",
      title);
}

using Grade = std::pair<std::string, Trouble>;

// A fleet: one healthy run per service and one run per grade of incident.
template <class MakeSpec, class Run>
Tally run_fleet(const Options& o, const std::string& name, int services, const std::vector<Grade>& grades,
                MakeSpec make_spec, Run run) {
  Tally total;
  std::mutex guard;
  const int runs = static_cast<int>(grades.size()) + 1;
  // Grades of one service are neighbours, so that progress is even.
  parallel(o, name, services * runs, [&](int job) {
    const int i = job / runs;
    const int g = job % runs - 1;
    Rng pick_rng(seed_of(o, name + " spec", i));
    const auto spec = make_spec(pick_rng);
    const bool plain = i < o.plain;
    const std::uint64_t seed = seed_of(o, name + " run " + std::to_string(g), i);
    if (g < 0) {
      const Scores z = run(spec, {}, seed, plain);
      const std::scoped_lock lock(guard);
      total.robust.add(z.robust);
      if (!z.plain.empty()) total.plain.add(z.plain);
      return;
    }
    Rng when(seed_of(o, name + " when " + std::to_string(g), i));
    const auto& [label, kind] = grades[static_cast<std::size_t>(g)];
    const auto troubles = daily_troubles(when, kind, 30);
    const Scores z = run(spec, troubles, seed, plain);
    const std::scoped_lock lock(guard);
    total.recall[label][0].add(z.robust, troubles);
    if (!z.plain.empty()) total.recall[label][1].add(z.plain, troubles);
  });
  return total;
}

void errors(const Options& o, bool only_errors) {
  std::vector<Grade> grades;
  for (const auto& [label, factor, added] : std::initializer_list<std::tuple<const char*, double, double>>{
           {"1.5 x", 1.5, 1}, {"2 x", 2, 3}, {"3 x", 3, 10}, {"10 x", 10, 30}}) {
    grades.push_back({label, Trouble{.errors = factor, .added = added}});
  }
  const std::string name = only_errors ? "services that log only errors" : "errors";
  const int services = only_errors ? std::min(100, o.services) : o.services;
  Tally t = run_fleet(
      o, name, services, grades,
      [only_errors](Rng& rng) {
        Spec spec = error_service(rng);
        spec.only_errors = only_errors;
        return spec;
      },
      [](const Spec& spec, std::vector<Trouble> troubles, std::uint64_t seed, bool plain) {
        // Where there are no errors there is nothing to multiply, and elsewhere nothing is added.
        for (Trouble& trouble : troubles) {
          if (spec.errors > 0) trouble.added = 0;
        }
        return run_errors(spec, troubles, seed, plain);
      });
  print_false_header(only_errors ? "Services that log only errors" : "Errors");
  print_false("robust", t.robust);
  print_false("plain", t.plain);
  std::vector<std::string> labels;
  for (const auto& g : grades) labels.push_back(g.first);
  print_recall(labels, t);
}

void latency(const Options& o) {
  std::vector<Grade> grades;
  for (const auto& [label, factor] : std::initializer_list<std::pair<const char*, double>>{
           {"+ 25 %", 1.25}, {"+ 50 %", 1.5}, {"2 x", 2}, {"5 x", 5}}) {
    grades.push_back({label, Trouble{.latency = factor}});
  }
  grades.push_back({"5 % of requests 10 x", Trouble{.slow_share = 0.05}});
  Tally t = run_fleet(o, "latency", o.latency, grades, latency_service, run_latency);
  print_false_header("Latency");
  print_false("robust", t.robust);
  print_false("plain (p99)", t.plain);
  std::vector<std::string> labels;
  for (const auto& g : grades) labels.push_back(g.first);
  print_recall(labels, t);
}

void gauges(const Options& o) {
  std::vector<Grade> grades;
  for (const auto& [label, factor] :
       std::initializer_list<std::pair<const char*, double>>{{"1.5 x", 1.5}, {"2 x", 2}, {"3 x", 3}}) {
    grades.push_back({label, Trouble{.errors = factor}});
  }
  Tally t = run_fleet(o, "gauges", o.gauges, grades, gauge_service,
                      [](const GaugeSpec& spec, const std::vector<Trouble>& troubles, std::uint64_t seed,
                         bool) { return run_gauge(spec, troubles, seed); });
  print_false_header("Gauges");
  print_false("robust", t.robust);
  print_false("plain", t.plain);
  std::vector<std::string> labels;
  for (const auto& g : grades) labels.push_back(g.first);
  print_recall(labels, t);
}

void ramps(const Options& o) {
  struct Case {
    const char* name;
    Spec spec;
    double factor;
    bool is_latency;
  };
  const Spec twenty{.errors = 20, .requests = 2000};
  const Spec noisy{.errors = 20, .requests = 2000, .noise = Noise::kGamma10};
  const Spec slow{.errors = 0, .requests = 300};
  const std::vector<Case> cases = {{"errors, m = 20, to 2 x", twenty, 2, false},
                                   {"errors, m = 20, to 3 x", twenty, 3, false},
                                   {"errors, m = 20, gamma noise, to 2 x", noisy, 2, false},
                                   {"errors, m = 20, gamma noise, to 3 x", noisy, 3, false},
                                   {"latency, n = 300, to 2 x", slow, 2, true},
                                   {"latency, n = 300, to 3 x", slow, 3, true}};
  fmt::print(
      "\n## Ramps\n\nRise over 240 min, then 60 min held; found until a minute after.\n\n"
      "| ramp | P4+ % | delay min | P2+ % | delay min |\n|---|---|---|---|---|\n");
  for (const Case& c : cases) {
    Recall recall;
    std::mutex guard;
    parallel(o, c.name, 12, [&](int i) {
      Rng when(seed_of(o, c.name, i));
      Trouble kind;
      (c.is_latency ? kind.latency : kind.errors) = c.factor;
      kind.ramp = 240 * kSlotsPerMinute;
      const auto troubles = daily_troubles(when, kind, 300, 48);
      const std::uint64_t seed = seed_of(o, std::string(c.name) + " run", i);
      const Scores z = c.is_latency ? run_latency(c.spec, troubles, seed, false)
                                    : run_errors(c.spec, troubles, seed, false);
      const std::scoped_lock lock(guard);
      recall.add(z.robust, troubles);
    });
    fmt::print("| {} | {:.0f} | {:.0f} | {:.0f} | {:.0f} |\n", c.name, recall.percent(0),
               recall.median_delay(0), recall.percent(2), recall.median_delay(2));
  }
}

void drops(const Options& o) {
  fmt::print(
      "\n## Traffic drops\n\n20 minutes; n = documents per 5 min. False: P4+ in the whole row's healthy "
      "week.\n\n"
      "| n | swing, wander | traffic x | P4+ % | P2+ % | delay min | false P4+ per service-day |\n"
      "|---|---|---|---|---|---|---|\n");
  for (const auto& [swing, cv] :
       std::initializer_list<std::pair<double, double>>{{1, 0.10}, {10, 0.10}, {1, 0.30}}) {
    for (const double n : {5.0, 30.0, 300.0, 3000.0}) {
      Spec spec{.errors = 0, .requests = n};
      spec.swing = swing;
      spec.traffic_cv = cv;
      for (const double factor : {0.0, 0.2, 0.5}) {
        Recall recall;
        Alerts healthy;
        std::mutex guard;
        const std::string name = fmt::format("drop {} {} {} {}", n, swing, cv, factor);
        parallel(o, name, 8, [&](int i) {
          Rng when(seed_of(o, name, i));
          const auto troubles = daily_troubles(when, Trouble{.traffic = factor}, 20);
          const Scores z = run_silence(spec, troubles, seed_of(o, name + " run", i));
          const Scores calm = run_silence(spec, {}, seed_of(o, name + " calm", i));
          const std::scoped_lock lock(guard);
          recall.add(z.robust, troubles);
          healthy.add(calm.robust);
        });
        fmt::print("| {} | {}, {:.0f} % | {} | {:.0f} | {:.0f} | {:.1f} | {:.3f} |\n", n, swing, 100 * cv,
                   factor, recall.percent(0), recall.percent(2), recall.median_delay(0),
                   healthy.count[0] / 56);
      }
    }
  }
}

Spec plain_spec(double m) {
  Spec spec;
  spec.errors = m;
  spec.requests = m == 0 ? 300 : m < 1 ? 200 : m < 10 ? 400 : m < 100 ? 2000 : 10000;
  return spec;
}

// What the plain formula gets wrong, case by case: 40 services, one incident on day 11.
void situations(const Options& o) {
  struct Case {
    const char* name;
    Spec spec;
    Trouble trouble;
    int minutes;
    int born = 0;
  };
  const int newborn = 10 * kSlotsPerDay + 280 * kSlotsPerMinute;  // 20 min before the trouble
  Trouble ten{.errors = 10};
  const std::vector<Case> cases = {
      {"no error in the baseline, then 3 per 5 min", plain_spec(0), {.added = 3}, 30},
      {"no error in the baseline, then 6 per 5 min", plain_spec(0), {.added = 6}, 30},
      {"no error in the baseline, then 20 per 5 min", plain_spec(0), {.added = 20}, 30},
      {"no error in the baseline, then 200 per 5 min", plain_spec(0), {.added = 200}, 30},
      {"double traffic for 2 h, m = 20 (no fault)", plain_spec(20), {.traffic = 2}, 120},
      {"double traffic for 2 h, m = 200 (no fault)", plain_spec(200), {.traffic = 2}, 120},
      {"ten times the traffic for 2 h, m = 20 (no fault)", plain_spec(20), {.traffic = 10}, 120},
      {"one burst of 25 errors, m = 2 (no fault)", plain_spec(2), {.burst = 25}, 1},
      {"10 x for 30 min, m = 20", plain_spec(20), ten, 30},
      {"permanent step + 100 %, m = 20", plain_spec(20), {.errors = 2}, 20 * 60},
      {"new service, 20 min old, then 10 x, m = 2", plain_spec(2), ten, 30, newborn},
  };
  fmt::print(
      "\n## Single situations\n\n40 services, one event on day 11. Alerts: share of the time from the first "
      "alert to the end.\n\n"
      "| situation | robust P4+ % | P2+ % | delay min | alerts % | plain P4+ % | P2+ % | delay min | alerts "
      "% |\n"
      "|---|---|---|---|---|---|---|---|---|\n");
  for (const Case& c : cases) {
    std::array<Recall, 2> recall;
    std::mutex guard;
    parallel(o, c.name, 40, [&](int i) {
      Trouble t = c.trouble;
      t.begin = 10 * kSlotsPerDay + 300 * kSlotsPerMinute;
      t.end = t.begin + c.minutes * kSlotsPerMinute;
      const Scores z = run_errors(c.spec, {t}, seed_of(o, c.name, i), true, c.born);
      // A burst echoes in the windows for five minutes.
      if (t.burst > 0) t.end += 5 * kSlotsPerMinute;
      const std::scoped_lock lock(guard);
      recall[0].add(z.robust, {t});
      recall[1].add(z.plain, {t});
    });
    const auto& [r, p] = recall;
    const auto share = [](const Recall& x) {
      return x.slots_since_alert > 0 ? 100 * x.alerting_slots / x.slots_since_alert : 0;
    };
    fmt::print("| {} | {:.0f} | {:.0f} | {:.1f} | {:.0f} | {:.0f} | {:.0f} | {:.1f} | {:.0f} |\n", c.name,
               r.percent(0), r.percent(2), r.median_delay(0), share(r), p.percent(0), p.percent(2),
               p.median_delay(0), share(p));
  }

  struct Steady {
    const char* name;
    Spec spec;
  };
  Spec hourly = plain_spec(20);
  hourly.job = Job::kHourly;
  Spec daily = plain_spec(20);
  daily.job = Job::kDaily;
  Spec gamma2 = plain_spec(20);
  gamma2.gamma_shape = 2;
  Spec wander = plain_spec(20);
  wander.noise = Noise::kWander;
  const std::vector<Steady> steady = {
      {"few errors, m = 0.2", plain_spec(0.2)}, {"steady, m = 20", plain_spec(20)},
      {"hourly job of 2 min, m = 20", hourly},  {"daily job of 20 min, m = 20", daily},
      {"gamma noise k = 2, m = 20", gamma2},    {"40 % wander, m = 20", wander}};
  fmt::print(
      "\nHealthy services, alerts per service and day (12 service-weeks).\n\n"
      "| service | robust P4+ | P2+ | P1 | plain P4+ | P2+ | P1 |\n|---|---|---|---|---|---|---|\n");
  for (const Steady& s : steady) {
    Alerts robust;
    Alerts plain;
    std::mutex guard;
    parallel(o, s.name, 12, [&](int i) {
      const Scores z = run_errors(s.spec, {}, seed_of(o, s.name, i), true);
      const std::scoped_lock lock(guard);
      robust.add(z.robust);
      plain.add(z.plain);
    });
    fmt::print("| {} | {:.3f} | {:.3f} | {:.3f} | {:.2f} | {:.2f} | {:.2f} |\n", s.name, robust.count[0] / 84,
               robust.count[2] / 84, robust.count[3] / 84, plain.count[0] / 84, plain.count[2] / 84,
               plain.count[3] / 84);
  }
}

// Closes `minutes` of a fleet with 300 requests per 5 min and service; the last `timed` ticks are measured.
struct Cost {
  double close_ms = 0;
  double preview_ms = 0;
  double kb_per_service = 0;
};
Cost measure(std::uint64_t seed, int services, int minutes, int timed) {
  Detector detector{Settings{}};
  Rng rng(seed);
  Cost cost;
  std::vector<FleetSlice> open;
  for (int m = 0; m < minutes; ++m) {
    FleetSlice slice;
    slice.start = time_from_micros((kFirstSlice + m) * 60'000'000);
    for (int i = 0; i < services; ++i) {
      model::Slice s;
      s.service = fmt::format("service-{:05d}", i);
      s.start = slice.start;
      s.docs = static_cast<std::uint64_t>(rng.poisson(60));
      s.errors = static_cast<std::uint64_t>(rng.poisson(0.5));
      for (std::uint64_t d = 0; d < s.docs; ++d)
        s.latency.add(static_cast<int>(std::floor((std::log(100.0) + 0.5 * rng.normal()) / 0.02)), 1);
      slice.services.push_back(std::move(s));
    }
    open.push_back(std::move(slice));
    if (open.size() < 4) continue;
    const auto start = std::chrono::steady_clock::now();
    detector.close(open.front());
    const auto closed = std::chrono::steady_clock::now();
    open.erase(open.begin());
    if (m < minutes - timed) continue;
    const auto begin = std::chrono::steady_clock::now();
    detector.preview(open);
    const auto end = std::chrono::steady_clock::now();
    cost.close_ms += std::chrono::duration<double, std::milli>(closed - start).count() / timed;
    cost.preview_ms += std::chrono::duration<double, std::milli>(end - begin).count() / timed;
  }
  cost.kb_per_service = static_cast<double>(detector.memory_bytes()) / 1024 / services;
  return cost;
}

// Time per tick and bytes per service through the whole Detector, as the engine calls it.
void cost(const Options& o) {
  fmt::print(
      "\n## Cost\n\nOne core; errors, latency and silence; 60-s slices, three of them open; 300 requests per "
      "5 min.\n\n"
      "| services | history | close ms | preview ms | KB per service |\n|---|---|---|---|---|\n");
  struct Case {
    int services;
    const char* history;
    int minutes;
  };
  for (const Case& c : {Case{1000, "4 h", 240}, Case{10000, "2.5 h", 150}, Case{100, "8 days", 8 * 1440}}) {
    const Cost cost = measure(o.seed, c.services, c.minutes, 40);
    fmt::print("| {} | {} | {:.1f} | {:.1f} | {:.1f} |\n", c.services, c.history, cost.close_ms,
               cost.preview_ms, cost.kb_per_service);
    std::fflush(stdout);
  }
}

int usage(const char* what) {
  fmt::print(stderr,
             "{}\nusage: bench_detection [--services N] [--latency N] [--gauges N] [--seed S] [--threads T] "
             "[--quick]\n"
             "       [--part errors|errors-only|latency|gauges|ramps|drops|situations|cost]...\n",
             what);
  return 2;
}

}  // namespace
}  // namespace sentinel::bench

int main(int argc, char** argv) {
  using namespace sentinel::bench;
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (arg == "--quick") {
      o.services = 40;
      o.latency = 16;
      o.gauges = 16;
      o.plain = 8;
    } else if (arg == "--services") {
      o.services = number();
    } else if (arg == "--latency") {
      o.latency = number();
    } else if (arg == "--gauges") {
      o.gauges = number();
    } else if (arg == "--seed") {
      o.seed = static_cast<std::uint64_t>(number());
    } else if (arg == "--threads") {
      o.threads = number();
    } else if (arg == "--part" && i + 1 < argc) {
      o.parts.insert(argv[++i]);
    } else {
      return usage(("unknown argument " + arg).c_str());
    }
  }
  if (o.services < 1 || o.latency < 1 || o.gauges < 1 || o.threads < 1)
    return usage("numbers must be positive");
  fmt::print(
      "# Detection acceptance\n\nseed {}; {} services for errors, {} for latency, {} gauges; 15 days, the "
      "last 7 measured\n",
      o.seed, o.services, o.latency, o.gauges);
  if (o.wants("errors")) errors(o, false);
  if (o.wants("errors-only")) errors(o, true);
  if (o.wants("latency")) latency(o);
  if (o.wants("gauges")) gauges(o);
  if (o.wants("ramps")) ramps(o);
  if (o.wants("drops")) drops(o);
  if (o.wants("situations")) situations(o);
  if (o.wants("cost")) cost(o);
  return 0;
}
