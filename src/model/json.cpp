#include "model/json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace sentinel::model {
namespace {

using nlohmann::json;

// Byte (from 1) of the first bracket that opens more than `limit` levels; 0 when there is none. Brackets in
// strings do not count. Broken text may be miscounted: the parser refuses it anyway.
std::size_t too_deep_at(std::string_view text, int limit) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return i + 1;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return 0;
}

// The fields that a shipper sent along: an object for whoever reads the API (their order and spacing are not
// kept), the plain text where they are no object or nest too deep to be read again.
json fields_json(const std::string& extra) {
  constexpr int kMaxDepth = 32;  // the event itself lies a few levels deep in what is stored
  if (too_deep_at(extra, kMaxDepth) != 0) return extra;
  json fields = json::parse(extra, nullptr, false);
  if (!fields.is_object()) return extra;
  return fields;
}

template <class T>
json list_of(const std::vector<T>& items) {
  json list = json::array();
  for (const T& item : items) list.push_back(to_json(item));
  return list;
}

json range_json(const TimeRange& range) {
  return {{"from", format_rfc3339(range.from)}, {"to", format_rfc3339(range.to)}};
}

}  // namespace

json to_json(const Anomaly& a) {
  json j = {{"service", a.service},
            {"metric", a.metric},
            {"severity", to_string(a.severity)},
            {"z_score", a.score},
            {"current_value", a.observed},
            {"baseline_mean", a.expected},
            {"baseline_stddev", a.stddev},
            {"ratio", a.ratio},
            {"docs", a.docs},
            {"window", range_json(a.window)},
            {"horizon_seconds", seconds_of(a.horizon)},
            {"sentence", a.sentence},
            {"timestamp", format_rfc3339(a.at)},
            {"late", a.late}};
  if (a.easing) j["easing"] = true;
  if (a.band_low) j["band_low"] = *a.band_low;
  if (a.band_high) j["band_high"] = *a.band_high;
  if (!a.channel.empty()) j["channel"] = a.channel;
  return j;
}

json to_json(const LogEvent& e) {
  json j = {{"service", e.service},
            {"level", to_string(e.level)},
            {"message", e.message},
            {"timestamp", format_rfc3339(e.time)},
            {"trace_id", e.trace_id}};
  if (e.ingested != Time{}) j["ingested"] = format_rfc3339(e.ingested);
  if (!e.span_id.empty()) j["span_id"] = e.span_id;
  if (!e.parent_id.empty()) j["parent_id"] = e.parent_id;
  if (!e.peer.empty()) j["peer"] = e.peer;
  if (!e.host.empty()) j["host"] = e.host;
  if (!e.version.empty()) j["version"] = e.version;
  if (e.has_duration()) j["duration_ms"] = static_cast<double>(e.duration_ms);
  if (e.status_code != 0) j["status_code"] = e.status_code;
  if (e.span_kind != SpanKind::kNone) j["span_kind"] = to_string(e.span_kind);
  if (e.is_span) j["is_span"] = true;
  if (!e.extra.empty()) j["fields"] = fields_json(e.extra);
  return j;
}

json to_json(const Pattern& p) {
  json j = {{"id", p.id},
            {"text", p.text},
            {"level", to_string(p.level)},
            {"count", p.count},
            {"baseline_per_window", p.baseline_per_window},
            {"first_seen", format_rfc3339(p.first_seen)},
            {"last_seen", format_rfc3339(p.last_seen)},
            {"services", json::object()},
            {"example", p.example},
            {"change", to_string(p.change)}};
  for (const auto& [service, count] : p.services) j["services"][service] = count;
  return j;
}

json to_json(const Link& l) {
  return {{"caller", l.caller},
          {"callee", l.callee},
          {"source", to_string(l.source)},
          {"calls", l.calls},
          {"errors", l.errors},
          {"blame", l.blame},
          {"last_seen", format_rfc3339(l.last_seen)}};
}

json to_json(const Evidence& e) {
  return {
      {"id", e.id}, {"kind", e.kind}, {"service", e.service}, {"sentence", e.sentence}, {"weight", e.weight}};
}

json to_json(const Cause& c) {
  return {{"service", c.service},
          {"probability", c.probability},
          {"score", c.score},
          {"onset", format_rfc3339(c.onset)},
          {"evidence", list_of(c.evidence)}};
}

json to_json(const Runbook& r) {
  return {{"id", r.id},
          {"title", r.title},
          {"incident_date", r.incident_date},
          {"services_affected", r.services_affected},
          {"root_cause", r.root_cause},
          {"resolution_steps", r.resolution_steps},
          {"tags", r.tags}};
}

