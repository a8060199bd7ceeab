#include "detect/sentence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.hpp"

namespace sentinel::detect {
namespace {

constexpr std::array<const char*, 3> kQuantile = {"p90", "p99", "p99"};

std::string whole(double value) { return group_digits(std::llround(value)); }

std::string_view held_at(Cap cap) {
  switch (cap) {
    case Cap::kBelowP1:
      return "P2";
    case Cap::kBelowP2:
      return "P3";
    case Cap::kBelowP3:
      return "P4";
    case Cap::kNone:
    case Cap::kBelowP4:
      break;
  }
  return "no alert";
}

// How large the change is, in the unit that the metric's gates look at.
std::string size_of_change(const HorizonScore& h, MetricKind kind) {
  switch (kind) {
    case MetricKind::kErrors:
      return fmt::format("{}x, {} more than expected", figure(h.observed / h.expected),
                         figure(h.observed - h.expected));
    case MetricKind::kLatency:
      return fmt::format("{}x, {} requests more than expected", figure(h.value / h.base_value),
                         figure(h.observed - h.expected));
    case MetricKind::kSilence:
      return fmt::format("still {}% of the documents", whole(100 * h.observed / h.expected));
    case MetricKind::kGauge:
      break;
  }
  return fmt::format("only {}% off",
                     whole(100 * std::abs(h.value - h.mu0) / std::max(std::abs(h.mu0), 1e-9)));
}

std::string main_clause(const HorizonScore& h, const SentenceContext& c) {
  switch (c.kind) {
    case MetricKind::kErrors: {
      const Band band = quiet_band(h.expected, h.variance);
      std::string in_brackets = fmt::format("band {}-{}", whole(band.low), whole(band.high));
      if (!h.by_time) in_brackets += fmt::format(", {} other documents", whole(h.exposure));
      return fmt::format("{} errors in {} min where {} are expected ({}); {}x", whole(h.observed), h.minutes,
                         figure(h.expected), in_brackets, figure(h.observed / h.expected));
    }
    case MetricKind::kLatency:
      return fmt::format(
          "{} {} ms in {} min where {} ms is normal: {} of {} requests above {} ms, {} expected; {}x",
          kQuantile[h.channel], whole(h.value), h.minutes, whole(h.base_value), whole(h.observed),
          whole(h.exposure), whole(h.limit), figure(h.expected), figure(h.observed / h.expected));
    case MetricKind::kSilence:
      return fmt::format("{} documents in {} min where {} are expected; last one {} ago", whole(h.observed),
                         h.minutes, figure(h.expected), format_duration(c.since_last_document));
    case MetricKind::kGauge:
      break;
  }
  const double percent = 100 * (h.value - h.expected) / std::max(std::abs(h.expected), 1e-9);
  return fmt::format("{} {} (5-min mean) where {} is normal, usual deviation {}; {:+.0f}%",
                     one_line(c.metric, 80), figure(h.value), figure(h.expected), figure(h.base_value),
                     percent);
}

}  // namespace

std::string figure(double value) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  if (size >= 100) return group_digits(std::llround(value));
  if (size >= 9.95) return fmt::format("{:.1f}", value);
  if (size >= 0.995) return fmt::format("{:.1f}", value);
  if (size >= 0.001) return fmt::format("{:.2g}", value);
  return size > 0 ? "below 0.001" : "0";
}

double reported(const HorizonScore& h, const model::Thresholds& thresholds) {
  return h.cap == Cap::kNone ? h.z : capped(h.z_free, h.cap, thresholds);
}

std::string sentence(const HorizonScore& h, const SentenceContext& c) {
  std::string out = main_clause(h, c);
  if (h.cap == Cap::kBelowP1 && h.z_alone > kNoScore && reported(h, c.thresholds) < h.z_free) {
    out += "; held at P2 until it has stood for three slices";
  } else if (h.cap != Cap::kNone && reported(h, c.thresholds) < h.z_free)
    out += fmt::format("; held at {}: {}", held_at(h.cap), size_of_change(h, c.kind));
  const bool seasonal = c.kind == MetricKind::kSilence ? h.season < 0.95
                        : c.kind == MetricKind::kGauge ? h.season > 0
                                                       : h.season > 1.05;
  if (seasonal && c.kind == MetricKind::kGauge) {
    out += fmt::format("; usual at this hour: +{}", figure(h.season));
  } else if (seasonal) {
    out += fmt::format("; usual at this hour: x{}", figure(h.season));
  }
  if (c.age < hours(24)) out += fmt::format("; learning: service is {} old", format_duration(c.age));
  return out;
}

