// One story of tests/scenario/*.yaml: a fleet, what happens to it on simulated time, and what must come of
// it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/silence.hpp"
#include "notify/policy.hpp"

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

// What a person does at a moment. Incidents are named by one of their services: the newest that is active is
// meant, else the newest.
struct Deed {
  Duration at{};
  std::string verb;  // acknowledge resolve reopen comment undo merge split silence expire
  std::string service;
  std::string into;                   // of a merge: a service of the other incident
  std::vector<std::string> services;  // of a split: who leaves
  model::Silence silence;             // of a silence; its times count from the story's start
  std::string who = "ada";
  std::string why;
};

struct ExpectedIncident {
  std::string cause;
  std::vector<std::string> services;    // among the affected
  std::vector<std::string> severities;  // one of these; empty: any
  std::optional<Duration> before;       // opened before
  bool resolved = false;                // at the end
  std::string state;                    // at the end; empty: any
  std::optional<bool> flapping;
  std::optional<bool> silenced;
  std::optional<bool> merged;      // part of another one at the end; unless asked for, such are not looked at
  std::optional<int> relapses;     // exactly
  int suppressed_at_least = 0;     // duplicates
  std::vector<std::string> kinds;  // its history, in order, without `updated`; none: not looked at
  std::vector<std::string> without;  // kinds that its history does not hold
};

struct Story {
  std::string name;
  std::string about;
  std::uint64_t seed = 1;
  Duration baseline = minutes(180);  // ordinary time before the service starts
  Duration length = minutes(15);
  std::vector<ServiceSpec> services;
  std::vector<ChangeSpec> changes;
  std::vector<Deed> deeds;  // by time
  std::vector<notify::ChannelPolicy> channels;
  Duration every = seconds(30);  // between ticks
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
  std::map<std::string, int> heard_of;    // by channel: of how many incidents it heard
  int anomalies_at_least = 0;             // in all ticks together
  std::vector<std::string> notices;       // exactly these sources were told missing ("" is the fleet)
  std::vector<std::string> says;          // texts that some timeline holds
  std::map<std::string, std::vector<std::string>> told;  // by channel, globs over what Audience::told() has
};

// The error names the file and the key.
Result<Story> read_story(const std::string& path);

}  // namespace sentinel::scenario
