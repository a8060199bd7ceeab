// Replays recorded documents through the very engine of the running service on simulated time, without
// notifications, model calls, a network, a clock or a file of its own: the same input gives the same
// incidents, byte for byte.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "app/backtest/labels.hpp"
#include "app/backtest/recording.hpp"
#include "engine/settings.hpp"

namespace sentinel::app {

struct BacktestResult {
  std::vector<Opening> openings;  // by opened_at; of incidents that were merged into others, none
  std::uint64_t documents = 0;
  std::uint64_t rejected = 0;
  Time from;
  Time to;
  std::size_t gap_slices = 0;
};

// The sources are merged by time. `progress` gets 0..1.
Result<BacktestResult> run_backtest(std::vector<std::unique_ptr<DocumentSource>> sources,
                                    engine::Settings settings,
                                    const std::function<void(double)>& progress = {});

}  // namespace sentinel::app