json to_json(const RunbookMatch& m) {
  json j = to_json(m.runbook);
  j["score"] = m.score;
  j["reasons"] = m.reasons;
  return j;
}

json to_json(const Analysis& a) {
  json j = {{"root_cause", a.root_cause},
            {"confidence", to_string(a.confidence)},
            {"remediation_steps", a.remediation_steps},
            {"affected_services", a.affected_services},
            {"summary", a.summary},
            {"source", a.source}};
  if (!a.note.empty()) j["note"] = a.note;
  if (!a.model_note.empty()) j["model_note"] = a.model_note;
  for (const auto& claim : a.claims) {
    json evidence = json::array();
    for (const auto& citation : claim.citations)
      evidence.push_back({{"id", citation.id}, {"text", citation.text}});
    j["claims"].push_back({{"text", claim.text},
                           {"evidence", std::move(evidence)},
                           {"verified", claim.is_verified()},
                           {"problems", claim.problems}});
  }
  return j;
}

json to_json(const Incident& i) {
  json j = {{"id", i.id},
            {"title", i.title},
            {"severity", to_string(i.severity)},
            {"state", to_string(i.state)},
            {"created_at", format_rfc3339(i.created_at)},
            {"updated_at", format_rfc3339(i.updated_at)},
            {"onset", format_rfc3339(i.onset)},
            {"last_bad_at", format_rfc3339(i.last_bad_at)},
            {"dedup_key", i.dedup_key},
            {"services", i.services},
            {"anomaly_count", i.anomalies.size()},
            {"has_analysis", i.analysis.has_value()},
            {"anomalies", list_of(i.anomalies)},
            {"causes", list_of(i.causes)},
            {"links", list_of(i.links)},
            {"patterns", list_of(i.patterns)},
            {"correlated_events", list_of(i.events)},
            {"matched_runbooks", list_of(i.runbooks)},
            {"suppressed", i.suppressed},
            {"reopened", i.reopened}};
  if (i.resolved_at) j["resolved_at"] = format_rfc3339(*i.resolved_at);
  if (i.relapsed_at) j["relapsed_at"] = format_rfc3339(*i.relapsed_at);
  if (i.stirred_at) j["stirred_at"] = format_rfc3339(*i.stirred_at);
  if (!i.acknowledged_by.empty()) j["acknowledged_by"] = i.acknowledged_by;
  if (!i.merged_into.empty()) j["merged_into"] = i.merged_into;
  if (i.flapping) j["flapping"] = true;
  if (!i.silenced_by.empty()) j["silenced_by"] = i.silenced_by;
  if (i.unattended_since) j["unattended_since"] = format_rfc3339(*i.unattended_since);
  if (!i.merge_suggestion.empty()) j["merge_suggestion"] = i.merge_suggestion;
  if (!i.apart.empty()) j["apart"] = i.apart;
  if (i.analysis) {
    j["analysis"] = to_json(*i.analysis);
    j["root_cause"] = i.analysis->root_cause;
    j["confidence"] = to_string(i.analysis->confidence);
  }
  if (i.deterministic) j["deterministic_analysis"] = to_json(*i.deterministic);
  return j;
}

json to_json(const IncidentEvent& e) {
  json j = {{"incident_id", e.incident_id},
            {"number", e.number},
            {"at", format_rfc3339(e.at)},
            {"kind", e.kind},
            {"actor", e.actor},
            {"text", e.text}};
  if (!e.data.empty()) {
    json data = json::parse(e.data, nullptr, false);
    j["data"] = data.is_discarded() ? json(e.data) : std::move(data);
  }
  return j;
}

Result<json> parse_json(std::string_view text) {
  // Told before parsing: values that nest without end exhaust the stack of whoever walks them later.
  constexpr int kMaxDepth = 100;
  if (const std::size_t byte = too_deep_at(text, kMaxDepth); byte != 0) {
    return fail(ErrorKind::kInvalid,
                fmt::format("no JSON: byte {}: nested deeper than {} levels", byte, kMaxDepth));
  }
  try {
    return json::parse(text.begin(), text.end());
  } catch (const json::parse_error& error) {
    return fail(ErrorKind::kInvalid,
                fmt::format("no JSON: byte {}: {}", error.byte, one_line(error.what(), 160)));
  } catch (const json::exception& error) {
    return fail(ErrorKind::kInvalid, fmt::format("no JSON: {}", one_line(error.what(), 160)));
  }
}

}  // namespace sentinel::model
