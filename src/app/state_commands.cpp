// Commands over what the product remembers. They read beside a running service.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/cluster_check.hpp"
#include "app/service.hpp"
#include "app/session.hpp"
#include "app/text_file.hpp"
#include "base/text.hpp"
#include "model/json.hpp"
#include "runbooks/runbooks.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "telemetry/embedded/folder_lock.hpp"

namespace sentinel::app {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }
void print(const nlohmann::json& json) {
  print(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

int version_command(const CommonOptions& common) {
  if (common.json) {
    print(nlohmann::json{{"name", "sentinelops"}, {"version", SENTINEL_VERSION}});
  } else {
    print(std::string("sentinelops ") + SENTINEL_VERSION + "\n");
  }
  return 0;
}

int check_command(const CommonOptions& common, bool print_effective) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  if (print_effective) {
    print(print_config(session->config));
    return 0;
  }
  struct Row {
    std::string what;
    bool fine;
    std::string text;
  };
  std::vector<Row> rows;
  rows.push_back({"configuration", true,
                  common.config_path.empty() ? "defaults and ./config.yaml" : common.config_path});
  if (session->config.telemetry.store == "embedded") {
    const std::string& folder = session->config.telemetry.data_dir;
    if (const auto owner = telemetry::owner_of(folder)) {
      rows.push_back(
          {"data folder", true, fmt::format("{} is served by pid {} {}", folder, owner->pid, owner->url)});
    } else if (auto lock = telemetry::FolderLock::take(folder)) {
      rows.push_back({"data folder", true, fmt::format("{} can be written", folder)});
      const bool exists = std::filesystem::exists(state_path(session->config));
      const auto state = exists
                             ? state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead)
                             : Result<std::unique_ptr<state::StateStore>>(nullptr);
      rows.push_back(
          {"state store", state.has_value(),
           state ? (exists ? "readable" : "will be made at the first start") : state.error().text()});
    } else {
      rows.push_back({"data folder", false, lock.error().text()});
    }
  } else {
    for (auto& found : check_cluster(session->config, session->environment, session->clock, session->log()))
      rows.push_back({std::move(found.what), found.fine, std::move(found.text)});
  }
  const auto address = parse_listen(session->config.server.listen);
  const bool open_address = address && !address->host.starts_with("127.") && address->host != "::1";
  const bool token = session->environment.has("SENTINELOPS_SERVER_TOKEN");
  rows.push_back({"server", !open_address || token,
                  open_address && !token ? session->config.server.listen + " needs SENTINELOPS_SERVER_TOKEN"
                                         : session->config.server.listen});
  bool fine = true;
  for (const Row& row : rows) fine = fine && row.fine;
  if (common.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const Row& row : rows) list.push_back({{"check", row.what}, {"ok", row.fine}, {"detail", row.text}});
    print(nlohmann::json{{"ok", fine}, {"checks", list}});
  } else {
    std::vector<std::vector<std::string>> cells = {{"check", "", "detail"}};
    for (const Row& row : rows) cells.push_back({row.what, row.fine ? "ok" : "FAILED", row.text});
    print(table(cells, session->style));
  }
  return fine ? 0 : 1;
}

int incidents_list_command(const CommonOptions& common, const std::string& word, std::size_t limit) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  state::IncidentQuery query{.limit = limit};
  if (word == "active") {
    query.active_only = true;
  } else if (!word.empty()) {
    query.state = model::parse_incident_state(word);
    if (!query.state) {
      std::fprintf(stderr,
                   "sentinelops: --state '%s' is not known; use open, acknowledged, resolved or active\n",
                   word.c_str());
      return 2;
    }
  }
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  const auto page = (*state)->incidents(query);
  if (!page) return report(page.error());
  if (common.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& incident : page->incidents) list.push_back(model::to_json(incident));
    print(nlohmann::json{{"total", page->total}, {"incidents", list}});
    return 0;
  }
  if (page->incidents.empty()) {
    print(std::string("no incidents\n"));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {{"ID", "SEV", "STATE", "SINCE (UTC)", "CAUSE", "AFFECTED"}};
  for (const auto& incident : page->incidents) {
    std::vector<std::string> others(incident.services.begin() + (incident.services.empty() ? 0 : 1),
                                    incident.services.end());
    rows.push_back({incident.id, std::string(model::to_string(incident.severity)),
                    std::string(model::to_string(incident.state)), format_human(incident.onset),
                    incident.services.empty() ? "-" : incident.services.front(), join(others, ", ")});
  }
  print(table(rows, session->style));
  return 0;
}

