// Commands that change incidents, silences and the outbox. Incidents belong to the running service: it is
// asked through its API; without one the engine's commands run here. Silences and the outbox are shared
// through the state store, which both may write.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "app/notifier.hpp"
#include "app/service.hpp"
#include "app/session.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"
#include "model/json.hpp"
#include "model/silence_json.hpp"
#include "net/client.hpp"
#include "notify/payload.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "telemetry/embedded/folder_lock.hpp"
#include "telemetry/replay/replay_store.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }
void print(const json& value) { print(value.dump(2, ' ', false, json::error_handler_t::replace) + "\n"); }

std::string whoever(const Session& session, const std::string& given) {
  if (!given.empty()) return given;
  for (const char* name : {"SENTINELOPS_USER", "USER", "LOGNAME"}) {
    if (session.environment.has(name)) return session.environment.get(name);
  }
  return "cli";
}

// The engine without a service: its commands need the state store only.
struct Alone {
  std::unique_ptr<state::StateStore> state;
  telemetry::ReplayStore telemetry{seconds(60)};
  NullMetrics metrics;
  std::unique_ptr<engine::Engine> engine;
};
Result<std::unique_ptr<Alone>> stand_alone(const Session& session) {
  auto alone = std::make_unique<Alone>();
  SENTINEL_ASSIGN(alone->state, state::open_sqlite_state(state_path(session.config)));
  auto settings = engine_settings(session.config);
  settings.channels = channel_policies(session.config, session.environment);
  alone->engine = std::make_unique<engine::Engine>(
      engine::Engine::Deps{alone->telemetry, *alone->state, session.log(), alone->metrics},
      std::move(settings));
  return alone;
}

Result<std::string> ask_service(const Session& session, const std::string& url, const json& body) {
  const auto transport = net::make_curl_transport({.verify = !url.starts_with("https://127.")});
  net::ClientRequest request;
  request.method = "POST";
  request.url = url;
  request.headers.set("Content-Type", "application/json");
  if (session.environment.has("SENTINELOPS_SERVER_TOKEN"))
    request.headers.set("Authorization", "Bearer " + session.environment.get("SENTINELOPS_SERVER_TOKEN"));
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  SENTINEL_ASSIGN(const auto answer, transport->send(request));
  const json reply = json::parse(answer.body, nullptr, false);
  if (answer.status >= 200 && answer.status < 300)
    return reply.is_object() && reply.contains("id") && reply["id"].is_string()
               ? reply["id"].get<std::string>()
               : "";
  const bool told = reply.is_object() && reply.contains("detail") && reply["detail"].is_string();
  return fail(answer.status == 404 ? ErrorKind::kNotFound : ErrorKind::kConflict,
              told ? reply["detail"].get<std::string>()
                   : fmt::format("the service at {} answered with status {}", url, answer.status));
}

Result<std::string> resolve_id(state::StateStore& state, const std::string& word) {
  if (word != "latest") return word;
  SENTINEL_ASSIGN(const auto page, state.incidents({.limit = 1}));
  if (page.incidents.empty()) return fail(ErrorKind::kNotFound, "there is no incident yet");
  return page.incidents.front().id;
}

constexpr const char* kStatus[] = {"pending", "delivered", "parked", "coalesced"};

std::string status_word(const state::OutboxRow& row) { return kStatus[static_cast<std::size_t>(row.status)]; }

json row_json(const state::OutboxRow& row) {
  json j = {{"id", row.id},
            {"channel", row.channel},
            {"incident_id", row.incident_id},
            {"status", status_word(row)},
            {"attempts", row.attempts},
            {"created_at", format_rfc3339(row.created_at)},
            {"due_at", format_rfc3339(row.due_at)}};
  if (const auto payload = notify::read_payload(row.payload)) j["kind"] = payload->event.kind;
  if (!row.last_error.empty()) j["last_error"] = row.last_error;
  return j;
}

std::string window_text(const model::Silence& silence, Time now) {
  const char* state = silence.ends_at <= now ? "expired" : silence.covers(now) ? "active" : "waiting";
  return state;
}

}  // namespace

