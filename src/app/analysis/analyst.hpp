// Asks a model about incidents, beside the ticks: a few threads that take the most severe incident that is
// worth a question, record what is sent before it leaves, and hand the answer to the engine as an update.
// Nothing here ever holds up a tick: consider() only takes a note.
//
// One owner starts and stops it. Stopping abandons what is under way; the next start takes it up.
#pragma once

#include <chrono>
#include <memory>
#include <span>

#include "analyze/api.hpp"
#include "analyze/question.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "engine/engine.hpp"
#include "net/client.hpp"
#include "state/store.hpp"

namespace sentinel::app {

struct AnalystSettings {
  analyze::ApiSettings api;
  analyze::QuestionSettings question;  // its redaction key is the store's, made at the first start
  int concurrency = 2;
};

class Analyst {
 public:
  // All outlive the analyst.
  struct Deps {
    engine::Engine& engine;
    state::StateStore& state;
    net::Transport& transport;
    const Clock& clock;
    Log log;
    Metrics& metrics;
  };
  Analyst(Deps deps, AnalystSettings settings);
  ~Analyst();

  // Takes up active incidents that have no answer yet.
  Result<void> start();
  // After each tick, with what it changed; also where nothing changed: what waits for its time is due then.
  void consider(std::span<const model::Incident> changed);
  // Whether nothing is under way or due, at the latest after `most` (for commands that end by themselves).
  bool wait_idle(std::chrono::milliseconds most);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The key that placeholders are made with: kept in the store, made where it is missing.
Result<std::string> redaction_key(state::StateStore& state);
std::string random_hex(int bytes);

// What a question did, for the command line as for the threads: the record, and the analysis when answered.
struct Asked {
  model::AnalysisRecord record;
  std::optional<model::Analysis> analysis;
};
// Sends the question and reads the answer; the record holds what it took. `started` is its record as it was
// committed before.
Asked ask_about(const analyze::Question& question, model::AnalysisRecord started, net::Transport& transport,
                const AnalystSettings& settings, const Clock& clock, std::stop_token stop);
model::AnalysisRecord record_of(const analyze::Question& question, const model::Incident& incident,
                                analyze::ApiSettings::Provider provider, Time now);

}  // namespace sentinel::app
