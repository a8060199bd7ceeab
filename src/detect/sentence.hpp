// The words of a score: the one sentence an anomaly carries, and for `explain` what held a score back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "detect/count_score.hpp"
#include "detect/tail.hpp"
#include "detect/zscore.hpp"

namespace sentinel::detect {

enum class MetricKind : std::uint8_t { kErrors, kLatency, kSilence, kGauge };

struct SentenceContext {
  MetricKind kind = MetricKind::kErrors;
  std::string_view metric;         // gauge: its name
  model::Thresholds thresholds;    // as the user set them
  Duration age{};                  // of the service
  Duration since_last_document{};  // silence
};

std::string sentence(const HorizonScore& h, const SentenceContext& context);
std::string sentence(double current, const Zscore& z);
// What was done to the score between raw and final, in order, in words; "not judged: ..." when it was not.
std::vector<std::string> gates_in_words(const HorizonScore& h, const SentenceContext& context);
// "alerts at P2: ..." or "no alert: ...", with the reason. `best`: the window with the largest score; null
// when none was judged.
std::string verdict(const HorizonScore* best, const SentenceContext& context);
// The same for a score without gates.
std::string threshold_words(double score, const model::Thresholds& thresholds);
// The score as reported under the user's thresholds.
double reported(const HorizonScore& h, const model::Thresholds& thresholds);

// Two significant digits, from 10 on three; thousands grouped: "0.042", "3.2", "12.8", "1,230".
std::string figure(double value);

}  // namespace sentinel::detect