int incident_action_command(const CommonOptions& common, const IncidentAction& action) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const std::string who = whoever(*session, action.who);
  const Time now = session->clock.now();
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  const auto id = resolve_id(**state, action.id);
  if (!id) return report(id.error());
  Result<std::string> changed = *id;
  const auto owner = telemetry::owner_of(session->config.telemetry.data_dir);
  if (owner && !owner->url.empty()) {
    json sent = {{"who", who}};
    if (action.verb == "comment") {
      sent["text"] = action.text;
    } else if (!action.text.empty()) {
      sent["why"] = action.text;
    }
    if (action.verb == "merge") sent["into"] = action.into;
    if (action.verb == "split") sent["services"] = action.services;
    changed =
        ask_service(*session, fmt::format("{}/api/incidents/{}/{}", owner->url, *id, action.verb), sent);
    if (changed && changed->empty()) changed = *id;
  } else {
    auto lock = telemetry::FolderLock::take(session->config.telemetry.data_dir);
    if (!lock) return report(lock.error());
    const auto alone = stand_alone(*session);
    if (!alone) return report(alone.error());
    auto& engine = *(*alone)->engine;
    const auto same = [&](const Result<void>& done) -> Result<std::string> {
      if (!done) return tl::unexpected<Error>(done.error());
      return *id;
    };
    if (action.verb == "acknowledge") changed = same(engine.acknowledge(*id, who, action.text, now));
    if (action.verb == "resolve") changed = same(engine.resolve(*id, who, action.text, now));
    if (action.verb == "reopen") changed = same(engine.reopen(*id, who, action.text, now));
    if (action.verb == "comment") changed = same(engine.comment(*id, who, action.text, now));
    if (action.verb == "undo") changed = same(engine.undo(*id, who, action.text, now));
    if (action.verb == "merge") changed = engine.merge(*id, action.into, who, action.text, now);
    if (action.verb == "split") changed = engine.split(*id, action.services, who, action.text, now);
  }
  if (!changed) return report(changed.error());
  const auto incident = (*state)->incident(*changed);
  if (!incident) return report(incident.error());
  if (!*incident) return report(Error{ErrorKind::kNotFound, "incident " + *changed + " not found", nullptr});
  const auto& i = **incident;
  if (common.json) {
    print(model::to_json(i));
  } else {
    print(fmt::format("{}  {}  {}  {}\n", session->style.bold(i.id), session->style.severity(i.severity),
                      model::to_string(i.state), one_line(i.title, 160)));
  }
  return 0;
}

int silences_add_command(const CommonOptions& common, const SilenceOptions& options) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto wrong = [](const std::string& text) {
    std::fprintf(stderr, "sentinelops: %s\n", text.c_str());
    return 2;
  };
  const Time now = session->clock.now();
  model::Silence silence;
  silence.service = options.service;
  silence.metric = options.metric;
  silence.pattern = options.pattern;
  silence.author = whoever(*session, options.author);
  silence.reason = options.reason;
  silence.starts_at = now;
  for (const auto& word : options.severities) {
    const auto severity = model::parse_severity(word);
    if (!severity) return wrong("--severity '" + one_line(word, 20) + "' is none; use P1, P2, P3 or P4");
    silence.severities.push_back(*severity);
  }
  if (!options.from.empty()) {
    const auto from = parse_rfc3339(options.from);
    if (!from) return wrong("--from must be a time such as 2026-03-01T02:00:00Z");
    silence.starts_at = *from;
  }
  const auto length = parse_duration(options.length);
  if (!length || *length <= Duration::zero()) return wrong("--for must be a stretch such as 30m, 2h or 3d");
  if (options.cron.empty()) {
    silence.ends_at = silence.starts_at + *length;
  } else {
    silence.recurrence = model::Recurrence{options.cron, *length, options.zone};
    silence.ends_at = silence.starts_at + hours(24 * 365);
  }
  if (!options.until.empty()) {
    const auto until = parse_rfc3339(options.until);
    if (!until) return wrong("--until must be a time such as 2026-03-01T02:00:00Z");
    silence.ends_at = *until;
  }
  const auto alone = stand_alone(*session);
  if (!alone) return report(alone.error());
  const auto put = (*alone)->engine->put_silence(silence, now);
  if (!put) {
    report(put.error());
    return put.error().kind == ErrorKind::kInvalid ? 2 : 1;
  }
  if (common.json) {
    print(model::to_json(*put));
  } else {
    print(fmt::format("silence {} until {} UTC\n", put->id, format_human(put->ends_at)));
  }
  return 0;
}

