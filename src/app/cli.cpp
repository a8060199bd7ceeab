#include "app/cli.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "app/commands.hpp"
#include "base/text.hpp"

namespace sentinel::app {
namespace {

constexpr const char* kFooter = R"(
Examples:
  sentinelops demo                          the product finding an incident, nothing to prepare
  sentinelops config.yaml                   run the service (as `sentinelops run --config config.yaml`)
  sentinelops import app.ndjson.gz          load a file; curl or any Elasticsearch shipper can POST to /_bulk
  sentinelops query "timeout" --level error --since 1h
  sentinelops explain payment-service       why it does or does not alert, with the last hour
  sentinelops topology                      who calls whom, as learned from spans and traces
  sentinelops incidents show INC-20260220192027-1a2b3c4d

Exit codes: 0 fine, 1 failed, 2 wrong usage or config.)";

const std::vector<std::string> kCommands = {
    "run",       "demo",     "simulate", "import", "query",    "backtest", "explain",  "check",
    "incidents", "silences", "outbox",   "notify", "runbooks", "analyze",  "topology", "version"};

// The subcommand or option that a misspelt word was meant to be, for "did you mean". Walks the words as the
// parser does: a known subcommand opens its own, the word behind an option that takes one is its value.
std::optional<std::string> meant(CLI::App& app, int argc, char** argv) {
  CLI::App* at = &app;
  const auto all = [](const CLI::App*) { return true; };
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--") && word.size() > 2) {
      const std::string name = word.substr(2, word.find('=') - 2);
      std::vector<std::string> names;
      const CLI::Option* known = nullptr;
      for (CLI::App* level = at; level != nullptr; level = level->get_parent()) {
        for (const CLI::Option* option : level->get_options()) {
          for (const auto& long_name : option->get_lnames()) {
            names.push_back(long_name);
            if (long_name == name) known = option;
          }
        }
      }
      if (known == nullptr) {
        const auto near = nearest(name, names);
        return near ? std::optional("--" + *near) : std::nullopt;
      }
      if (known->get_items_expected_min() > 0 && word.find('=') == std::string::npos) ++i;
    } else if (!word.starts_with("-")) {
      std::vector<std::string> names;
      CLI::App* next = nullptr;
      for (CLI::App* sub : at->get_subcommands(all)) {
        names.push_back(sub->get_name());
        if (sub->get_name() == word) next = sub;
      }
      if (next == nullptr && !names.empty() && !(at == &app && std::filesystem::exists(word)))
        return nearest(word, names);
      if (next != nullptr) at = next;
    }
  }
  return std::nullopt;
}

}  // namespace

