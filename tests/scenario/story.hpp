// One story of tests/scenario/*.yaml: a fleet, what happens to it on simulated time, and what must come of
// it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace sentinel::scenario {

struct ServiceSpec {
  std::string name;
  double per_minute = 0;    // requests that enter the fleet here; callees get theirs from callers
  double errors = 0.01;     // share of its own requests that fail
  double latency_ms = 100;  // median of its own time
  std::string host;         // that its documents name
  std::vector<std::string> calls;
};

// From `from` to `to` after the story's start, for one service.
struct ChangeSpec {
  Duration from{};
  Duration to{};
  std::string service;
  std::optional<double> errors;  // share that fails
  double latency_factor = 1;
  double traffic_factor = 1;  // of requests that enter here
  bool ramp = false;          // latency and errors grow linearly over the stretch
  bool silent = false;        // logs nothing; its callers fail
  Duration delay{};           // documents arrive so much later
  bool held = false;          // documents arrive all at once at `to`
  std::string version;        // logged from then on
  int burst = 0;              // so many errors at once, at `from`
};

struct ExpectedIncident {
  std::string cause;
  std::vector<std::string> services;    // among the affected
  std::vector<std::string> severities;  // one of these; empty: any
  std::optional<Duration> before;       // opened before
  bool resolved = false;                // at the end
};

struct Story {
  std::string name;
  std::string about;
  std::uint64_t seed = 1;
  Duration baseline = minutes(180);  // ordinary time before the service starts
  Duration length = minutes(15);
  std::vector<ServiceSpec> services;
  std::vector<ChangeSpec> changes;
  std::vector<std::pair<Duration, Duration>> store_down;
  std::vector<Duration> restarts;
  std::vector<std::pair<Duration, Duration>> fleet_gaps;  // nobody's documents exist
  struct HostGap {
    std::string host;
    Duration from{};
    Duration to{};
  };
  std::vector<HostGap> host_gaps;  // this host's documents do not exist

  std::vector<ExpectedIncident> incidents;  // exactly these, in any order
  int events_at_most = 1000;                // in all timelines together
  std::optional<int> late_slices_at_least;  // in the ledger
  std::optional<int> gap_slices_at_least;
  std::optional<int> late_docs_at_least;  // in the ledger
  std::vector<std::string> notices;       // exactly these sources were told missing ("" is the fleet)
  std::vector<std::string> says;          // texts that some timeline holds
};

// The error names the file and the key.
Result<Story> read_story(const std::string& path);

}  // namespace sentinel::scenario
