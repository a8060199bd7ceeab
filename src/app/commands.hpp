// What the command line can do. Each command returns the exit code: 0 fine, 1 failed, 2 wrong usage or
// config.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sentinel::app {

struct CommonOptions {
  std::string config_path;  // empty: ./config.yaml when it is there
  bool json = false;
  bool no_colour = false;
};

struct RunOptions {
  bool once = false;
};
struct DemoOptions {
  bool exit = false;
  std::string scenario = "pool-exhaustion";
  std::uint64_t seed = 1;
  std::string data_dir;  // empty: a temporary folder that goes with the demo
  std::string listen = "127.0.0.1:8000";
};
struct SimulateOptions {
  std::string scenario = "pool-exhaustion";
  std::uint64_t seed = 1;
  std::string out;     // file or "-"
  std::string url;     // a SentinelOps or Elasticsearch to send to by _bulk
  std::string es_url;  // the same, and index, alias and mapping are made first
  std::string start;   // RFC 3339; empty: 65 min before now
  bool live = false;
  bool list = false;
};
struct ImportCommand {
  std::vector<std::string> files;
  bool metrics = false;  // the documents are metric points
};
struct QueryOptions {
  std::string text;
  std::vector<std::string> services;
  std::string level;
  std::string trace;
  std::string since = "24h";
  std::size_t limit = 50;
};

struct ExplainOptions {
  std::string service;
  std::string at;  // RFC 3339; empty: now
};

struct BacktestOptions {
  std::vector<std::string> files;  // empty: the embedded store's own past
  std::string from;                // of that past, RFC 3339; empty: all
  std::string to;
  std::vector<std::string> configs;  // two are compared
  std::string labels;
  std::string diagnose;  // labels; skips detection
  std::string ignore;
  std::string edges;
  std::string incidents_out;
};

// `incidents ack|resolve|reopen|comment|merge|split|undo`; `verb` is the API's word for it.
struct IncidentAction {
  std::string verb;
  std::string id;
  std::string into;
  std::vector<std::string> services;
  std::string text;  // why, or the comment
  std::string who;   // empty: the user
};
struct SilenceOptions {
  std::string service = "*";
  std::string metric = "*";
  std::string pattern;
  std::vector<std::string> severities;
  std::string length = "1h";
  std::string from;
  std::string until;
  std::string cron;
  std::string zone = "UTC";
  std::string reason;
  std::string author;
};

int run_command(const CommonOptions& common, const RunOptions& options);
int demo_command(const CommonOptions& common, const DemoOptions& options);
int simulate_command(const CommonOptions& common, const SimulateOptions& options);
int import_command(const CommonOptions& common, const ImportCommand& options);
int query_command(const CommonOptions& common, const QueryOptions& options);
int explain_command(const CommonOptions& common, const ExplainOptions& options);
// Who calls whom: how often in the stretch `since`, when last, and how that is known.
int topology_command(const CommonOptions& common, const std::string& since);
int check_command(const CommonOptions& common, bool print);
int incidents_list_command(const CommonOptions& common, const std::string& state, std::size_t limit);
int incidents_show_command(const CommonOptions& common, const std::string& id);
// What was asked of a model about it and what it cost; `sent`: with every byte sent and received.
int incidents_analysis_command(const CommonOptions& common, const std::string& id, bool sent);
struct AnalyzeOptions {
  std::string incident;
  bool dry_run = false;  // print the exact request and its price, send nothing
};
int analyze_command(const CommonOptions& common, const AnalyzeOptions& options);
int incident_action_command(const CommonOptions& common, const IncidentAction& action);
int silences_add_command(const CommonOptions& common, const SilenceOptions& options);
int silences_list_command(const CommonOptions& common, bool all);
int silences_expire_command(const CommonOptions& common, const std::string& id);
int outbox_list_command(const CommonOptions& common, bool all);
int outbox_action_command(const CommonOptions& common, const std::string& verb, std::int64_t id);
int notify_explain_command(const CommonOptions& common, const std::string& incident);
int runbooks_list_command(const CommonOptions& common);
int runbooks_search_command(const CommonOptions& common, const std::string& words);
int runbooks_import_command(const CommonOptions& common, const std::vector<std::string>& files);
int runbooks_export_command(const CommonOptions& common, bool markdown);
int backtest_command(const CommonOptions& common, const BacktestOptions& options);
int version_command(const CommonOptions& common);

}  // namespace sentinel::app
