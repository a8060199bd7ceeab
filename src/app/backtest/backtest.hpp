// Replays recorded documents through the very engine of the running service on simulated time, without a
// network, a clock or a file of its own: the same input gives the same incidents, byte for byte.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "engine/settings.hpp"
#include "ingest/ingest.hpp"
#include "model/incident.hpp"
#include "model/ledger.hpp"

namespace sentinel::app {

struct BacktestInput {
  std::vector<std::string> files;  // NDJSON, each about in the order of time; merged by timestamp
  engine::Settings settings;
  ingest::FieldNames fields;
};

struct BacktestResult {
  std::vector<model::Incident> incidents;  // by created_at; those merged into others left out
  std::uint64_t documents = 0;
  std::uint64_t rejected = 0;
  Time from;
  Time to;
  std::size_t gap_slices = 0;
};

// `progress` gets 0..1. The error names the file.
Result<BacktestResult> run_backtest(const BacktestInput& input,
                                    const std::function<void(double)>& progress = {});

}  // namespace sentinel::app