int silences_list_command(const CommonOptions& common, bool all) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  auto silences = (*state)->silences();
  if (!silences) return report(silences.error());
  const auto active = (*state)->incidents({.active_only = true, .limit = 1000});
  if (!active) return report(active.error());
  const Time now = session->clock.now();
  if (!all) std::erase_if(*silences, [&](const auto& s) { return s.ends_at <= now; });
  const auto hides = [&](const model::Silence& s) {
    return std::count_if(active->incidents.begin(), active->incidents.end(),
                         [&](const auto& i) { return i.silenced_by == s.id; });
  };
  if (common.json) {
    json list = json::array();
    for (const auto& silence : *silences) {
      list.push_back(model::to_json(silence));
      list.back()["status"] = window_text(silence, now);
      list.back()["hides"] = hides(silence);
    }
    print(json{{"silences", std::move(list)}});
    return 0;
  }
  if (silences->empty()) {
    print(std::string("no silences\n"));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"ID", "STATUS", "SERVICE", "METRIC", "SEV", "UNTIL (UTC)", "AGAIN", "HIDES", "AUTHOR", "REASON"}};
  for (const auto& s : *silences) {
    std::vector<std::string> severities;
    for (const auto severity : s.severities) severities.emplace_back(model::to_string(severity));
    rows.push_back({s.id, window_text(s, now), one_line(s.service, 40), one_line(s.metric, 30),
                    severities.empty() ? "all" : join(severities, ","), format_human(s.ends_at),
                    s.recurrence ? fmt::format("{} for {} {}", s.recurrence->rule,
                                               format_duration(s.recurrence->length), s.recurrence->zone)
                                 : "-",
                    std::to_string(hides(s)), one_line(s.author, 20), one_line(s.reason, 40)});
  }
  print(table(rows, session->style));
  return 0;
}

int silences_expire_command(const CommonOptions& common, const std::string& id) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto alone = stand_alone(*session);
  if (!alone) return report(alone.error());
  const auto ended = (*alone)->engine->expire_silence(id, whoever(*session, ""), session->clock.now());
  if (!ended) return report(ended.error());
  if (common.json) {
    print(model::to_json(*ended));
  } else {
    print(fmt::format("silence {} ended at {} UTC\n", ended->id, format_human(ended->ends_at)));
  }
  return 0;
}

int outbox_list_command(const CommonOptions& common, bool all) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  std::vector<state::OutboxRow> rows;
  using Status = state::OutboxRow::Status;
  const std::vector<std::optional<Status>> wanted =
      all ? std::vector<std::optional<Status>>{std::nullopt}
          : std::vector<std::optional<Status>>{Status::kParked, Status::kPending};
  for (const auto status : wanted) {
    auto some = (*state)->outbox(status, 10'000);
    if (!some) return report(some.error());
    rows.insert(rows.end(), some->begin(), some->end());
  }
  if (common.json) {
    json list = json::array();
    for (const auto& row : rows) list.push_back(row_json(row));
    print(json{{"messages", std::move(list)}});
    return 0;
  }
  if (rows.empty()) {
    print(std::string("nothing waits\n"));
    return 0;
  }
  std::vector<std::vector<std::string>> cells = {
      {"ID", "STATUS", "CHANNEL", "INCIDENT", "KIND", "TRIES", "DUE (UTC)", "WHY"}};
  for (const auto& row : rows) {
    const auto payload = notify::read_payload(row.payload);
    cells.push_back({std::to_string(row.id), status_word(row), row.channel, one_line(row.incident_id, 60),
                     payload ? payload->event.kind : "?", std::to_string(row.attempts),
                     format_human(row.due_at), one_line(row.last_error, 120)});
  }
  print(table(cells, session->style));
  return 0;
}

