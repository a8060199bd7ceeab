// Commands about the analysis of an incident: what would be sent, what was sent, one question by hand.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/analysis/setup.hpp"
#include "app/service.hpp"
#include "app/session.hpp"
#include "app/signals.hpp"
#include "base/text.hpp"
#include "model/json.hpp"
#include "state/sqlite/sqlite_state.hpp"

namespace sentinel::app {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }
void print(const nlohmann::json& json) {
  print(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Result<model::Incident> find_incident(state::StateStore& state, const std::string& id) {
  if (id == "latest") {
    SENTINEL_ASSIGN(auto page, state.incidents({.limit = 1}));
    if (page.incidents.empty()) return fail(ErrorKind::kNotFound, "no incidents");
    return std::move(page.incidents.front());
  }
  SENTINEL_ASSIGN(auto found, state.incident(id));
  if (!found)
    return fail(
        ErrorKind::kNotFound,
        fmt::format("incident {} not found; `sentinelops incidents list` shows all", one_line(id, 80)));
  return std::move(*found);
}

nlohmann::json record_json(const model::AnalysisRecord& r, bool bodies) {
  nlohmann::json j = {{"id", r.id},
                      {"incident_id", r.incident_id},
                      {"asked_at", format_rfc3339(r.asked_at)},
                      {"provider", r.provider},
                      {"model", r.model},
                      {"outcome", r.outcome},
                      {"input_tokens", r.input_tokens},
                      {"cache_write_tokens", r.cache_write_tokens},
                      {"cache_read_tokens", r.cache_read_tokens},
                      {"output_tokens", r.output_tokens},
                      {"estimated_usd", r.estimated_usd},
                      {"usd", r.usd},
                      {"note", r.note}};
  if (r.answered_at) j["answered_at"] = format_rfc3339(*r.answered_at);
  if (bodies) {
    j["sent"] = r.sent;
    j["received"] = r.received;
  }
  return j;
}

}  // namespace

int incidents_analysis_command(const CommonOptions& common, const std::string& id, bool sent) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  const auto state = state::open_sqlite_state(state_path(session->config), state::OpenMode::kRead);
  if (!state) return report(state.error());
  const auto incident = find_incident(**state, id);
  if (!incident) return report(incident.error());
  const auto records = (*state)->analyses({.incident_id = incident->id, .bodies = sent});
  if (!records) return report(records.error());
  if (common.json) {
    nlohmann::json json = {{"incident_id", incident->id}, {"questions", nlohmann::json::array()}};
    if (incident->analysis) json["analysis"] = model::to_json(*incident->analysis);
    if (incident->deterministic) json["deterministic_analysis"] = model::to_json(*incident->deterministic);
    for (const auto& r : *records) json["questions"].push_back(record_json(r, sent));
    print(json);
    return 0;
  }
  const Style& style = session->style;
  print(analysis_text(*incident, style));
  if (records->empty()) print(std::string("\n  nothing was sent to a model about this incident\n"));
  double usd = 0;
  for (const auto& r : *records) {
    usd += r.usd;
    print(fmt::format(
        "\n  {} {} {} {}{}\n    {} tokens in ({} from the cache), {} out, ${:.4f} (at most ${:.4f} "
        "estimated)\n",
        format_human(r.asked_at), style.bold(r.outcome), one_line(r.model, 60), r.id,
        r.note.empty() ? "" : ": " + one_line(r.note, 240),
        r.input_tokens + r.cache_read_tokens + r.cache_write_tokens, r.cache_read_tokens, r.output_tokens,
        r.usd, r.estimated_usd));
    if (!sent) continue;
    print("    " + style.bold("sent") + fmt::format(" ({} bytes)\n", r.sent.size()) + to_valid_utf8(r.sent) +
          "\n");
    print("    " + style.bold("received") + fmt::format(" ({} bytes)\n", r.received.size()) +
          to_valid_utf8(r.received) + "\n");
  }
  if (!records->empty()) print(fmt::format("\n  ${:.4f} in all\n", usd));
  if (!records->empty() && !sent) print(std::string("  `--sent` shows exactly what was sent and received\n"));
  return 0;
}

