// Silences: list, add, end, preview, and the quick one from an incident.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/body.hpp"
#include "api/context.hpp"
#include "api/parameters.hpp"
#include "api/views.hpp"
#include "base/text.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

Result<std::optional<Time>> time_field(const Body& body, const char* name, Time now) {
  SENTINEL_ASSIGN(const auto text, body.text(name, 40));
  net::Request as_parameter;
  as_parameter.query.emplace_back(name, text);
  return time_parameter(as_parameter, name, now);
}

std::string who_of(const Call& call, const std::string& told) {
  const std::string name = one_line(trim(told), 100);
  return call.caller.named || name.empty() ? call.caller.user : name;
}

Result<std::optional<model::Recurrence>> read_recurrence(const Body& body) {
  const auto found = body.object().find("recurrence");
  if (found == body.object().end() || found->is_null()) return std::optional<model::Recurrence>();
  const auto text = [&](const char* name, const char* fallback) {
    const auto at = found->find(name);
    return at != found->end() && at->is_string() ? at->get<std::string>() : std::string(fallback);
  };
  const auto length = found->is_object() ? found->find("minutes") : found->end();
  if (!found->is_object() || length == found->end() || !length->is_number_integer() || *length < 1 ||
      *length > 10'080) {
    return fail(ErrorKind::kInvalid,
                "field recurrence: must be {rule, minutes, zone}, with minutes from 1 to 10080");
  }
  model::Recurrence recurrence{text("rule", ""), minutes(length->get<std::int64_t>()), text("zone", "UTC")};
  SENTINEL_TRY(model::check(recurrence));
  return std::optional(std::move(recurrence));
}