int incidents_show_command(const CommonOptions& common, const std::string& id) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  std::optional<model::Incident> incident;
  if (id == "latest") {
    const auto page = (*state)->incidents({.limit = 1});
    if (!page) return report(page.error());
    if (!page->incidents.empty()) incident = page->incidents.front();
  } else {
    auto found = (*state)->incident(id);
    if (!found) return report(found.error());
    incident = std::move(*found);
  }
  if (!incident) {
    std::fprintf(stderr, "sentinelops: incident %s not found; `sentinelops incidents list` shows all\n",
                 id.c_str());
    return 1;
  }
  const auto history = (*state)->timeline(incident->id);
  if (!history) return report(history.error());
  if (common.json) {
    nlohmann::json json = model::to_json(*incident);
    json["timeline"] = nlohmann::json::array();
    for (const auto& event : *history) json["timeline"].push_back(model::to_json(event));
    print(json);
  } else {
    print(incident_card(*incident, session->style));
    print(timeline_text(*history, session->style));
  }
  return 0;
}

int runbooks_list_command(const CommonOptions& common) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  // Before the first start there is no store: what would be in it is the seed.
  std::vector<model::Runbook> all = runbooks::seed();
  if (std::filesystem::exists(state_path(session->config))) {
    const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
    if (!state) return report(state.error());
    auto stored = (*state)->runbooks();
    if (!stored) return report(stored.error());
    all = std::move(*stored);
  }
  if (common.json) {
    print(runbooks::to_json_text(all));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {{"ID", "TITLE", "SERVICES", "TAGS"}};
  for (const auto& runbook : all)
    rows.push_back({runbook.id, one_line(runbook.title, 60),
                    one_line(join(runbook.services_affected, ", "), 60),
                    one_line(join(runbook.tags, ", "), 60)});
  print(table(rows, session->style));
  return 0;
}

int runbooks_search_command(const CommonOptions& common, const std::string& words) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  state::RunbookQuery query{.text = words, .limit = 10};
  for (const auto word : split(words, ' ')) {
    query.services.emplace_back(word);
    query.tags.emplace_back(word);
  }
  const auto matches = (*state)->search_runbooks(query);
  if (!matches) return report(matches.error());
  if (common.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& match : *matches) list.push_back(model::to_json(match));
    print(list);
    return 0;
  }
  if (matches->empty()) print(std::string("no runbook matches\n"));
  for (const auto& match : *matches) {
    print(fmt::format(
        "{}  {}\n  {}\n", session->style.bold(one_line(match.runbook.title)),
        session->style.dim(one_line(fmt::format("{:.1f}: {}", match.score, join(match.reasons, "; ")))),
        one_line(match.runbook.root_cause, 2000)));
    int number = 0;
    for (const auto& step : match.runbook.resolution_steps)
      print(fmt::format("  {}. {}\n", ++number, one_line(step, 2000)));
    print(std::string("\n"));
  }
  return 0;
}

int runbooks_import_command(const CommonOptions& common, const std::vector<std::string>& files) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  std::error_code error;
  std::filesystem::create_directories(session->config.telemetry.data_dir, error);
  const auto state = state::open_sqlite_state(state_path(session->config));
  if (!state) return report(state.error());
  int put = 0;
  for (const auto& path : files) {
    constexpr std::size_t kMost = 64ULL << 20;
    const auto text = read_text_file(path, kMost);
    if (!text) return report(text.error());
    const bool markdown = path.ends_with(".md") || trim(*text).starts_with('#');
    const auto read = markdown ? runbooks::from_markdown(*text) : runbooks::from_json_text(*text);
    if (!read) return report(Error(read.error()).in(path));
    for (const auto& runbook : *read) {
      if (const auto done = (*state)->put_runbook(runbook); !done) return report(done.error());
      ++put;
    }
  }
  print(fmt::format("{} runbook{} imported\n", put, put == 1 ? "" : "s"));
  return 0;
}

int runbooks_export_command(const CommonOptions& common, bool markdown) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  const auto all = (*state)->runbooks();
  if (!all) return report(all.error());
  print(markdown ? runbooks::to_markdown(*all) : runbooks::to_json_text(*all));
  return 0;
}

}  // namespace sentinel::app