int analyze_command(const CommonOptions& common, const AnalyzeOptions& options) {
  const auto session = open_session(common, true);
  if (!session) return 2;
  auto settings = analyst_settings(session->config, session->environment);
  if (!options.dry_run) {
    if (const auto why = no_model_because(session->config, session->environment); !why.empty()) {
      std::fprintf(stderr, "sentinelops: nothing can be sent: %s\n", why.c_str());
      return 1;
    }
  }
  // The records of what is sent are written beside a running service; a dry run only reads.
  const auto state = state::open_sqlite_state(
      state_path(session->config), options.dry_run ? state::OpenMode::kRead : state::OpenMode::kOwn);
  if (!state) return report(state.error());
  const auto incident = find_incident(**state, options.incident);
  if (!incident) return report(incident.error());
  if (options.dry_run) {
    // Before the first start there is no key yet: another one only changes the placeholders' digits.
    const auto key = (*state)->blob("analysis_key");
    settings.question.redaction.key = key && *key ? **key : random_hex(32);
  } else {
    auto key = redaction_key(**state);
    if (!key) return report(key.error());
    settings.question.redaction.key = std::move(*key);
  }
  const auto& model = settings.question.model;
  auto question = analyze::make_question(*incident, std::nullopt, settings.question, model, random_hex(6));
  if (!question) return report(question.error());
  const Time now = session->clock.now();
  if (const auto warning = analyze::model_warning(model, now))
    std::fprintf(stderr, "sentinelops: %s\n", warning->c_str());
  if (options.dry_run) {
    if (common.json) {
      nlohmann::json request = nlohmann::json::parse(question->body, nullptr, false);
      print(nlohmann::json{{"request", std::move(request)},
                           {"input_tokens", question->input_tokens},
                           {"expected_usd", question->expected_usd},
                           {"most_usd", question->most_usd},
                           {"replaced", question->redactor.replaced()},
                           {"dropped", question->context.dropped}});
      return 0;
    }
    print(question->body + "\n");
    const auto& dropped = question->context.dropped;
    std::fprintf(
        stderr,
        "\nnot sent: about %lld input tokens for %s, $%.4f expected, $%.4f at most; %zu values replaced by "
        "placeholders%s%s\n",
        static_cast<long long>(question->input_tokens), model.c_str(), question->expected_usd,
        question->most_usd, question->redactor.replaced(),
        dropped.empty() ? "" : "; left out for length: ", join(dropped, ", ").c_str());
    return 0;
  }
  StopSignals signals;
  state::Change before;
  before.analyses.push_back(record_of(*question, *incident, settings.api.provider, now));
  if (const auto kept = (*state)->commit(before); !kept) return report(kept.error());
  const auto transport = net::make_curl_transport({.user_agent = "sentinelops"});
  const Asked asked =
      ask_about(*question, before.analyses.front(), *transport, settings, session->clock, signals.token());
  state::Change after;
  after.analyses.push_back(asked.record);
  if (const auto kept = (*state)->commit(after); !kept) return report(kept.error());
  if (!asked.analysis) {
    std::fprintf(stderr, "sentinelops: no answer: %s\n", asked.record.note.c_str());
    return 1;
  }
  // The engine alone writes incidents: the answer is shown, and recorded, but not attached.
  model::Incident shown = *incident;
  if (shown.analysis && shown.analysis->source == "deterministic") shown.deterministic = shown.analysis;
  shown.analysis = asked.analysis;
  if (common.json) {
    print(nlohmann::json{{"analysis", model::to_json(*asked.analysis)},
                         {"question", record_json(asked.record, false)}});
  } else {
    print(analysis_text(shown, session->style));
    print(fmt::format(
        "\n  {} tokens in, {} out, ${:.4f}\n",
        asked.record.input_tokens + asked.record.cache_read_tokens + asked.record.cache_write_tokens,
        asked.record.output_tokens, asked.record.usd));
  }
  return 0;
}

}  // namespace sentinel::app