int outbox_action_command(const CommonOptions& common, const std::string& verb, std::int64_t id) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto alone = stand_alone(*session);
  if (!alone) return report(alone.error());
  const Time now = session->clock.now();
  const auto row = verb == "retry" ? (*alone)->engine->retry_message(id, now)
                                   : (*alone)->engine->drop_message(id, whoever(*session, ""), now);
  if (!row) return report(row.error());
  if (common.json) {
    print(row_json(*row));
  } else {
    print(fmt::format("message {} to {}: {}\n", row->id, row->channel,
                      verb == "retry" ? "is tried again" : "was dropped"));
  }
  return 0;
}

int notify_explain_command(const CommonOptions& common, const std::string& word) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  const auto id = resolve_id(**state, word);
  if (!id) return report(id.error());
  const auto incident = (*state)->incident(*id);
  if (!incident) return report(incident.error());
  if (!*incident) return report(Error{ErrorKind::kNotFound, "incident " + *id + " not found", nullptr});
  const auto timeline = (*state)->timeline(*id);
  if (!timeline) return report(timeline.error());
  const auto all = (*state)->outbox(std::nullopt, 1'000'000);
  if (!all) return report(all.error());
  const auto policies = channel_policies(session->config, session->environment);
  // What was written for each (time, kind, channel): facts, where there are any.
  std::map<std::tuple<std::int64_t, std::string, std::string>, const state::OutboxRow*> written;
  std::vector<std::pair<model::IncidentEvent, const state::OutboxRow*>> timed;
  for (const auto& row : *all) {
    if (row.incident_id != *id) continue;
    const auto payload = notify::read_payload(row.payload);
    if (!payload) continue;
    written[{micros(payload->event.at), payload->event.kind, row.channel}] = &row;
    if (payload->event.kind == "repeated" || payload->event.kind == "unattended")
      timed.emplace_back(payload->event, &row);
  }
  const auto fate = [](const state::OutboxRow& row) {
    std::string text = status_word(row);
    if (row.status == state::OutboxRow::Status::kPending)
      text += ", due " + format_human(row.due_at) + " UTC";
    if (!row.last_error.empty()) text += ": " + one_line(row.last_error, 160);
    return text;
  };
  json list = json::array();
  std::vector<std::vector<std::string>> cells = {{"TIME (UTC)", "EVENT", "CHANNEL", "WHAT BECAME OF IT"}};
  const auto add = [&](const model::IncidentEvent& event, const std::string& channel,
                       const std::string& text) {
    list.push_back(
        {{"at", format_rfc3339(event.at)}, {"kind", event.kind}, {"channel", channel}, {"fate", text}});
    cells.push_back({format_human(event.at), event.kind, channel, text});
  };
  model::Incident then = **incident;
  then.silenced_by.clear();
  for (std::size_t n = 0; n < timeline->size(); ++n) {
    const auto& event = (*timeline)[n];
    // A silence is noted right after the event of the same moment that it hides.
    for (const auto& later : *timeline) {
      if (later.at != event.at) continue;
      if (later.kind == "silenced") then.silenced_by = "silence";
      if (later.kind == "announced") then.silenced_by.clear();
    }
    for (const auto& policy : policies) {
      auto row = written.find({micros(event.at), event.kind, policy.name});
      if (row == written.end()) row = written.find({micros(event.at), "joined", policy.name});
      const auto verdict = notify::gate(then, event, policy, event.at);
      if (row != written.end()) {
        const bool waits =
            row->second->status == state::OutboxRow::Status::kPending && verdict.due > event.at;
        add(event, policy.name, fate(*row->second) + (waits ? ", held by " + verdict.held : ""));
      } else {
        add(event, policy.name,
            verdict.pass ? "no message is left: the channel was not set up then, or it is long ago"
                         : "held by " + verdict.held);
      }
    }
  }
  for (const auto& [event, row] : timed) add(event, row->channel, fate(*row));
  if (common.json) {
    print(json{{"incident", *id}, {"path", std::move(list)}});
    return 0;
  }
  if (policies.empty())
    print(std::string("no channel is set up: see docs/notifications.md for the variables of each\n"));
  print(table(cells, session->style));
  return 0;
}

}  // namespace sentinel::app