std::string sentence(double current, const Zscore& z) {
  return fmt::format("{} where the last {} windows average {} (stddev {}); z {:.2f}", figure(current),
                     z.points, figure(z.mean), figure(z.stddev), z.z.value_or(0));
}

std::string threshold_words(double score, const model::Thresholds& t) {
  const auto severity = t.severity_of(score);
  if (!severity) return fmt::format("no alert: score {:.2f}, P4 begins at {:g}", score, t.p4);
  const double least = *severity == model::Severity::kP1   ? t.p1
                       : *severity == model::Severity::kP2 ? t.p2
                       : *severity == model::Severity::kP3 ? t.p3
                                                           : t.p4;
  return fmt::format("alerts at {0}: score {1:.2f}, {0} begins at {2:g}", model::to_string(*severity), score,
                     least);
}

std::string verdict(const HorizonScore* best, const SentenceContext& c) {
  if (best == nullptr) return "no alert: not judged, too little traffic, history or telemetry";
  const double z = reported(*best, c.thresholds);
  if (best->screened || z < 0) {
    return c.kind == MetricKind::kSilence ? "no alert: as many documents as expected"
                                          : "no alert: within the ordinary scatter";
  }
  const bool held = best->cap != Cap::kNone && z < best->z_free;
  if (c.thresholds.severity_of(z)) {
    std::string text = threshold_words(z, c.thresholds);
    if (held) text += fmt::format("; {:.2f} was held back: {}", best->z_free, size_of_change(*best, c.kind));
    return text;
  }
  if (held && c.thresholds.severity_of(best->z_free))
    return fmt::format("no alert: rare ({:.2f}), but too small a change: {}", best->z_free,
                       size_of_change(*best, c.kind));
  if (best->z_alone > kNoScore && c.thresholds.severity_of(best->z_alone))
    return fmt::format("no alert yet: {:.2f} in this slice alone", best->z_alone);
  if (best->z_spread > kNoScore && best->z_spread < best->z_tail && c.thresholds.severity_of(best->z_tail))
    return fmt::format("no alert: one burst; without its largest slices {:.2f}", best->z_spread);
  return threshold_words(z, c.thresholds);
}

std::vector<std::string> gates_in_words(const HorizonScore& h, const SentenceContext& c) {
  if (!h.scored) return {"not judged: too little traffic, history or telemetry for this window"};
  if (h.screened) {
    return {c.kind == MetricKind::kSilence ? "as many documents as expected, or more"
                                           : "within the ordinary scatter around the expectation"};
  }
  std::vector<std::string> out;
  if (h.calibration > 1.0001)
    out.push_back(fmt::format("tail: its own scores scatter {}x as wide as usual", figure(h.calibration)));
  if (h.z_tail < 0) {
    out.push_back(fmt::format("looks: {:.2f} for one look, below 0 for a day of them", h.raw));
    return out;
  }
  out.push_back(fmt::format("looks: {:.2f} for one look, {:.2f} for a day of them", h.raw, h.z_tail));
  if (h.z_spread > kNoScore && h.z_spread < h.z_tail)
    out.push_back(fmt::format("burst: without its largest slices {:.2f}", h.z_spread));
  if (h.z_alone > kNoScore)
    out.push_back(fmt::format("must stand: {:.2f} until the slices before agree", h.z_free));
  if (c.kind == MetricKind::kGauge && h.z_free < h.z_tail)
    out.push_back(fmt::format("lone slice: {:.2f} until a second one agrees", h.z_free));
  if (h.cap != Cap::kNone)
    out.push_back(fmt::format("size: at most {}: {}", held_at(h.cap), size_of_change(h, c.kind)));
  return out;
}

}  // namespace sentinel::detect