int run_cli(int argc, char** argv) {
  CLI::App app(
      "SentinelOps watches logs and metrics, finds what misbehaves, and opens one incident for one outage.",
      "sentinelops");
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  app.fallthrough();
  CommonOptions common;
  app.add_option("--config,-c", common.config_path,
                 "configuration file (default: config.yaml, when it is there)");
  app.add_flag("--json", common.json, "JSON for programs");
  app.add_flag("--no-color", common.no_colour, "no colours (as does the variable NO_COLOR)");
  std::string positional;
  app.add_option("config_file", positional, "configuration file to run the service with")->group("");

  RunOptions run;
  auto* run_cmd = app.add_subcommand("run", "run the service until SIGTERM or Ctrl-C");
  run_cmd->add_flag("--once", run.once, "one pass over what is in the store, print what was found, end");

  DemoOptions demo;
  auto* demo_cmd =
      app.add_subcommand("demo", "load an hour of simulated traffic and an outage, show how it is found");
  demo_cmd->add_flag("--exit", demo.exit, "end after the incident, for scripts");
  demo_cmd->add_option("--scenario", demo.scenario, "the story (see `simulate --list`)");
  demo_cmd->add_option("--seed", demo.seed, "of the simulation");
  demo_cmd->add_option("--data-dir", demo.data_dir, "keep the data in this folder");
  demo_cmd->add_option("--listen", demo.listen, "address of the API");

  SimulateOptions simulate;
  auto* simulate_cmd = app.add_subcommand("simulate", "write the log documents of a simulated fleet");
  simulate_cmd->add_flag("--list", simulate.list, "list the scenarios");
  simulate_cmd->add_option("--scenario", simulate.scenario, "the story");
  simulate_cmd->add_option("--seed", simulate.seed, "same seed and start, same bytes");
  simulate_cmd->add_option("--start", simulate.start, "time of the first request (default: 65 min ago)");
  simulate_cmd->add_option("--out", simulate.out, "file, or - for standard output");
  simulate_cmd->add_option("--url", simulate.url, "send to this SentinelOps (or any _bulk endpoint)");
  simulate_cmd->add_option("--es-url", simulate.es_url,
                           "send to this Elasticsearch: makes index, alias and mapping first");
  simulate_cmd->add_flag("--live", simulate.live, "go on in real time until Ctrl-C");

  ImportCommand import;
  auto* import_cmd =
      app.add_subcommand("import", "load NDJSON files (plain, .gz, .zst; - is standard input)");
  import_cmd->add_option("FILE", import.files, "files")->required();
  import_cmd->add_flag("--metrics", import.metrics, "the documents are metric points, not log lines");

  QueryOptions query;
  auto* query_cmd = app.add_subcommand("query", "search log documents");
  query_cmd->add_option("TEXT", query.text, "words that the message contains, \"phrases\", name:value");
  query_cmd->add_option("--service", query.services, "only this service (may be repeated)");
  query_cmd->add_option("--level", query.level, "this level or worse: debug, info, warning, error");
  query_cmd->add_option("--trace", query.trace, "one trace id");
  query_cmd->add_option("--since", query.since, "how far back: 15m, 1h, 7d");
  query_cmd->add_option("--limit", query.limit, "at most so many, newest first");

  ExplainOptions explain;
  auto* explain_cmd = app.add_subcommand(
      "explain", "why each metric of a service does or does not alert, with the last hour");
  explain_cmd->add_option("SERVICE", explain.service, "name of the service")->required();
  explain_cmd->add_option("--at", explain.at, "a past moment, as 2026-02-20T19:20:00Z (default: now)");

  std::string topology_since = "15m";
  auto* topology_cmd =
      app.add_subcommand("topology", "who calls whom: how often, when last, how it is known");
  topology_cmd->add_option("--since", topology_since,
                           "the stretch that a running service counts calls in: 15m, 1h, 7d");

  BacktestOptions backtest;
  auto* backtest_cmd = app.add_subcommand(
      "backtest", "replay recorded documents through the engine: what would have been opened");
  backtest_cmd->add_option("--input", backtest.files,
                           "NDJSON files (plain, .gz, .zst); default: the embedded store's own past");
  backtest_cmd->add_option("--from", backtest.from, "of the store's past, RFC 3339 (default: its beginning)");
  backtest_cmd->add_option("--to", backtest.to, "of the store's past, RFC 3339 (default: its end)");
  backtest_cmd->add_option("--config,-c", backtest.configs,
                           "configuration file; given twice, the two are compared");
  backtest_cmd->add_option("--labels", backtest.labels, "known faults, to score the incidents against");
  backtest_cmd->add_option("--diagnose", backtest.diagnose,
                           "known faults: skip detection, rank the causes at each of them");
  backtest_cmd->add_option("--ignore", backtest.ignore,
                           "stretches [{from, to}] whose incidents count neither way");
  backtest_cmd->add_option("--edges", backtest.edges, "known calls: {\"caller\": {\"callee\": calls}}");
  backtest_cmd->add_option("--incidents-out", backtest.incidents_out,
                           "write the incidents to this JSON file");

  bool print_config = false;
  auto* check_cmd = app.add_subcommand("check", "judge the configuration and the store");
  check_cmd->add_flag("--print-config", print_config, "print the effective configuration");

  auto* incidents_cmd = app.add_subcommand("incidents", "incidents that were opened");
  incidents_cmd->require_subcommand(1);
  std::string incident_state;
  std::size_t incident_limit = 50;
  auto* incidents_list = incidents_cmd->add_subcommand("list", "newest first");
  incidents_list->add_option("--state", incident_state, "open, acknowledged, resolved or active");
  incidents_list->add_option("--limit", incident_limit, "at most so many");
  std::string incident_id;
  auto* incidents_show = incidents_cmd->add_subcommand("show", "all that is known of one");
  incidents_show->add_option("ID", incident_id, "incident id; `latest` for the newest")->required();

  bool show_analysis = false;
  bool show_sent = false;
  incidents_show->add_flag("--analysis", show_analysis, "the model's claims, questions and their price");
  incidents_show->add_flag("--sent", show_sent, "with --analysis: exactly what was sent and received");

  AnalyzeOptions analyze;
  auto* analyze_cmd = app.add_subcommand("analyze", "ask the model about an incident, print its answer");
  analyze_cmd->add_option("INCIDENT", analyze.incident, "incident id; `latest` for the newest")->required();
  analyze_cmd->add_flag("--dry-run", analyze.dry_run, "print the exact request and its price, send nothing");

  IncidentAction act;
  std::vector<std::pair<CLI::App*, std::string>> incident_actions;
  const auto incident_action = [&](const char* name, const char* verb, const char* about) {
    auto* cmd = incidents_cmd->add_subcommand(name, about);
    cmd->add_option("ID", act.id, "incident id; `latest` for the newest")->required();
    cmd->add_option("--who", act.who, "who does it (default: the user)");
    incident_actions.emplace_back(cmd, verb);
    return cmd;
  };
  const auto with_why = [&](CLI::App* cmd) {
    cmd->add_option("--why", act.text, "one sentence for the history");
  };
  with_why(incident_action("ack", "acknowledge", "somebody is on it"));
  with_why(incident_action("resolve", "resolve", "it is over"));
  with_why(incident_action("reopen", "reopen", "it is not over"));
  with_why(incident_action("undo", "undo", "take back what was last done to it"));
  incident_action("comment", "comment", "a note for the history")
      ->add_option("TEXT", act.text, "the note")
      ->required();
  auto* incidents_merge = incident_action("merge", "merge", "it is part of another one");
  incidents_merge->add_option("INTO", act.into, "the incident that lives on")->required();
  with_why(incidents_merge);
  auto* incidents_split = incident_action("split", "split", "some services are another outage");
  incidents_split->add_option("SERVICE", act.services, "the services that leave")->required();
  with_why(incidents_split);

  auto* silences_cmd = app.add_subcommand("silences", "what is recorded but not announced");
  silences_cmd->require_subcommand(1);
  SilenceOptions silence;
  auto* silences_add = silences_cmd->add_subcommand("add", "once, or in windows that come again");
  silences_add->add_option("--service", silence.service, "glob, e.g. 'payment-*'");
  silences_add->add_option("--metric", silence.metric, "glob");
  silences_add->add_option("--severity", silence.severities, "P1 to P4 (may be repeated; default: all)");
  silences_add->add_option("--pattern", silence.pattern, "only outages that log this (glob)");
  silences_add->add_option("--for", silence.length, "30m, 2h, 3d; with --cron the length of each window");
  silences_add->add_option("--from", silence.from, "RFC 3339 (default: now)");
  silences_add->add_option("--until", silence.until,
                           "RFC 3339; with --cron the end of all windows (default: a year)");
  silences_add->add_option("--cron", silence.cron, "starts of windows: minute hour day month weekday");
  silences_add->add_option("--zone", silence.zone, "time zone of --cron, e.g. Europe/Berlin");
  silences_add->add_option("--reason", silence.reason, "why")->required();
  silences_add->add_option("--author", silence.author, "who (default: the user)");
  bool all_silences = false;
  auto* silences_list = silences_cmd->add_subcommand("list", "those that have not ended");
  silences_list->add_flag("--all", all_silences, "those that have, too");
  std::string silence_id;
  auto* silences_expire = silences_cmd->add_subcommand("expire", "end one now");
  silences_expire->add_option("ID", silence_id, "silence id")->required();

  auto* outbox_cmd = app.add_subcommand("outbox", "messages on their way to channels");
  outbox_cmd->require_subcommand(1);
  bool all_messages = false;
  auto* outbox_list = outbox_cmd->add_subcommand("list", "what waits, or waits for you");
  outbox_list->add_flag("--all", all_messages, "what was delivered, too");
  std::int64_t message_id = 0;
  auto* outbox_retry = outbox_cmd->add_subcommand("retry", "try a parked message again");
  outbox_retry->add_option("ID", message_id, "message id")->required();
  auto* outbox_drop = outbox_cmd->add_subcommand("drop", "give a message up");
  outbox_drop->add_option("ID", message_id, "message id")->required();

  auto* notify_cmd = app.add_subcommand("notify", "how news reach people");
  notify_cmd->require_subcommand(1);
  auto* notify_explain =
      notify_cmd->add_subcommand("explain", "what became of each event on each channel, and why");
  notify_explain->add_option("INCIDENT", act.id, "incident id; `latest` for the newest")->required();

  auto* runbooks_cmd = app.add_subcommand("runbooks", "what fixed it last time");
  runbooks_cmd->require_subcommand(1);
  auto* runbooks_list = runbooks_cmd->add_subcommand("list", "all, by title");
  std::vector<std::string> runbook_words;
  auto* runbooks_search = runbooks_cmd->add_subcommand("search", "best match first");
  runbooks_search->add_option("WORDS", runbook_words, "services, tags or words")->required();
  std::vector<std::string> runbook_files;
  auto* runbooks_import = runbooks_cmd->add_subcommand("import", "from JSON or Markdown files");
  runbooks_import->add_option("FILE", runbook_files, "files")->required();
  bool markdown = false;
  auto* runbooks_export = runbooks_cmd->add_subcommand("export", "all as JSON, on standard output");
  runbooks_export->add_flag("--markdown", markdown, "as Markdown");

  auto* version_cmd = app.add_subcommand("version", "what this is");
  bool version_flag = false;
  app.add_flag("--version", version_flag, "what this is");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    app.exit(error);
    if (const auto near = meant(app, argc, argv)) std::fprintf(stderr, "did you mean `%s`?\n", near->c_str());
    return 2;
  }
  if (version_flag || version_cmd->parsed()) return version_command(common);
  if (run_cmd->parsed()) return run_command(common, run);
  if (demo_cmd->parsed()) return demo_command(common, demo);
  if (simulate_cmd->parsed()) return simulate_command(common, simulate);
  if (import_cmd->parsed()) return import_command(common, import);
  if (query_cmd->parsed()) return query_command(common, query);
  if (explain_cmd->parsed()) return explain_command(common, explain);
  if (topology_cmd->parsed()) return topology_command(common, topology_since);
  if (backtest_cmd->parsed()) return backtest_command(common, backtest);
  if (check_cmd->parsed()) return check_command(common, print_config);
  if (incidents_list->parsed()) return incidents_list_command(common, incident_state, incident_limit);
  if (analyze_cmd->parsed()) return analyze_command(common, analyze);
  if (incidents_show->parsed() && (show_analysis || show_sent))
    return incidents_analysis_command(common, incident_id, show_sent);
  if (incidents_show->parsed()) return incidents_show_command(common, incident_id);
  for (const auto& [cmd, verb] : incident_actions) {
    if (!cmd->parsed()) continue;
    act.verb = verb;
    return incident_action_command(common, act);
  }
  if (silences_add->parsed()) return silences_add_command(common, silence);
  if (silences_list->parsed()) return silences_list_command(common, all_silences);
  if (silences_expire->parsed()) return silences_expire_command(common, silence_id);
  if (outbox_list->parsed()) return outbox_list_command(common, all_messages);
  if (outbox_retry->parsed()) return outbox_action_command(common, "retry", message_id);
  if (outbox_drop->parsed()) return outbox_action_command(common, "drop", message_id);
  if (notify_explain->parsed()) return notify_explain_command(common, act.id);
  if (runbooks_list->parsed()) return runbooks_list_command(common);
  if (runbooks_search->parsed()) return runbooks_search_command(common, join(runbook_words, " "));
  if (runbooks_import->parsed()) return runbooks_import_command(common, runbook_files);
  if (runbooks_export->parsed()) return runbooks_export_command(common, markdown);

  if (positional.empty() && common.config_path.empty() && !std::filesystem::exists("config.yaml")) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  }
  if (!positional.empty()) {
    // As the original: the only argument is the configuration. A word that is no file was meant as a command.
    if (!std::filesystem::exists(positional)) {
      const auto near = nearest(positional, kCommands);
      std::fprintf(
          stderr, "sentinelops: '%s' is no command and no file%s\n", positional.c_str(),
          near ? ("; did you mean `sentinelops " + *near + "`?").c_str() : "; see sentinelops --help");
      return 2;
    }
    common.config_path = positional;
  }
  return run_command(common, run);
}

}  // namespace sentinel::app
