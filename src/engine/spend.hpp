// What models have cost, from the records of what was sent. Questions under way count at their estimate.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "state/store.hpp"

namespace sentinel::engine {

struct SpendSum {
  std::uint64_t questions = 0;
  std::uint64_t answered = 0;
  std::int64_t input_tokens = 0;  // cached ones among them
  std::int64_t output_tokens = 0;
  double usd = 0;
};
struct Spend {
  SpendSum today;                                      // the UTC day of `now`
  SpendSum total;                                      // of the days asked for
  std::vector<std::pair<std::string, SpendSum>> days;  // "2026-02-20", oldest first, those with questions
  std::map<std::string, SpendSum> by_model;
  std::map<std::string, SpendSum> by_incident;
};
// The last `days` UTC days, today among them.
Result<Spend> spend(state::StateStore& state, Time now, int days = 30);

}  // namespace sentinel::engine