// NewSilence of the document. `dated`: without an end it is refused.
Result<model::Silence> read_silence(const Call& call, bool dated) {
  SENTINEL_ASSIGN(const auto body, Body::read(call.request));
  model::Silence silence;
  SENTINEL_ASSIGN(silence.service, body.text("service", 500, 1, "*"));
  SENTINEL_ASSIGN(silence.metric, body.text("metric", 200, 1, "*"));
  SENTINEL_ASSIGN(const auto severities, body.texts("severities", 4, 10));
  for (const auto& word : severities) {
    const auto severity = model::parse_severity(word);
    if (!severity) return fail(ErrorKind::kInvalid, "field severities: use P1, P2, P3 and P4");
    silence.severities.push_back(*severity);
  }
  SENTINEL_ASSIGN(silence.reason, body.required_text("reason", 2000));
  SENTINEL_ASSIGN(const auto told, body.text("who", 100));
  silence.author = who_of(call, told);
  SENTINEL_ASSIGN(const auto starts, time_field(body, "starts_at", call.now));
  silence.starts_at = starts.value_or(call.now);
  SENTINEL_ASSIGN(const auto length, body.integer("minutes", 1, 525'600));
  SENTINEL_ASSIGN(const auto ends, time_field(body, "ends_at", call.now));
  if (length && ends) return fail(ErrorKind::kInvalid, "give ends_at or minutes, not both");
  if (!length && !ends && dated) return fail(ErrorKind::kInvalid, "field ends_at or minutes is missing");
  silence.ends_at = length ? silence.starts_at + minutes(*length)
                    : ends ? *ends
                           : silence.starts_at + minutes(60);
  if (silence.ends_at <= silence.starts_at)
    return fail(ErrorKind::kInvalid, "field ends_at: must be after the start");
  SENTINEL_ASSIGN(silence.pattern, body.text("pattern", 1000));
  SENTINEL_ASSIGN(silence.recurrence, read_recurrence(body));
  return silence;
}

Result<json> preview(Context& context, const Call& call) {
  SENTINEL_ASSIGN(const auto silence, read_silence(call, false));
  const model::TimeRange week{call.now - hours(7 * 24), call.now};
  SENTINEL_ASSIGN(const auto page, context.state.incidents({.created_from = week.from, .limit = 10'000}));
  // Whatever its times: the question is what it matches.
  model::Silence always = silence;
  always.starts_at = Time::min();
  always.ends_at = Time::max();
  always.recurrence.reset();
  json matches = json::array();
  int muted = 0;
  int touched = 0;
  for (const auto& incident : page.incidents) {
    std::vector<const model::Anomaly*> hit;
    for (const auto& anomaly : incident.anomalies) {
      if (always.matches(anomaly, call.now, incident.patterns)) hit.push_back(&anomaly);
    }
    if (hit.empty()) continue;
    const bool whole = hit.size() == incident.anomalies.size();
    ++touched;
    muted += whole ? 1 : 0;
    for (const auto* anomaly : hit) {
      if (matches.size() >= 1000) break;
      matches.push_back({{"incident_id", incident.id},
                         {"title", incident.title},
                         {"severity", model::to_string(anomaly->severity)},
                         {"service", anomaly->service},
                         {"metric", anomaly->metric},
                         {"at", format_rfc3339(anomaly->at)},
                         {"whole", whole}});
    }
  }
  return json{{"from", format_rfc3339(week.from)},
              {"to", format_rfc3339(week.to)},
              {"incidents_muted", muted},
              {"incidents_touched", touched},
              {"matches", std::move(matches)}};
}

Result<json> list(Context& context, const Call& call) {
  SENTINEL_ASSIGN(const bool active, flag_parameter(call.request, "active", false));
  SENTINEL_ASSIGN(const auto silences, context.state.silences());
  json rows = json::array();
  for (const auto& silence : silences) {
    if (!active || silence.covers(call.now)) rows.push_back(silence_row(silence, call.now));
  }
  return json{{"silences", std::move(rows)}};
}

json told(Context& context, const model::Silence& silence, Time now) {
  context.rendered.changed();
  context.feed.publish("silence", dump({{"id", silence.id}}));
  return silence_row(silence, now);
}

Result<json> put(Context& context, const model::Silence& silence, Time now) {
  SENTINEL_ASSIGN(const auto kept, context.engine.put_silence(silence, now));
  return told(context, kept, now);
}

Result<json> add(Context& context, const Call& call) {
  SENTINEL_ASSIGN(const auto silence, read_silence(call, true));
  return put(context, silence, call.now);
}

Result<json> expire(Context& context, const Call& call) {
  SENTINEL_ASSIGN(const auto ended,
                  context.engine.expire_silence(call.request.captures.front(), call.caller.user, call.now));
  return told(context, ended, call.now);
}

Result<json> silence_incident(Context& context, const Call& call) {
  const std::string& id = call.request.captures.front();
  SENTINEL_ASSIGN(const auto body, Body::read(call.request));
  SENTINEL_ASSIGN(const auto length, body.integer("minutes", 1, 44'640));
  if (!length) return fail(ErrorKind::kInvalid, "field minutes is missing");
  SENTINEL_ASSIGN(auto services, body.texts("services", 1000, 500));
  SENTINEL_ASSIGN(const auto reason, body.text("reason", 2000));
  SENTINEL_ASSIGN(const auto told, body.text("who", 100));
  SENTINEL_ASSIGN(const auto incident, context.state.incident(id));
  if (!incident) return fail(ErrorKind::kNotFound, fmt::format("incident {} not found", one_line(id, 60)));
  if (services.empty()) services = incident->services;
  for (const auto& service : services) {
    if (std::find(incident->services.begin(), incident->services.end(), service) == incident->services.end())
      return fail(ErrorKind::kInvalid,
                  fmt::format("field services: '{}' is not in this incident", one_line(service, 60)));
  }
  json rows = json::array();
  for (const auto& service : services) {
    model::Silence silence;
    silence.service = service;
    silence.starts_at = call.now;
    silence.ends_at = call.now + minutes(*length);
    silence.author = who_of(call, told);
    silence.reason = reason.empty() ? "incident " + id : reason;
    SENTINEL_ASSIGN(auto row, put(context, silence, call.now));
    rows.push_back(std::move(row));
  }
  // The timeline tells who did it and why.
  SENTINEL_TRY(context.engine.comment(
      id, who_of(call, told),
      fmt::format("silenced {} for {}{}", join(services, ", "), format_duration(minutes(*length)),
                  reason.empty() ? "" : ": " + reason),
      call.now));
  return json{{"silences", std::move(rows)}};
}

}  // namespace

void add_silence_routes(Router& router, Context& context) {
  const auto answer = [](int status, const Result<json>& result) {
    return result ? json_answer(status, *result) : error_response(result.error());
  };
  router.get("/api/silences", [&context](const Call& call) {
    const auto result = list(context, call);
    return result ? tagged_answer(call.request, *result) : error_response(result.error());
  });
  router.write("POST", "/api/silences",
               [&context, answer](const Call& call) { return answer(201, add(context, call)); });
  router.post_read("/api/silences/preview",
                   [&context, answer](const Call& call) { return answer(200, preview(context, call)); });
  router.write("DELETE", "/api/silences/{id}",
               [&context, answer](const Call& call) { return answer(200, expire(context, call)); });
  router.write("POST", "/api/incidents/{id}/silence",
               [&context, answer](const Call& call) { return answer(201, silence_incident(context, call)); });
}

}  // namespace sentinel::api
